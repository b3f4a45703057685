/** What is said and drawn of each task's answers: marks, choices, labels, numbers, figures, and what a question needs. */
import { describe, expect, it } from 'vitest';
import type { Metrics, PredictionDetail } from '../../../engine/spec/metrics.ts';
import type { ResultRow, ResultView } from '../../../main/contract/views.ts';
import { answerPieces, choiceLines, labelMarks, spanPieces, type DetailOf } from '../../../renderer/src/lib/detail.ts';
import { choiceWords, labelMarkWords, numberWords, pieceWords } from '../../../renderer/src/state/detail-words.ts';
import { decisionOf, goalOf, goalOptions, goalTitle, purposeWords } from '../../../renderer/src/state/goal-words.ts';
import {
  examplePrompts,
  isMarked,
  measureRows,
  metricTitle,
  numberPoints,
  resultLead,
  rowWords,
  scoreRows,
} from '../../../renderer/src/state/result-words.ts';
import { askedOfParts, askFields } from '../../../renderer/src/state/try-words.ts';
import { sampleDataset, sampleProject } from './support.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('marks', () => {
  it('cuts a text by code points and says what is right, missed, wrong and too much', () => {
    const text = '😀 Ann met Bob in Rome on Monday';
    const pieces = spanPieces(text, {
      expected: [
        { start: 2, end: 5, label: 'PERSON' },
        { start: 10, end: 13, label: 'PERSON' },
        { start: 17, end: 21, label: 'PLACE' },
      ],
      predicted: [
        { start: 2, end: 5, label: 'PERSON' },
        { start: 17, end: 21, label: 'PERSON' },
        { start: 25, end: 31, label: 'DATE' },
      ],
    });
    expect(pieces.map(({ text: piece }) => piece).join('')).toBe(text);
    expect(
      pieces.filter(({ mark }) => mark !== 'plain').map((piece) => [piece.text, piece.mark, pieceWords(piece)]),
    ).toEqual([
      ['Ann', 'right', 'PERSON'],
      ['Bob', 'missed', 'PERSON missed'],
      ['Rome', 'wrong', 'PERSON, should be PLACE'],
      ['Monday', 'extra', 'DATE, not yours'],
    ]);
  });

  it('leaves out places beyond the text', () => {
    expect(spanPieces('ab', { expected: [], predicted: [{ start: 1, end: 9, label: 'X' }] })).toEqual([
      { text: 'ab', mark: 'plain', predicted: '', expected: '' },
    ]);
  });

  it('marks an answer in its passage, and only what was found when asked by hand', () => {
    const detail: DetailOf<'answer'> = {
      kind: 'answer',
      question: 'Where?',
      context: 'In old Rome.',
      answers: [{ text: 'Rome', start: 7 }],
      predicted: { text: 'old Rome', start: 3, end: 11 },
    };
    expect(answerPieces(detail).map(({ text, mark }) => [text, mark])).toEqual([
      ['In ', 'plain'],
      ['old ', 'extra'],
      ['Rome', 'part'],
      ['.', 'plain'],
    ]);
    expect(answerPieces({ ...detail, answers: [] }, true).map(({ text, mark }) => [text, mark])).toEqual([
      ['In ', 'plain'],
      ['old Rome', 'found'],
      ['.', 'plain'],
    ]);
  });

  it('names labels, choices and numbers', () => {
    const labels: DetailOf<'labels'> = { kind: 'labels', text: 't', expected: ['a', 'b'], predicted: ['a', 'c'] };
    expect(labelMarks(labels).map((mark) => [mark.label, labelMarkWords(mark)])).toEqual([
      ['a', 'right'],
      ['c', 'not yours'],
      ['b', 'missed'],
    ]);
    const choice = { kind: 'choice', question: 'q', choices: ['x', 'y'], expected: 0, predicted: 1 } as const;
    const lines = choiceLines({ ...choice, scores: [0, Math.log(3)] });
    expect(lines.map((line) => [line.probability.toFixed(2), choiceWords(line, false).words])).toEqual([
      ['0.25', 'yours'],
      ['0.75', 'says this'],
    ]);
    const number = { kind: 'number', text: 't', expected: 4, predicted: 3.2 } as const;
    expect([numberWords(number, false), numberWords(number, true)]).toEqual(['says 3.2, yours 4: −0.8', '3.2']);
  });
});

const metrics: Metrics = {
  task: 'token-classification',
  metric: 'entity-f1',
  measuredOn: 'test',
  tuned: { score: 0.8, n: 40, values: { precision: 0.9, recall: 0.72, tagAccuracy: 0.95 } },
  baselines: { untrained: { score: 0.1, n: 40, values: { precision: 0.2 } }, majority: null },
  train: {
    steps: 1,
    rows: 1,
    tokens: 1,
    seconds: 1,
    peakMemoryBytes: 1,
    finalLoss: 1,
    precision: 'float32',
    device: 'cpu',
  },
};
const row = (detail: PredictionDetail): ResultRow => ({
  row: 3,
  text: 'shown',
  expected: '',
  tuned: '',
  untrained: '',
  pair: null,
  detail,
});
const view: ResultView = {
  metrics,
  verdict: { code: 'score.helped', data: {} },
  gain: { value: 0.7, interval: [0.6, 0.8] },
  confusion: null,
  numbers: null,
  fixed: [],
  broken: [],
  wrong: [],
  totals: { fixed: 30, broken: 2, wrong: 8, rows: 40 },
};

