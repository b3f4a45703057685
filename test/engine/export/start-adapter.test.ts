/** A run that goes on from an adapter: its settings hold, its values are where training starts, and its labels keep theirs. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunRequest } from '../../../engine/spec/commands.ts';
import { keptSettings, supportedMethods } from '../../../engine/spec/methods/index.ts';
import { loadTensors } from '../../../engine/train/checkpoints.ts';
import { goldenModel, Panel, useFolder } from '../../support/engine-fixtures.ts';
import {
  handlers,
  readPredictions,
  textRecipe,
  textRows,
  trainTiny,
  writeRows,
  type Fields,
} from '../../support/tiny-runs.ts';

const path = useFolder();
/** Steps that move nothing. */
const still = { maxSteps: 1, learningRate: 1e-12 };

const run = (out: string, recipe: Fields) => trainTiny({ folder: path(), out: path(out), recipe });
const further = (start: string, method: Fields, data: Fields = {}): Fields => ({
  ...textRecipe({ method, training: still, data }),
  start: `${start}/adapter`,
});
const valuesOf = (out: string) => loadTensors(path(out, 'adapter/adapter_model.safetensors'));
const answersOf = async (out: string) => (await readPredictions(path(out))).map(({ prediction }) => prediction);
const estimate = (recipe: Fields) => {
  const request: RunRequest = { recipe, folder: path(), modelPath: goldenModel('bert') };
  return handlers.estimate(request, () => undefined, new Panel());
};

async function expectSame(before: string, after: string): Promise<void> {
  const [own, other] = [await valuesOf(before), await valuesOf(after)];
  expect([...other.keys()]).toEqual([...own.keys()]);
  for (const [name, values] of own)
    values.forEach((value, at) => expect(Math.abs(value - (other.get(name)?.[at] ?? NaN)), name).toBeLessThan(1e-6));
  expect(await answersOf(after)).toEqual(await answersOf(before));
}

beforeAll(async () => {
  await writeRows(path('train.csv'), textRows(32, 1));
  await writeRows(path('test.csv'), textRows(12, 77));
  const lora = { name: 'lora', r: 3, alpha: 12, targetModules: ['query', 'dense'], dropout: 0.1 };
  await run('lora', textRecipe({ method: lora }));
});

describe('the settings', () => {
  test('that are left out are the adapter’s', async () => {
    await run('again', further('lora', { name: 'lora' }));
    expect(JSON.parse(await readFile(path('again/adapter/recipe.json'), 'utf8'))).toMatchObject({
      method: { name: 'lora', r: 3, alpha: 12, targetModules: ['query', 'dense'], dropout: 0.1 },
      start: path('lora/adapter'),
    });
    await expectSame('lora', 'again');
  });

  test('that contradict it are refused before training, those of how it learns are free', async () => {
    for (const [setting, value, own] of [
      ['r', 8, '3'],
      ['alpha', 4, '12'],
      ['targetModules', ['value'], '["query","dense"]'],
    ] as const)
      await expect(estimate(further('lora', { name: 'lora', [setting]: value }))).rejects.toMatchObject({
        code: 'adapter.start-setting',
        data: { path: path('lora/adapter'), setting: `method.${setting}`, value: JSON.stringify(value), own },
      });
    await expect(estimate(further('lora', { name: 'prompt' }))).rejects.toMatchObject({
      code: 'adapter.start-setting',
      data: { setting: 'method.name', value: '"prompt"', own: '"lora"' },
    });
    const free = { name: 'lora', dropout: 0, loraPlusRatio: 16, targetModules: ['dense', 'query'] };
    expect((await estimate(further('lora', free))).steps).toBe(1);
  });

  test('of a folder that is not there are asked for by its name', async () => {
    await expect(estimate(further('nowhere', { name: 'lora' }))).rejects.toMatchObject({
      code: 'file.missing',
      data: { path: path('nowhere/adapter') },
    });
  });

  test.each([
    ['pissa', { name: 'lora', r: 2, alpha: 4, targetModules: ['query'], initWeights: 'pissa' }],
    ['p-tuning', { name: 'p-tuning', virtualTokens: 3, encoder: 'mlp' }],
    ['prefix', { name: 'prefix', virtualTokens: 3, projection: true, init: 'random' }],
  ])('of %s are those of what it left: training goes on from the same answers', async (name, method) => {
    await run(name, textRecipe({ method }));
    await run(`${name} on`, further(name, { name: method.name }));
    await expectSame(name, `${name} on`);
  });

  test('are told of a folder, as they are saved', async () => {
    const request = { adapter: path('lora/adapter') };
    const told = await handlers.adapterSettings(request, () => undefined, new Panel());
    expect(told).toMatchObject({
      task: 'text-classification',
      labels: ['calm', 'glad', 'sad'],
      method: { name: 'lora', r: 3, alpha: 12 },
    });
  });

  test('that decide which weights there are cannot be chosen for any method', () => {
    const kept = Object.fromEntries(supportedMethods.map((name) => [name, keptSettings(name)]));
    expect(kept['lora']).toEqual(expect.arrayContaining(['r', 'alpha', 'targetModules', 'dora', 'bias']));
    expect(kept['prefix']).toEqual(['virtualTokens', 'projection', 'template', 'labelWords', 'modulesToSave']);
    expect(kept['p-tuning']).toEqual(expect.arrayContaining(['virtualTokens', 'encoder', 'template']));
    expect(kept['full']).not.toContain('layerDecay');
  });
});

