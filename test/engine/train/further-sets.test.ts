/** Deep prompts that further data sets teach: they learn from all rows, and the run's own set alone is left in the end. */
import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { openSafetensors } from '../../../engine/checkpoint/safetensors.ts';
import type { Json } from '../../../engine/spec/json.ts';
import { loadTensors } from '../../../engine/train/checkpoints.ts';
import { goldenModel, Panel, useFolder } from '../../support/engine-fixtures.ts';
import {
  eventsOf,
  handlers,
  readPredictions,
  textRecipe,
  textRows,
  trainTiny,
  writeRows,
  type Fields,
} from '../../support/tiny-runs.ts';

const path = useFolder();

const shouts = ['aye', 'nay', 'hm'] as const;
const words = { aye: ['yes', 'good', 'more'], nay: ['no', 'bad', 'less'], hm: ['so', 'or', 'well'] } as const;

const further = { train: ['further.csv'], columns: { text: 'said', label: 'meant' } };
const pair = { train: ['other.csv'] };
const method = (sharedWith?: unknown): Fields => ({
  name: 'p-tuning-v2',
  virtualTokens: 4,
  ...(sharedWith === undefined ? {} : { sharedWith }),
});
const training = { epochs: 12, learningRate: 0.1, evaluationsPerEpoch: 1 };
const recipe = textRecipe({ method: method([further, pair]), training });
const run = (out: string, given: Fields, resume = false) =>
  trainTiny({ folder: path(), out: path(out), recipe: given, resume });
const jsonOf = async (...names: string[]): Promise<Json> => JSON.parse(await readFile(path(...names), 'utf8')) as Json;
const bytesOf = (out: string): Promise<Buffer> => readFile(path(out, 'adapter/adapter_model.safetensors'));

async function shapesOf(file: string): Promise<Readonly<Record<string, readonly number[]>>> {
  const opened = await openSafetensors(file);
  const shapes = Object.fromEntries([...opened.tensors].map(([name, { shape }]) => [name, shape]));
  await opened.close();
  return shapes;
}

beforeAll(async () => {
  await writeRows(path('train.csv'), textRows(32, 1));
  await writeRows(path('test.csv'), textRows(21, 77));
  await writeRows(
    path('other.csv'),
    textRows(12, 5).map(({ text, label }) => ({ text, label: label === 'sad' ? 'low' : 'high' })),
  );
  const lines = Array.from({ length: 24 }, (_, row) => {
    const meant = shouts[row % 3] ?? 'hm';
    return `${words[meant][row % 3 === 0 ? 0 : row % 2] ?? ''} ${words[meant][2]},${meant}\n`;
  });
  await writeFile(path('further.csv'), `said,meant\n${lines.join('')}`);
});

const valuesOf = (out: string): Promise<ReadonlyMap<string, Float32Array>> =>
  loadTensors(path(out, 'adapter/adapter_model.safetensors'));

