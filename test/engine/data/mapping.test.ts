/** What a file is for is guessed from its columns. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guessMapping } from '../../../engine/data/mapping.ts';
import { readTable } from '../../../engine/data/read.ts';
import { taskNames, type Columns, type TaskName } from '../../../engine/spec/tasks.ts';
import { scratch, shared } from './files.ts';

const write = scratch();

/** Long texts differ from row to row, as texts do. */
function varied(value: unknown, index: number): unknown {
  return typeof value === 'string' && value.includes(' ') ? `${value} ${String(index)}` : value;
}

describe('guessMapping', () => {
  it.each([
    ['email-spam/train.csv', { task: 'text-classification', columns: { text: ['subject', 'body'], label: 'label' } }],
    ['home-intents/train.xlsx', { task: 'text-classification', columns: { text: 'text', label: 'intent' } }],
    ['home-intents/train.spans.jsonl', { task: 'text-classification', columns: { text: 'text', label: 'intent' } }],
    ['gloss-topics/train.csv', { task: 'text-classification', columns: { text: 'text', label: 'label' } }],
    ['chinese-levels/train.csv', { task: 'text-classification', columns: { text: 'text', label: 'level' } }],
    ['building-faq/train.csv', { task: 'chat', columns: { prompt: 'question', response: 'answer' } }],
    ['building-faq/train.sv.csv', { task: 'chat', columns: { prompt: 'fraga', response: 'svar' } }],
    ['building-faq/train.messages.jsonl', { task: 'chat', columns: { messages: 'messages' } }],
    ['building-faq/sample.sharegpt.json', { task: 'chat', columns: { messages: 'conversations' } }],
    [
      'building-faq/sample.alpaca.json',
      { task: 'chat', columns: { prompt: 'instruction + input', response: 'output' } },
    ],
    ['small-talk/train.csv', { task: 'chat', columns: { prompt: 'question', response: 'answer' } }],
    [
      'awkward/Kundenanfragen März 2024 (Kopie) – final_v2.csv',
      { task: 'text-classification', columns: { text: 'Anfrage', label: 'Thema' } },
    ],
    ['chinese-levels/test.csv', { task: 'text-classification', columns: { text: 'text', label: 'level' } }],
    [
      'command-similarity/train.csv',
      {
        task: 'text-classification',
        columns: { text: 'sentence1', pair: 'sentence2', label: 'score', labels: 'number' },
      },
    ],
    ['translation-sv-en/train.tsv', { task: 'translation', columns: { source: 'sv', target: 'en' } }],
    ['translation-zh-en/train.tsv', { task: 'translation', columns: { source: 'zh', target: 'en' } }],
    ['translation-en-fr/test.tsv', { task: 'translation', columns: { source: 'en', target: 'fr' } }],
    ['paper-summaries/train.csv', { task: 'summarization', columns: { text: 'text', summary: 'summary' } }],
    ['paper-summaries/train.aspects.csv', { task: 'summarization', columns: { text: 'text', summary: 'summary' } }],
    ['speech-entities/train.jsonl', { task: 'token-classification', columns: { text: 'text', spans: 'entities' } }],
    ['speech-entities/train.conll', { task: 'token-classification', columns: { words: 'words', tags: 'tags' } }],
    [
      'spell-questions/train.json',
      {
        task: 'question-answering',
        columns: { question: 'question', context: 'context', answers: 'answers' },
      },
    ],
    [
      'word-quiz/train.jsonl',
      { task: 'multiple-choice', columns: { question: 'question', choices: 'choices', answer: 'answer' } },
    ],
    [
      'word-quiz/test.csv',
      { task: 'multiple-choice', columns: { question: 'question', choices: ['A', 'B', 'C', 'D'], answer: 'answer' } },
    ],
    ['moby-dick/test.txt', { task: 'text-generation', columns: { text: 'text' } }],
  ])('reads %s', async (file, mapping) => {
    expect(guessMapping([await readTable(join(shared, file))], taskNames)).toEqual(mapping);
  });

  it('goes by what columns hold when their names say nothing', async () => {
    const rows = Array.from(
      { length: 30 },
      (_, index) =>
        `${String(index)},${index % 3 === 0 ? 'rot' : 'blau'},Dies ist der lange Satz Nummer ${String(index)} einer Liste`,
    );
    const table = await readTable(await write('names.csv', ['nr,f1,f2', ...rows].join('\n')));
    expect(guessMapping([table], taskNames)).toEqual({
      task: 'text-classification',
      columns: { text: 'f2', label: 'f1' },
    });
  });

  const words = (count: number): string =>
    Array.from({ length: count }, (_, index) => `word${String(index)}`).join(' ');

  it.each<[string, object, ReturnType<typeof guessMapping>]>([
    [
      'entities in lists of numbers or names',
      { id: '1', tokens: ['a', 'b'], ner_tags: [0, 1] },
      { task: 'token-classification', columns: { words: 'tokens', tags: 'ner_tags' } },
    ],
    [
      'the labels of an annotation tool',
      { id: 1, text: 'Anna calls', label: [[0, 4, 'PERSON']] },
      { task: 'token-classification', columns: { text: 'text', spans: 'label' } },
    ],
    [
      'SQuAD as a flat list',
      { id: '1', title: 't', context: words(30), question: words(5), answers: { text: ['word1'], answer_start: [6] } },
      { task: 'question-answering', columns: { question: 'question', context: 'context', answers: 'answers' } },
    ],
    [
      'answers with their place in a column',
      { passage: words(30), question: words(5), answer: 'word1', answer_start: 6 },
      {
        task: 'question-answering',
        columns: { question: 'question', context: 'passage', answers: 'answer', start: 'answer_start' },
      },
    ],
    [
      'answers that their context inspires, as a chat',
      { context: words(30), question: words(5), answer: `An answer in ${words(6)}, told freely` },
      { task: 'chat', columns: { prompt: 'question', response: 'answer' } },
    ],
    [
      'endings to choose from',
      { ctx: words(9), ending0: 'a', ending1: 'b', ending2: 'c', ending3: 'd', label: 2 },
      {
        task: 'multiple-choice',
        columns: { question: 'ctx', choices: ['ending0', 'ending1', 'ending2', 'ending3'], answer: 'label' },
      },
    ],
    [
      'pairs with a label',
      { premise: words(8), hypothesis: words(5), label: 'entailment' },
      { task: 'text-classification', columns: { text: 'premise', pair: 'hypothesis', label: 'label' } },
    ],
    [
      'labels in lists',
      { text: words(8), labels: ['a', 'b'] },
      { task: 'text-classification', columns: { text: 'text', label: 'labels', labels: 'many' } },
    ],
    [
      'a column of 0 and 1 a label',
      { comment: words(8), toxic: 0, rude: 1, id: 17 },
      { task: 'text-classification', columns: { text: 'comment', label: ['toxic', 'rude'], labels: 'many' } },
    ],
    [
      'a score with fractions',
      { text: words(8), score: 3.25 },
      { task: 'text-classification', columns: { text: 'text', label: 'score', labels: 'number' } },
    ],
    [
      'named sides of a translation',
      { source: words(8), target: `das ${words(8)}` },
      { task: 'translation', columns: { source: 'source', target: 'target' } },
    ],
    [
      'an article and its highlights',
      { article: words(90), highlights: words(9) },
      { task: 'summarization', columns: { text: 'article', summary: 'highlights' } },
    ],
    [
      'a ticket, whose summary is its title',
      { summary: words(4), description: words(40), label: 'bug' },
      { task: 'text-classification', columns: { text: 'description', label: 'label' } },
    ],
    ['one column of texts', { text: words(40) }, { task: 'text-generation', columns: { text: 'text' } }],
  ])('reads %s', async (name, row, mapping) => {
    const rows = Array.from({ length: 12 }, (_, index) =>
      JSON.stringify(
        Object.fromEntries(Object.entries(row).map(([key, value]: [string, unknown]) => [key, varied(value, index)])),
      ),
    );
    const table = await readTable(await write(`${name}.jsonl`.replaceAll(' ', '-'), rows.join('\n')));
    expect(guessMapping([table], taskNames)).toEqual(mapping);
  });

  it.each<[TaskName, Columns]>([
    ['text-generation', { prompt: 'prompt', completion: 'completion' }],
    ['translation', { source: 'prompt', target: 'completion' }],
    ['summarization', { text: 'prompt', summary: 'completion' }],
    ['chat', { prompt: 'prompt', response: 'completion' }],
  ])('reads two texts as %s when that is asked for', async (task, columns) => {
    const rows = Array.from({ length: 12 }, (_, index) => `${words(9)} ${String(index)},${words(4)} ${String(index)}`);
    const table = await readTable(await write(`${task}.csv`, ['prompt,completion', ...rows].join('\n')));
    expect(guessMapping([table], [task])).toEqual({ task, columns });
  });

  it('keeps to the task it is given', async () => {
    const table = await readTable(join(shared, 'home-intents', 'test.csv'));
    expect([guessMapping([table], ['chat']), guessMapping([], taskNames)]).toEqual([null, null]);
  });
});