describe('the labels', () => {
  const relabelled = async (name: string, names: Readonly<Record<string, string>>): Promise<Fields> => {
    const rows = (count: number, seed: number) =>
      textRows(count, seed).map(({ text, label }) => ({ text, label: names[label] ?? label }));
    await writeRows(path(`${name}.csv`), rows(32, 1));
    await writeRows(path(`${name}-test.csv`), rows(12, 77));
    return { train: [`${name}.csv`], test: [`${name}-test.csv`] };
  };

  test('that it knows keep their values, in whatever order they stand, and others start anew', async () => {
    const data = await relabelled('angry', { sad: 'angry' });
    await run('angry', further('lora', { name: 'lora' }, data));
    const [before, after] = [await valuesOf('lora'), await valuesOf('angry')];
    const names = [...before.keys()].filter((name) => name.includes('classifier.weight'));
    expect(names).toHaveLength(1);
    const rows = (values: Float32Array = new Float32Array()) =>
      [0, 1, 2].map((at) => values.subarray((at * values.length) / 3, ((at + 1) * values.length) / 3));
    const [calm, glad, sad] = rows(before.get(names[0] ?? ''));
    const [angry, calmNow, gladNow] = rows(after.get(names[0] ?? ''));
    const round = (list: Float32Array | undefined) => [...(list ?? [])].map((value) => value.toFixed(6));
    expect([round(calmNow), round(gladNow)]).toEqual([round(calm), round(glad)]);
    expect(round(angry)).not.toEqual(round(sad));
  });

  test('may be more, or fewer, than it knows', async () => {
    const fewer = await relabelled('fewer', { sad: 'calm' });
    await run('fewer', further('lora', { name: 'lora' }, fewer));
    expect(new Set(await answersOf('fewer'))).not.toContain('sad');
    await run('more', further('fewer', { name: 'lora' }));
    expect((await valuesOf('more')).size).toBe((await valuesOf('lora')).size);
  });

  test('none of which it knows are refused', async () => {
    const data = await relabelled('foreign', { sad: 'a', calm: 'b', glad: 'c' });
    await expect(estimate(further('lora', { name: 'lora' }, data))).rejects.toMatchObject({
      code: 'adapter.start-answers',
      data: { path: path('lora/adapter'), own: 'calm, glad, sad', asked: 'a, b, c' },
    });
  });
});

test('a folder of PEFT’s alone is gone on from too', async () => {
  await run('bare', textRecipe({ method: { name: 'lora', r: 2, alpha: 4, dropout: 0, targetModules: ['query'] } }));
  for (const name of ['recipe.json', 'labels.json', 'head.json']) await rm(path('bare/adapter', name));
  await writeFile(path('bare/adapter/notes.txt'), 'by hand');
  await run('bare on', further('bare', { name: 'lora' }));
  await expectSame('bare', 'bare on');
});