describe('a run whose prompts further data sets teach', () => {
  let whole: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    whole = await run('whole', recipe);
  });

  test('counts and learns from all rows, and checks and tests its own alone', () => {
    const [plan] = eventsOf(whole.events, 'plan');
    // 24 of 32 own rows learn, 24 and 12 further ones: 60 rows in batches of 8.
    expect(plan).toMatchObject({ rows: { train: 60, validation: 8, test: 21 }, stepsPerEpoch: 8, steps: 96 });
    expect(whole.metrics.train.rows).toBe(12 * 60);
    expect(whole.metrics).toMatchObject({ measuredOn: 'test', tuned: { n: 21 } });
    const losses = eventsOf(whole.events, 'step').map(({ loss }) => loss);
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-8))).toBeLessThan(0.7 * mean(losses.slice(0, 8)));
    const { tuned } = whole.metrics;
    expect(tuned && 'accuracy' in tuned ? tuned.accuracy : 0).toBeGreaterThan(0.6);
  });

  test('leaves an ordinary folder of its own labels, which PEFT knows', async () => {
    expect(await jsonOf('whole/adapter/labels.json')).toEqual(['calm', 'glad', 'sad']);
    expect(await jsonOf('whole/adapter/head.json')).toEqual({ name: 'sequence-classification', labels: 3 });
    const plain = await run('plain', textRecipe({ method: method(), training: { ...training, epochs: 1 } }));
    expect(plain.metrics.train.rows).toBe(24);
    const file = 'adapter/adapter_model.safetensors';
    expect(await shapesOf(path('whole', file))).toEqual(await shapesOf(path('plain', file)));
    expect(await jsonOf('whole/adapter/adapter_config.json')).toEqual(
      await jsonOf('plain/adapter/adapter_config.json'),
    );
    const lines = await readPredictions(path('whole'));
    expect(lines.every((line) => 'logits' in line && line.logits?.length === 3)).toBe(true);
  });

  test('is taken along, answers the same from its files, and leaves the paths behind', async () => {
    const request = { run: path('whole'), modelPath: goldenModel('bert'), to: 'peft', out: path('exported') } as const;
    const { replay } = await handlers.export(request, () => undefined, new Panel());
    expect(replay).toMatchObject({ matched: 20, of: 20 });
    expect(await jsonOf('whole/recipe.json')).toMatchObject({
      method: { sharedWith: [{ ...further, train: [path('further.csv')] }, { train: [path('other.csv')] }] },
    });
    expect(await jsonOf('exported/recipe.json')).toMatchObject({ method: { sharedWith: [further, pair] } });
    expect(await readFile(path('exported/README.md'), 'utf8')).toContain('not in this folder: further.csv, other.csv.');
  });

  test('resumed, ends in the very bytes of a run that nothing came between', async () => {
    const panel = trainTiny({
      folder: path(),
      out: path('aborted'),
      recipe,
      watch: (event, hand) => {
        if (event.type === 'step' && event.step === 13) hand.abort();
      },
    });
    await expect(panel).rejects.toThrow();
    const { events } = await run('aborted', recipe, true);
    expect(eventsOf(events, 'resumed')[0]?.step).toBeGreaterThan(0);
    expect((await bytesOf('aborted')).equals(await bytesOf('whole'))).toBe(true);
    expect(await readPredictions(path('aborted'))).toEqual(await readPredictions(path('whole')));
  });

  test('goes on from it, for its own data set or beside others again, with its values', async () => {
    const still = { ...training, maxSteps: 1, learningRate: 1e-12 };
    const before = await valuesOf('whole');
    for (const [out, own] of [
      ['alone', method()],
      ['beside', method([pair])],
    ] as const) {
      await run(out, { ...textRecipe({ method: own, training: still }), start: 'whole/adapter' });
      const after = await valuesOf(out);
      expect([...after.keys()]).toEqual([...before.keys()]);
      for (const [name, values] of before)
        values.forEach((value, at) =>
          expect(Math.abs(value - (after.get(name)?.[at] ?? NaN)), name).toBeLessThan(1e-9),
        );
      const request = { run: path(out), modelPath: goldenModel('bert'), to: 'peft', out: path(`${out} out`) } as const;
      await handlers.export(request, () => undefined, new Panel());
      expect(await jsonOf(`${out} out/recipe.json`)).toMatchObject({ start: 'adapter' });
    }
  });

  test('is estimated with all rows', async () => {
    const request = { recipe, folder: path(), modelPath: goldenModel('bert') };
    const estimate = await handlers.estimate(request, () => undefined, new Panel());
    expect(estimate.steps).toBe(96);
  });

  test('of tags: the sets’ words are dealt together', async () => {
    const tagged = (file: string, tags: readonly string[]): Promise<void> => {
      const lines = Array.from({ length: 12 }, (_, row) => {
        const own = tags[row % tags.length] ?? 'O';
        return JSON.stringify({ words: ['rain', 'in', `place${String(row)}`], tags: ['O', 'O', own] });
      });
      return writeFile(path(file), lines.join('\n'));
    };
    await tagged('places.jsonl', ['B-TOWN', 'B-LAND']);
    await tagged('things.jsonl', ['B-TOOL', 'O']);
    const columns = { words: 'words', tags: 'tags' };
    const data = { train: ['places.jsonl'], test: ['places.jsonl'], columns };
    const tags = {
      ...textRecipe({ method: method([{ train: ['things.jsonl'] }]), data, training: { ...training, epochs: 1 } }),
      task: 'token-classification',
    };
    const { metrics, events } = await run('tags', tags);
    expect(eventsOf(events, 'plan')[0]?.rows).toEqual({ train: 21, validation: 3, test: 12 });
    expect(metrics.tuned).toMatchObject({ n: 12 });
    const request = { run: path('tags'), modelPath: goldenModel('bert'), to: 'peft', out: path('tags out') } as const;
    expect((await handlers.export(request, () => undefined, new Panel())).replay.matched).toBe(12);
    expect(await jsonOf('tags/adapter/labels.json')).toEqual(['B-LAND', 'B-TOWN', 'I-LAND', 'I-TOWN', 'O']);
  });
});

