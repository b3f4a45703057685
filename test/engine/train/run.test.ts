/** A run's folder: what stands in it, for each kind of result, and that its files alone give the same answers. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../../engine/spec/events.ts';
import type { Json } from '../../../engine/spec/json.ts';
import type { AccuracyFigure, Metrics } from '../../../engine/spec/metrics.ts';
import { goldenModel, Panel, useFolder } from '../../support/engine-fixtures.ts';
import {
  chatRecipe,
  eventsOf,
  filesBelow,
  handlers,
  readLines,
  readPredictions,
  textRecipe,
  textRows,
  trainTiny,
  writeChats,
  writeRows,
  type TinyRun,
} from '../../support/tiny-runs.ts';

const path = useFolder();
const test7 = [
  ...textRows(5, 77),
  { text: 'two\nlines, "quoted"', label: 'sad' },
  { text: ' blanks stay ', label: 'glad' },
];

beforeAll(async () => {
  await writeRows(path('train.csv'), textRows(32, 1));
  await writeRows(path('test.csv'), test7);
  await writeChats(path('train.jsonl'), 8);
  await writeChats(path('test.jsonl'), 3);
});

async function readJson(...names: string[]): Promise<Json> {
  return JSON.parse(await readFile(path(...names), 'utf8')) as Json;
}

const common = ['README.md', 'head.json', 'labels.json', 'recipe.json', 'tokenizer.json', 'tokenizer_config.json'];
const kinds: readonly [string, Readonly<Record<string, unknown>>, readonly string[]][] = [
  [
    'lora',
    { name: 'lora', r: 2, alpha: 4, dropout: 0.1, targetModules: ['query', 'value'] },
    ['adapter_config.json', 'adapter_model.safetensors'],
  ],
  ['full', { name: 'full' }, ['config.json', 'model.safetensors']],
  ['linear-probe', { name: 'linear-probe' }, ['config.json', 'model.safetensors']],
];

describe.each(kinds)('text classification with %s', (name, method, files) => {
  let run: TinyRun;
  beforeAll(async () => {
    run = await trainTiny({ folder: path(), out: path(name), recipe: textRecipe({ method }) });
  });

  test('the folder holds the adapter, what was measured, and every event', async () => {
    const found = await filesBelow(path(name));
    expect(found.filter((file) => !file.startsWith('checkpoints/'))).toEqual(
      [
        ...[...common, ...files].map((file) => `adapter/${file}`),
        'baseline.json',
        'events.jsonl',
        'metrics.json',
        'predictions.jsonl',
        'recipe.json',
      ].toSorted(),
    );
    expect(await readJson(name, 'adapter', 'labels.json')).toEqual(['calm', 'glad', 'sad']);
    expect(await readJson(name, 'adapter', 'recipe.json')).toEqual(await readJson(name, 'recipe.json'));
  });

  test('metrics.json', async () => {
    const { metrics, events } = run;
    const accuracy = {
      accuracy: expect.any(Number) as number,
      n: 7,
      interval: expect.any(Array) as [number, number],
      values: expect.objectContaining({ macroF1: expect.any(Number) as number }) as Record<string, number>,
    };
    expect(metrics).toEqual({
      task: 'text-classification',
      metric: 'accuracy',
      measuredOn: 'test',
      tuned: accuracy,
      baselines: { untrained: accuracy, majority: accuracy },
      train: {
        steps: 6,
        rows: 48,
        tokens: expect.any(Number) as number,
        seconds: expect.any(Number) as number,
        peakMemoryBytes: expect.any(Number) as number,
        finalLoss: eventsOf(events, 'step').at(-1)?.loss ?? NaN,
        precision: 'float32',
        device: 'cpu',
      },
    } satisfies Metrics);
    expect(await readJson(name, 'metrics.json')).toEqual(metrics);
    expect(eventsOf(events, 'finished')).toEqual([
      { time: expect.any(Number) as number, type: 'finished', keptStep: expect.any(Number) as number, metrics },
    ]);
  });

  test('predictions.jsonl has one line for every test row, in file order', async () => {
    const lines = await readPredictions(path(name));
    expect(lines.map((line) => ({ ...line, logits: 0, prediction: 0, untrained: 0 }))).toEqual(
      test7.map((row, index) => ({ row: index + 1, ...row, logits: 0, prediction: 0, untrained: 0 })),
    );
    const labels = ['calm', 'glad', 'sad'];
    const answers = lines.flatMap((line) => ('label' in line ? [line] : []));
    expect(answers.map(({ logits }) => labels[logits.indexOf(Math.max(...logits))])).toEqual(
      answers.map(({ prediction }) => prediction),
    );
    const right = answers.filter(({ prediction, label }) => prediction === label).length;
    expect((run.metrics.tuned as AccuracyFigure).accuracy).toBeCloseTo(right / 7, 12);
  });

  test('events.jsonl is what was told, with the plan first and each step once', async () => {
    const events = await readLines<RunEvent>(path(name, 'events.jsonl'));
    // The very first word of life comes before the folder is touched.
    expect(run.events.slice(1)).toEqual(events);
    expect(eventsOf(events, 'plan')).toEqual([
      {
        time: expect.any(Number) as number,
        type: 'plan',
        steps: 6,
        stepsPerEpoch: 3,
        rows: { train: 24, validation: 8, test: 7 },
        trainableParameters: expect.any(Number) as number,
        totalParameters: expect.any(Number) as number,
        truncatedRows: 0,
        device: 'cpu',
      },
    ]);
    expect(eventsOf(events, 'step').map(({ step, rows }) => [step, rows])).toEqual(
      [1, 2, 3, 4, 5, 6].map((step) => [step, step * 8]),
    );
    expect(eventsOf(events, 'evaluation').map(({ step, epoch, samples }) => [step, epoch, samples.length])).toEqual([
      [3, 1, 8],
      [6, 2, 8],
    ]);
  });

  test('evaluated from its files alone, it answers the same', async () => {
    const report = await handlers.evaluate(
      { modelPath: goldenModel('bert'), adapter: path(name, 'adapter'), data: path('test.csv'), columns: null },
      () => undefined,
      new Panel(),
    );
    const before = await readPredictions(path(name));
    expect({ ...report, predictions: report.predictions.map(({ prediction }) => prediction) }).toEqual({
      task: 'text-classification',
      metric: 'accuracy',
      figure: run.metrics.tuned,
      predictions: before.map(({ prediction }) => prediction),
    });
    const differences = before.flatMap((line, index) => {
      const again = report.predictions[index];
      return 'label' in line && again && 'label' in again
        ? line.logits.map((logit, at) => Math.abs(logit - (again.logits[at] ?? NaN)))
        : [NaN];
    });
    expect(Math.max(...differences)).toBeLessThan(1e-5);
  });
});

test('with enough passes it learns: most test rows right where a majority gets few', async () => {
  const recipe = textRecipe({ method: { name: 'full' }, training: { epochs: 12, learningRate: 0.005 } });
  const { metrics } = await trainTiny({ folder: path(), out: path('learned'), recipe });
  const { tuned, baselines } = metrics as { tuned: AccuracyFigure; baselines: { majority: AccuracyFigure } };
  expect([tuned.accuracy > 0.7, baselines.majority.accuracy < 0.5]).toEqual([true, true]);
});

test('the same seed is the same run; another seed is another', async () => {
  const losses = async (out: string, seed: number) => {
    const recipe = textRecipe({ training: { seed } });
    const { events } = await trainTiny({ folder: path(), out: path(out), recipe });
    return eventsOf(events, 'step').map(({ loss }) => loss);
  };
  const first = await losses('seed-1', 1);
  expect([await losses('seed-1-again', 1), (await losses('seed-2', 2))[0] === first[0]]).toEqual([first, false]);
});

test('without test rows the validation rows are measured; without either, nothing is', async () => {
  const data = { test: null };
  const checked = await trainTiny({ folder: path(), out: path('checked'), recipe: textRecipe({ data }) });
  expect({ on: checked.metrics.measuredOn, n: (checked.metrics.tuned as AccuracyFigure).n }).toEqual({
    on: 'validation',
    n: 8,
  });
  const bare = { ...data, split: { validation: 0, test: 0 } };
  const blind = await trainTiny({ folder: path(), out: path('blind'), recipe: textRecipe({ data: bare }) });
  const { measuredOn, tuned, baselines } = blind.metrics;
  expect({ measuredOn, tuned, baselines, lines: await readPredictions(path('blind')) }).toEqual({
    measuredOn: null,
    tuned: null,
    baselines: null,
    lines: [],
  });
});

describe('chat', () => {
  test.each([
    ['lora', { name: 'lora', r: 2, alpha: 4, dropout: 0, targetModules: ['q_proj'] }, 'llama', 'adapter_model'],
    ['linear-probe of a tied model', { name: 'linear-probe' }, 'smollm', 'model'],
  ])('with %s: losses, and an answer to every test row', async (...[title, method, model, file]) => {
    const recipe = chatRecipe({ method, model: goldenModel(model) });
    const out = path(`chat ${title}`);
    const { metrics } = await trainTiny({ folder: path(), out, recipe });
    const figure = { loss: expect.any(Number) as number, perplexity: expect.any(Number) as number, n: 3 };
    expect({ ...metrics, train: metrics.train.steps }).toEqual({
      task: 'chat',
      metric: 'perplexity',
      measuredOn: 'test',
      tuned: figure,
      baselines: { untrained: figure, majority: null },
      train: 2,
    });
    expect(await readPredictions(out)).toEqual(
      ['a', 'b', 'c'].map((letter, index) => ({
        row: index + 1,
        prompt: `say ${letter}`,
        expected: `${letter.toUpperCase()}!`,
        prediction: expect.any(String) as string,
        loss: expect.any(Number) as number,
        untrainedLoss: expect.any(Number) as number,
      })),
    );
    expect(await filesBelow(`${out}/adapter`)).toContain(`${file}.safetensors`);
    const report = await handlers.evaluate(
      { modelPath: goldenModel(model), adapter: `${out}/adapter`, data: path('test.jsonl'), columns: null },
      () => undefined,
      new Panel(),
    );
    const said = (await readPredictions(out)).map(({ prediction }) => prediction);
    expect(report.predictions.map(({ prediction }) => prediction)).toEqual(said);
  });
});
