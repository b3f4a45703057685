/** What a run will need: from a formula that adds up, and from two measured steps. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Progress } from '../../../engine/spec/commands.ts';
import { Panel, goldenModel, useFolder } from '../../support/engine-fixtures.ts';
import {
  chatRecipe,
  eventsOf,
  filesBelow,
  handlers,
  textRecipe,
  textRows,
  trainTiny,
  writeChats,
  writeRows,
  type Fields,
} from '../../support/tiny-runs.ts';

const path = useFolder();
beforeAll(async () => {
  await writeRows(path('train.csv'), textRows(32, 1));
  await writeRows(path('test.csv'), textRows(6, 77));
  await writeChats(path('train.jsonl'), 8);
  await writeChats(path('test.jsonl'), 3);
});

const request = (recipe: Fields) => ({ recipe, folder: path(), modelPath: String(recipe['model']) });
const quiet = (): void => undefined;

test.each([
  ['lora', textRecipe()],
  ['full', textRecipe({ method: { name: 'full' } })],
  ['linear-probe', textRecipe({ method: { name: 'linear-probe' } })],
  ['lora for chat', chatRecipe()],
])('%s: the parts add up to the peak, and nothing is run or written', async (title, recipe) => {
  const before = await filesBelow(path());
  const { parts, ...estimate } = await handlers.estimate(request(recipe), quiet, new Panel());
  expect(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)).toBe(estimate.peakMemoryBytes);
  // Full training freezes nothing.
  const none = Object.entries(parts).flatMap(([part, bytes]) => (bytes > 0 ? [] : [part]));
  expect(none).toEqual(title === 'full' ? ['weights'] : []);
  expect({
    source: estimate.source,
    seconds: estimate.seconds / estimate.steps / estimate.secondsPerStep,
    disk: estimate.diskBytes > estimate.adapterBytes,
  }).toEqual({ source: 'formula', seconds: expect.closeTo(1, 9) as number, disk: true });
  expect(await filesBelow(path())).toEqual(before);
});

describe('the formula knows', () => {
  const estimate = async (changed: Parameters<typeof textRecipe>[0]) =>
    handlers.estimate(request(textRecipe(changed)), quiet, new Panel());

  test('the steps and parameters that the run will have', async () => {
    const guess = await estimate({});
    const { events } = await trainTiny({ folder: path(), out: path('run'), recipe: textRecipe() });
    const [plan] = eventsOf(events, 'plan');
    expect([guess.steps, guess.trainableParameters, guess.totalParameters]).toEqual([
      plan?.steps,
      plan?.trainableParameters,
      plan?.totalParameters,
    ]);
  });

  test('that full training needs more than LoRA, and a larger batch more than a small one', async () => {
    const [lora, full, wide] = [
      await estimate({}),
      await estimate({ method: { name: 'full' } }),
      await estimate({ training: { batchSize: 16 } }),
    ];
    const { optimizer, activations } = lora.parts;
    expect([
      full.parts.optimizer > optimizer,
      full.adapterBytes > lora.adapterBytes,
      wide.parts.activations > activations,
      wide.steps < lora.steps,
    ]).toEqual([true, true, true, true]);
  });
});

test('measuring takes two real steps and says how far it is', async () => {
  const notes: Progress[] = [];
  const recipe = textRecipe();
  const measured = await handlers.measure(request(recipe), (item) => notes.push(item), new Panel());
  const guess = await handlers.estimate(request(recipe), quiet, new Panel());
  expect(notes).toEqual([
    { done: 0, total: 3, note: 'loading' },
    { done: 1, total: 3, note: 'measuring' },
    { done: 2, total: 3, note: 'measuring' },
  ]);
  // What was measured replaces the guess of time and memory; the rest stands.
  const { secondsPerStep, seconds, peakMemoryBytes } = measured;
  expect(measured).toEqual({ ...guess, secondsPerStep, seconds, peakMemoryBytes, source: 'measured' });
  expect([secondsPerStep > 0, peakMemoryBytes > 50e6]).toEqual([true, true]);
  expect(seconds).toBeCloseTo(secondsPerStep * measured.steps, 9);
});

test('measuring gives way to a cancel', async () => {
  const panel = new Panel();
  panel.abort();
  await expect(handlers.measure(request(textRecipe()), quiet, panel)).rejects.toMatchObject({ name: 'AbortError' });
});

const rowTasks = ['text-classification', 'token-classification', 'question-answering', 'multiple-choice'];
const decoderTasks = [...rowTasks, 'text-generation', 'chat', 'translation', 'summarization'];

test('a model says what it is and what it can be trained for', async () => {
  const inspect = (name: string) => handlers.inspectModel({ modelPath: goldenModel(name) }, quiet, new Panel());
  const summaries = await Promise.all(['bert', 'llama', 'smollm'].map(inspect));
  expect(
    summaries.map(({ name, architecture, contextLength, layers, hidden, tasks }) => ({
      name,
      architecture,
      contextLength,
      layers,
      hidden,
      tasks,
    })),
  ).toEqual([
    { name: 'bert', architecture: 'bert', contextLength: 64, layers: 2, hidden: 32, tasks: rowTasks },
    {
      name: 'llama',
      architecture: 'llama',
      contextLength: 64,
      layers: 2,
      hidden: 32,
      tasks: decoderTasks,
    },
    {
      name: 'smollm',
      architecture: 'llama',
      contextLength: 64,
      layers: 2,
      hidden: 32,
      tasks: decoderTasks,
    },
  ]);
});