describe('scores', () => {
  it('stand beside those of the untrained model, other measures under their names', () => {
    expect(metricTitle(metrics)).toBe('Spans found (entity F1)');
    expect(scoreRows(metrics).map(({ label, words }) => [label, plain(words)])).toEqual([
      ['The model as it came', '10.0 %'],
      ['After training', '80.0 %'],
    ]);
    expect(measureRows(metrics).map(({ before, after }) => [plain(before), plain(after)])).toEqual([
      ['20.0 %', '90.0 %'],
      ['–', '72.0 %'],
      ['–', '95.0 %'],
    ]);
    expect(plain(resultLead(view))).toBe(
      'Measured on 40 rows it never saw. It came closer on 30 rows than untrained, and fell behind on 2. Row by row the difference is +70.0 points; with other rows of this kind it would most likely be between +60.0 points and +80.0 points.',
    );
  });

  it('draw true and predicted numbers on one round scale that holds them all', () => {
    const { points, range, ticks } = numberPoints([
      { expected: 0, predicted: 0.3 },
      { expected: 5, predicted: 5.6 },
    ]);
    expect(points).toHaveLength(2);
    expect(range[0]).toBeLessThanOrEqual(0);
    expect(range[1]).toBeGreaterThanOrEqual(5.6);
    expect(ticks.length).toBeGreaterThan(2);
  });

  it('have headings of their task', () => {
    const heads = (task: Metrics['task']) => rowWords({ ...view, metrics: { ...metrics, task } });
    expect([heads('translation').heads.expected, heads('chat').title, heads('token-classification').title]).toEqual([
      'Your translation',
      'What it answers',
      'Rows it changed',
    ]);
  });
});

describe('questions', () => {
  it('can be asked again from rows, with their passage or choices', () => {
    const answer = row({ kind: 'answer', question: 'Where?', context: 'Here.', answers: [], predicted: null });
    const choice = row({
      kind: 'choice',
      question: 'Which?',
      choices: ['a', 'b'],
      expected: 0,
      predicted: 1,
      scores: [0, 1],
    });
    expect(examplePrompts({ ...view, fixed: [answer], broken: [choice] })).toEqual([
      { prompt: 'Where?', context: 'Here.' },
      { prompt: 'Which?', choices: ['a', 'b'] },
    ]);
    expect([isMarked(answer), isMarked(row({ kind: 'text', source: 'a', target: 'b' }))]).toEqual([true, false]);
  });

  it('need what their task reads', () => {
    const passage = askFields('question-answering', null);
    const choices = askFields('multiple-choice', null);
    const pair = askFields('text-classification', { text: 'a', pair: 'b', label: 'c' });
    expect([
      askedOfParts(passage, { prompt: 'Where?' }),
      askedOfParts(passage, { prompt: 'Where?', context: 'Here.' }),
      askedOfParts(choices, { prompt: 'Which?', choices: 'a' }),
      askedOfParts(choices, { prompt: 'Which?', choices: ' a \n\nb' }),
      askedOfParts(pair, { prompt: 'one' }),
      askedOfParts(pair, { prompt: 'one', pair: 'two' }),
    ]).toEqual([
      null,
      { prompt: 'Where?', context: 'Here.' },
      null,
      { prompt: 'Which?', choices: ['a', 'b'] },
      null,
      { prompt: 'one', pair: 'two' },
    ]);
  });
});

describe('goals', () => {
  const { draft } = sampleProject();

  it('cover every task, and the kinds of labels', () => {
    expect(goalOptions(sampleDataset).map(({ label, note }) => [label, note ?? ''])).toEqual([
      ['Sort into categories', 'suits your columns'],
      ['Give several labels', ''],
      ['Predict a number', ''],
      ['Find spans: names, dates', ''],
      ['Answer from a passage', ''],
      ['Choose one of several answers', ''],
      ['Continue or write text', ''],
      ['Answer in a chat', ''],
      ['Translate', ''],
      ['Summarise', ''],
    ]);
  });

  it('change what the columns say of labels, and nothing where they already suit', () => {
    expect([decisionOf('number', sampleDataset), decisionOf('categories', sampleDataset)]).toEqual([
      { task: 'text-classification', columns: { text: 'text', label: 'topic', labels: 'number' } },
      { task: 'text-classification', columns: null },
    ]);
  });

  it('say what is learned, or which columns are missing', () => {
    const labelled = { ...draft, task: 'text-classification' } as const;
    const several = { ...sampleDataset, mapping: { text: 'text', label: 'topic', labels: 'many' } } as const;
    expect([
      goalOf(labelled, several),
      plain(goalTitle(labelled, sampleDataset)),
      goalTitle({ ...draft, task: 'translation' }, sampleDataset),
      purposeWords({ ...draft, task: 'summarization' }, null),
    ]).toEqual([
      'labels',
      'It will learn to sort texts into your two categories, from 100 rows.',
      'To translate, it needs a column with the texts and one with their translation.',
      'Summarises',
    ]);
  });
});
