/** A run under the user's hand: paused, stopped, aborted, resumed, and ended by itself, with nothing half-written. */
import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { openSafetensors } from '../../../engine/checkpoint/safetensors.ts';
import { CancelledError, asOurs } from '../../../engine/spec/errors.ts';
import type { RunEvent } from '../../../engine/spec/events.ts';
import { goldenModel, useFolder } from '../../support/engine-fixtures.ts';
import {
  chatRecipe,
  eventsOf,
  filesBelow,
  readLines,
  readPredictions,
  textRecipe,
  textRows,
  trainTiny,
  writeChats,
  writeRows,
  type RunOptions,
  type TinyRun,
} from '../../support/tiny-runs.ts';

const path = useFolder();
// A check after each update: the first of them leaves a checkpoint.
const recipe = textRecipe({ training: { evaluationsPerEpoch: 3, epochs: 3 } });
const steps = [1, 2, 3, 4, 5, 6, 7, 8, 9];
let whole: TinyRun;

beforeAll(async () => {
  await writeRows(path('train.csv'), textRows(32, 1));
  await writeRows(path('test.csv'), textRows(6, 77));
  whole = await trainTiny({ folder: path(), out: path('whole'), recipe });
});

function run(out: string, watch?: RunOptions['watch'], resume = false): Promise<TinyRun> {
  return trainTiny({ folder: path(), out: path(out), recipe, resume, ...(watch ? { watch } : {}) });
}

const bytesOf = (out: string): Promise<Buffer> => readFile(path(out, 'adapter/adapter_model.safetensors'));
const journalOf = (out: string): Promise<readonly RunEvent[]> => readLines<RunEvent>(path(out, 'events.jsonl'));
const unfinished = (files: readonly string[]): readonly string[] =>
  files.filter((file) => !/^(?:baseline\.json|recipe\.json|events\.jsonl|checkpoints\/.*)$/.test(file));
const halfWritten = (files: readonly string[]): readonly string[] => files.filter((file) => file.includes('.part'));

test('paused and continued, a run ends as if it had never been', async () => {
  const { events } = await run('paused', (event, panel) => {
    if (event.type === 'step' && event.step === 4) panel.ask('pause');
    if (event.type === 'paused')
      setTimeout(() => {
        panel.ask('run');
      }, 50);
  });
  const turns = events.filter(({ type }) => type === 'paused' || type === 'continued');
  const [paused = 0, continued = 0] = turns.map(({ time }) => time);
  expect(turns.map((event) => ({ ...event, time: 0 }))).toEqual([
    { time: 0, type: 'paused', step: 4 },
    { time: 0, type: 'continued', step: 4 },
  ]);
  expect(continued - paused).toBeGreaterThan(30);
  expect((await bytesOf('paused')).equals(await bytesOf('whole'))).toBe(true);
});

test.each([
  ['stopped', 'while it runs'],
  ['stopped while paused', 'while it waits'],
])('%s, a run keeps what it has and measures it', async (out, when) => {
  const waits = when === 'while it waits';
  const { metrics, events } = await run(out, (event, panel) => {
    if (event.type === 'step' && event.step === 5) panel.ask(waits ? 'pause' : 'stop');
    if (event.type === 'paused')
      setTimeout(() => {
        panel.ask('stop');
      }, 20);
  });
  const [finished] = eventsOf(events, 'finished');
  const kept = eventsOf(events, 'evaluation').findLast((event) => event.kept);
  expect({
    steps: eventsOf(events, 'step').map(({ step }) => step),
    stopped: eventsOf(events, 'stopped').map(({ step, reason }) => [step, reason]),
    metrics: metrics.train.steps,
    keptStep: finished?.keptStep,
    lines: (await readPredictions(path(out))).length,
  }).toEqual({ steps: [1, 2, 3, 4, 5], stopped: [[5, 'asked']], metrics: 5, keptStep: kept?.step, lines: 6 });
});

