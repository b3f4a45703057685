/** Every task through the engine's handlers on tiny models: learns, is measured row after row, and answers the same once exported. */
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { MetricName, Prediction } from '../../../engine/spec/metrics.ts';
import type { TaskName } from '../../../engine/spec/tasks.ts';
import { goldenModel, Panel, useFolder } from '../../support/engine-fixtures.ts';
import { eventsOf, handlers, readPredictions, trainTiny } from '../../support/tiny-runs.ts';

const words = ['sun', 'rain', 'lake', 'tree', 'bird', 'road'] as const;
const word = (row: number): string => words[row % words.length] ?? 'sun';

interface TaskCase {
  readonly title: string;
  readonly task: TaskName;
  readonly model: string;
  readonly columns: Readonly<Record<string, unknown>>;
  readonly row: (index: number) => Readonly<Record<string, unknown>>;
  readonly metric: MetricName;
  /** What the first line of predictions.jsonl holds of its kind. */
  readonly detail: (line: Prediction) => unknown;
  readonly expected: unknown;
  /** Whether the untrained model is asked too. */
  readonly untrained: boolean;
}

const detailOf = (line: Prediction): unknown => ('detail' in line ? { kind: line.detail.kind } : null);

const cases: readonly TaskCase[] = [
  {
    title: 'several labels a text',
    task: 'text-classification',
    model: 'bert',
    columns: { text: 'text', label: 'label', labels: 'many' },
    row: (index) => ({ text: `${word(index)} ${word(index + 1)}`, label: [word(index), word(index + 1)] }),
    metric: 'micro-f1',
    detail: (line) => ('detail' in line && line.detail.kind === 'labels' ? line.detail.expected : null),
    expected: ['rain', 'sun'],
    untrained: false,
  },
  {
    title: 'a number a text',
    task: 'text-classification',
    model: 'roberta',
    columns: { text: 'text', label: 'stars', labels: 'number' },
    row: (index) => ({ text: word(index), stars: (index % 6) / 5 }),
    metric: 'pearson',
    detail: (line) => ('detail' in line && line.detail.kind === 'number' ? line.detail.expected : null),
    expected: 0,
    untrained: false,
  },
  {
    title: 'pairs of texts',
    task: 'text-classification',
    model: 'bert',
    columns: { text: 'text', pair: 'pair', label: 'label' },
    row: (index) => ({ text: word(index), pair: word(2 * index), label: index % 2 === 0 ? 'same' : 'other' }),
    metric: 'accuracy',
    detail: (line) => ('label' in line ? { text: line.text, pair: line.pair } : null),
    expected: { text: 'sun', pair: 'sun' },
    untrained: true,
  },
  ...(['bert', 'llama'] as const).map((model): TaskCase => ({
    title: `entities with ${model}`,
    task: 'token-classification',
    model,
    columns: { words: 'words', tags: 'tags' },
    row: (index) => ({ words: ['the', word(index), 'sings'], tags: ['O', index % 2 === 0 ? 'B-A' : 'B-B', 'O'] }),
    metric: 'entity-f1',
    detail: (line) => ('detail' in line && line.detail.kind === 'spans' ? line.detail.expected : null),
    expected: [{ start: 4, end: 7, label: 'A' }],
    untrained: true,
  })),
  ...(['bert', 'llama'] as const).map((model): TaskCase => ({
    title: `answers in a passage with ${model}`,
    task: 'question-answering',
    model,
    columns: { question: 'question', context: 'context', answers: 'answer' },
    // Longer than the model's rows: read in windows.
    row: (index) => ({
      question: 'which?',
      context: `${'so it was and so it is '.repeat(4)}${word(index)} ${'and more of that '.repeat(3)}`,
      answer: word(index),
    }),
    metric: 'answer-f1',
    detail: (line) => ('detail' in line && line.detail.kind === 'answer' ? line.detail.answers : null),
    expected: [{ text: 'sun', start: 92 }],
    untrained: false,
  })),
  ...(['bert', 'llama'] as const).map((model): TaskCase => ({
    title: `one of several answers with ${model}`,
    task: 'multiple-choice',
    model,
    columns: { question: 'question', choices: 'choices', answer: 'answer' },
    row: (index) => ({
      question: `what is ${word(index)}?`,
      // Not every row has as many.
      choices: [word(index), word(index + 1), ...(index % 2 === 0 ? [word(index + 2)] : [])],
      answer: 0,
    }),
    metric: 'accuracy',
    detail: (line) =>
      'detail' in line && line.detail.kind === 'choice'
        ? { choices: line.detail.choices, scores: line.detail.scores.length, expected: line.detail.expected }
        : null,
    expected: { choices: ['sun', 'rain', 'lake'], scores: 3, expected: 0 },
    untrained: model === 'llama',
  })),
  {
    title: 'text that goes on',
    task: 'text-generation',
    model: 'llama',
    columns: { text: 'text' },
    row: (index) => ({ text: `${word(index)} and ${word(index + 1)}` }),
    metric: 'perplexity',
    detail: (line) => ('prompt' in line ? { prompt: line.prompt, expected: line.expected } : null),
    expected: { prompt: '', expected: 'sun and rain' },
    untrained: true,
  },
  {
    title: 'translation by a decoder',
    task: 'translation',
    model: 'llama',
    columns: { source: 'from', target: 'to' },
    row: (index) => ({ from: word(index), to: word(index + 1) }),
    metric: 'chrf',
    detail: detailOf,
    expected: { kind: 'text' },
    untrained: true,
  },
  {
    title: 'summaries by a decoder',
    task: 'summarization',
    model: 'llama',
    columns: { text: 'text', summary: 'summary' },
    row: (index) => ({ text: `${word(index)} ${word(index)}`, summary: word(index) }),
    metric: 'rouge-l',
    detail: detailOf,
    expected: { kind: 'text' },
    untrained: true,
  },
];