describe('is refused, and says where', () => {
  beforeAll(async () => {
    await writeRows(
      path('one.csv'),
      textRows(6, 1).map(({ text }) => ({ text, label: 'same' })),
    );
    await writeFile(path('many.csv'), 'text,label\nsun,a;b\nrain,b;c\nsnow,a;c\nice,a;b;c\n');
    await writeFile(path('none.csv'), 'text,label\nsun,\nrain,\n');
    await writeFile(path('numbers.csv'), 'text,value\nsun,0.5\nrain,1.25\nsnow,3.5\n');
  });
  const many = { text: 'text', label: 'label', labels: 'many' };
  const tags = { words: 'text', tags: 'label' };
  const cloze = {
    ...method([further]),
    template: '{text} feels:{label}',
    labelWords: { glad: 'happy', calm: 'slow', sad: 'grey' },
  };
  test.each([
    [
      'a file that is not there',
      { method: method([further, { train: ['gone.csv'] }]) },
      { code: 'file.missing', data: { file: 'gone.csv' } },
    ],
    [
      'no file',
      { method: method([{ train: [] }]) },
      { code: 'recipe.field', data: { path: 'method.sharedWith.0.train' } },
    ],
    ['no list', { method: method('further.csv') }, { code: 'recipe.field', data: { path: 'method.sharedWith' } }],
    [
      'a field unknown',
      { method: method([{ ...further, test: ['test.csv'] }]) },
      { code: 'recipe.field', data: { path: 'method.sharedWith.0.test' } },
    ],
    [
      'one label',
      { method: method([further, { train: ['one.csv'] }]) },
      { code: 'recipe.field', data: { path: 'method.sharedWith.1', value: 'one.csv (only the label same)' } },
    ],
    [
      'no labels',
      { method: method([{ train: ['none.csv'], columns: { text: 'text', label: 'label' } }]) },
      { code: 'data.no-rows', data: { file: 'none.csv' } },
    ],
    [
      'several labels a row',
      { method: method([{ train: ['many.csv'], columns: many }]) },
      { code: 'recipe.field', data: { path: 'method.sharedWith.0', value: 'many.csv (labels: many)' } },
    ],
    [
      'another task’s columns',
      { method: method([{ ...further, columns: tags }]) },
      { code: 'recipe.field', data: { path: 'method.sharedWith.0.columns' } },
    ],
    [
      'a column that is not there',
      { method: method([{ ...further, columns: { text: 'said', label: 'mood' } }]) },
      { code: 'data.column-missing', data: { file: 'further.csv', column: 'mood' } },
    ],
    [
      'several labels a row of its own',
      { method: method([further]), data: { train: ['many.csv'], test: ['many.csv'], columns: many } },
      { code: 'recipe.field', data: { path: 'method.sharedWith', value: 'further.csv' } },
    ],
    [
      'label words instead of a layer',
      { model: goldenModel('gpt2'), method: cloze },
      { code: 'recipe.field', data: { path: 'method.sharedWith', value: 'further.csv' } },
    ],
    [
      'another method',
      { method: { name: 'prefix', sharedWith: [further] } },
      { code: 'recipe.field', data: { path: 'method.sharedWith' } },
    ],
  ] as const)('%s', async (title, changed, { code, data }) => {
    const { file, ...said } = { file: undefined, ...data };
    await expect(run(`refused ${title}`, textRecipe(changed))).rejects.toMatchObject({
      code,
      data: { ...said, ...(file === undefined ? {} : { path: path(file) }) },
    });
  });
});