describe('aborted', () => {
  beforeAll(async () => {
    const aborted = run('aborted', (event, panel) => {
      if (event.type === 'step' && event.step === 5) panel.abort();
    });
    expect(asOurs(await aborted.catch((thrown: unknown) => thrown))).toBeInstanceOf(CancelledError);
  });

  test('nothing stands there but what a resume needs', async () => {
    const files = await filesBelow(path('aborted'));
    expect({ extra: unfinished(files), half: halfWritten(files) }).toEqual({ extra: [], half: [] });
    expect(files.filter((file) => /state\.safetensors$/.test(file)).length).toBe(1);
  });

  test('resumed, it ends in the very bytes of a run that nothing came between, its curve whole', async () => {
    const { metrics, events } = await run('aborted', undefined, true);
    const at = eventsOf(events, 'resumed')[0]?.step ?? 0;
    expect(at).toBeGreaterThan(0);
    expect(at).toBeLessThanOrEqual(5);
    const journal = await journalOf('aborted');
    const curve = (all: readonly RunEvent[]) =>
      eventsOf(all, 'step').map(({ step, loss, gradNorm, learningRate, rows, tokens }) => ({
        step,
        loss,
        gradNorm,
        learningRate,
        rows,
        tokens,
      }));
    const checks = (all: readonly RunEvent[]) =>
      eventsOf(all, 'evaluation').map(({ step, loss, kept }) => ({ step, loss, kept }));
    expect({ curve: curve(journal), checks: checks(journal), steps: curve(journal).map(({ step }) => step) }).toEqual({
      curve: curve(whole.events),
      checks: checks(whole.events),
      steps,
    });
    expect((await bytesOf('aborted')).equals(await bytesOf('whole'))).toBe(true);
    expect(await readPredictions(path('aborted'))).toEqual(await readPredictions(path('whole')));
    expect({ ...metrics, train: { ...metrics.train, seconds: 0, peakMemoryBytes: 0 } }).toEqual({
      ...whole.metrics,
      train: { ...whole.metrics.train, seconds: 0, peakMemoryBytes: 0 },
    });
  });

  test('by an Atelier that did not have all of today’s settings, it is resumed', async () => {
    const aborted = run('older', (event, panel) => {
      if (event.type === 'step' && event.step === 5) panel.abort();
    });
    await expect(aborted).rejects.toThrow();
    const file = path('older', 'recipe.json');
    const { method, ...rest } = JSON.parse(await readFile(file, 'utf8')) as { method: Record<string, unknown> };
    const known = Object.entries(method).filter(([name]) => name !== 'template' && name !== 'labelWords');
    await writeFile(file, JSON.stringify({ ...rest, method: Object.fromEntries(known) }));
    const { events } = await run('older', undefined, true);
    expect(eventsOf(events, 'resumed').length).toBe(1);
    expect((await bytesOf('older')).equals(await bytesOf('whole'))).toBe(true);
  });

  test('with another recipe it is not resumed, and stays as it is', async () => {
    const before = await journalOf('aborted');
    const other = textRecipe({ training: { epochs: 4 } });
    await expect(
      trainTiny({ folder: path(), out: path('aborted'), recipe: other, resume: true }),
    ).rejects.toMatchObject({ code: 'resume.recipe-changed', data: { path: path('aborted', 'recipe.json') } });
    expect(await journalOf('aborted')).toEqual(before);
  });

  test.each(['baseline', 'evaluating', 'testing'] as const)(
    'while %s, it leaves nothing half-written',
    async (phase) => {
      const out = `aborted while ${phase}`;
      const aborted = run(out, (event, panel) => {
        if (event.type === 'phase' && event.phase === phase) panel.abort();
      });
      expect(asOurs(await aborted.catch((thrown: unknown) => thrown))).toBeInstanceOf(CancelledError);
      const files = await filesBelow(path(out));
      expect({ extra: unfinished(files), half: halfWritten(files) }).toEqual({ extra: [], half: [] });
      await run(out, undefined, true);
      expect((await bytesOf(out)).equals(await bytesOf('whole'))).toBe(true);
    },
  );

  test('while paused, it ends at once', async () => {
    const aborted = run('aborted while paused', (event, panel) => {
      if (event.type === 'step' && event.step === 2) panel.ask('pause');
      if (event.type === 'paused')
        setTimeout(() => {
          panel.abort();
        }, 20);
    });
    expect(asOurs(await aborted.catch((thrown: unknown) => thrown))).toBeInstanceOf(CancelledError);
  });
});

test('a run that gets worse stops by itself and keeps its best version', async () => {
  const training = { learningRate: 0.5, schedule: 'constant', warmup: 0, evaluationsPerEpoch: 3, epochs: 40 };
  const impatient = textRecipe({ training: { ...training, earlyStopping: 2 } });
  const { events } = await trainTiny({ folder: path(), out: path('early'), recipe: impatient });
  const checks = eventsOf(events, 'evaluation');
  const best = checks.reduce((one, other) => (other.loss < one.loss ? other : one));
  const last = checks.at(-1)?.step;
  expect({
    stopped: eventsOf(events, 'stopped').map(({ step, reason }) => [step, reason]),
    since: checks.filter(({ step }) => step > best.step).map(({ kept }) => kept),
    keptStep: eventsOf(events, 'finished')[0]?.keptStep,
  }).toEqual({ stopped: [[last, 'early']], since: [false, false], keptStep: best.step });
  // The adapter is that of the best check.
  const [kept, saved] = [
    await openSafetensors(path('early', 'checkpoints/best.safetensors')),
    await openSafetensors(path('early', 'adapter/adapter_model.safetensors')),
  ];
  for (const name of kept.tensors.keys())
    expect(await saved.read(`base_model.model.${name}`)).toEqual(await kept.read(name));
  await kept.close();
  await saved.close();
});