const targets: Readonly<Record<string, readonly string[]>> = {
  bert: ['query', 'value'],
  roberta: ['query', 'value'],
  llama: ['q_proj', 'v_proj'],
};

describe.each(cases)('$title', ({ title, task, model, columns, row, metric, detail, expected, untrained }) => {
  const path = useFolder();
  test('learns, is measured, and answers the same once exported', async () => {
    const rows = (count: number): string =>
      Array.from({ length: count }, (_, index) => `${JSON.stringify(row(index))}\n`).join('');
    await writeFile(path('train.jsonl'), rows(12));
    await writeFile(path('test.jsonl'), rows(6));
    const recipe = {
      version: 1,
      model: goldenModel(model),
      task,
      data: { train: ['train.jsonl'], test: ['test.jsonl'], columns, split: { validation: 0.25, seed: 1 } },
      method: { name: 'lora', r: 2, alpha: 4, dropout: 0, targetModules: targets[model] },
      training: { epochs: 12, batchSize: 4, maxLength: 64, learningRate: 0.02, schedule: 'constant' },
      device: 'cpu',
      threads: 1,
    };
    const { metrics, events } = await trainTiny({ folder: path(), out: path('run'), recipe });
    const losses = eventsOf(events, 'evaluation').map(({ loss }) => loss);
    const lines = await readPredictions(path('run'));
    const first = lines[0];
    expect({
      metric: metrics.metric,
      rows: lines.length,
      measured: metrics.tuned?.n,
      untrained: metrics.baselines?.untrained !== null,
      detail: first && detail(first),
      // The held-out rows' loss falls; the tiny models know nothing else to be held against.
      learns: Math.min(...losses) < (losses[0] ?? 0),
    }).toEqual({ metric, rows: 6, measured: 6, untrained, detail: expected, learns: true });
    const report = await handlers.export(
      { run: path('run'), modelPath: goldenModel(model), to: 'peft', out: path('taken') },
      () => undefined,
      new Panel(),
    );
    expect({ title, ...report.replay }).toMatchObject({ title, matched: 6, of: 6 });
    const evaluated = await handlers.evaluate(
      { modelPath: goldenModel(model), adapter: path('run', 'adapter'), data: path('test.jsonl'), columns: null },
      () => undefined,
      new Panel(),
    );
    expect({ metric: evaluated.metric, figure: evaluated.figure }).toEqual({ metric, figure: metrics.tuned });
  });
});