test('a run whose numbers leave the finite ends with its step, and writes no adapter', async () => {
  // Decay of 1 at a rate of 10 multiplies every weight by −9 a step.
  const training = { learningRate: 10, weightDecay: 1, schedule: 'constant', warmup: 0, maxGradNorm: null, epochs: 60 };
  const wild = textRecipe({ training, method: { name: 'full' }, data: { split: { validation: 0 } } });
  const events: RunEvent[] = [];
  const diverged = trainTiny({ folder: path(), out: path('wild'), recipe: wild, watch: (event) => events.push(event) });
  await expect(diverged).rejects.toMatchObject({ code: 'training.diverged' });
  const step = eventsOf(events, 'step').at(-1)?.step ?? 0;
  await expect(diverged).rejects.toMatchObject({ data: { step: step + 1 } });
  const files = await filesBelow(path('wild'));
  expect({ extra: unfinished(files), half: halfWritten(files) }).toEqual({ extra: [], half: [] });
});

describe('what cannot be trained is refused before the run leaves a trace', () => {
  const rows = (labels: readonly string[]) => labels.map((label, index) => ({ text: `text ${index}`, label }));
  beforeAll(async () => {
    await writeRows(path('one-class.csv'), rows(['a', 'a', 'a', 'a', 'a']));
    await writeRows(path('every-row.csv'), rows(['a', 'b', 'c', 'd', 'e']));
    await writeRows(path('few.csv'), rows(['a', 'b']));
    await writeRows(path('unseen.csv'), [...textRows(3, 7), { text: 'x', label: 'angry' }]);
    await writeRows(path('header.csv'), []);
  });
  const training = { epochs: 1 };
  test.each([
    ['one class', { data: { train: ['one-class.csv'], test: null } }, 'data.one-class'],
    ['a label a row', { data: { train: ['every-row.csv'], test: null } }, 'data.label-per-row'],
    ['too few rows', { data: { train: ['few.csv'], test: null } }, 'data.too-few-rows'],
    ['a label that nothing was learned of', { data: { test: ['unseen.csv'] } }, 'data.unseen-label'],
    ['only a header', { data: { train: ['header.csv'], test: null } }, 'data.header-only'],
    ['no such file', { data: { train: ['none.csv'] } }, 'file.missing'],
    ['no such column', { data: { columns: { text: 'body', label: 'label' } } }, 'data.column-missing'],
    ['no such layer', { method: { name: 'lora', targetModules: ['c_attn'] } }, 'method.no-targets'],
    ['a method for other families', { method: { name: 'in-context' } }, 'method.architecture'],
    ['learned tokens longer than the model', { method: { name: 'prefix', virtualTokens: 1024 } }, 'method.no-room'],
    ['rows longer than the model', { training: { ...training, maxLength: 4096 } }, 'recipe.field'],
    ['a learning rate below zero', { training: { learningRate: -1 } }, 'recipe.field'],
    ['no such model', { model: 'no/such/folder' }, 'file.missing'],
  ] as const)('%s', async (...[title, changed, code]) => {
    const out = path(`refused ${title}`);
    const refused = trainTiny({ folder: path(), out, recipe: textRecipe(changed) });
    await expect(refused).rejects.toMatchObject({ code });
    expect(await filesBelow(out)).toEqual([]);
  });

  test('an encoder that is asked to chat', async () => {
    await writeChats(path('chats.jsonl'), 4);
    const recipe = { ...chatRecipe({ method: { name: 'full' }, model: goldenModel('bert') }) };
    const data = { train: ['chats.jsonl'], columns: { messages: 'messages' } };
    const refused = trainTiny({ folder: path(), out: path('refused chat'), recipe: { ...recipe, data } });
    await expect(refused).rejects.toMatchObject({ code: 'model.task', data: { architecture: 'bert' } });
    expect(await filesBelow(path('refused chat'))).toEqual([]);
  });
});
