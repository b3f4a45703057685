/** Every method, on every kind of model, keeps the same promises. */
import { describe, expect, test } from 'vitest';
import type { HeadName } from '../../../engine/models/model.ts';
import { openTuned } from '../../../engine/export/open-adapter.ts';
import { methodOf } from '../../../engine/methods/registry.ts';
import { saveAdapter } from '../../../engine/export/adapter.ts';
import { Runtime, type HostTensor } from '../../../engine/runtime/session.ts';
import { plainFull } from '../../../engine/spec/methods/full.ts';
import { ia3Preset } from '../../../engine/spec/methods/ia3.ts';
import { methodPreset, supportedMethods, type MethodConfig } from '../../../engine/spec/methods/index.ts';
import { plainProbe } from '../../../engine/spec/methods/linear-probe.ts';
import { plainLora, type LoraConfig } from '../../../engine/spec/methods/lora.ts';
import { noTemplate } from '../../../engine/spec/methods/template.ts';
import { adapterPreset, type AdapterConfig } from '../../../engine/spec/methods/adapter.ts';
import { parseRecipe } from '../../../engine/spec/recipe.ts';
import type { TaskName } from '../../../engine/spec/tasks.ts';
import { taskOf } from '../../../engine/tasks/registry.ts';
import type { TokenRow } from '../../../engine/tasks/rows.ts';
import { loadCheckpoint, saveCheckpoint, type Progress } from '../../../engine/train/checkpoints.ts';
import { Machine } from '../../../engine/train/machine.ts';
import { mergeLearned, type Merged } from '../../../engine/train/merge.ts';
import { firstMoment } from '../../../engine/train/step-graph.ts';
import { floatData, floats } from '../../../engine/train/state.ts';
import { readWeight } from '../../../engine/train/weights.ts';
import { goldenModel, loadMachine, randomRows, useFolder } from '../../support/engine-fixtures.ts';

const path = useFolder();

interface Model {
  readonly name: string;
  readonly head: HeadName;
  readonly task: TaskName;
  readonly labels: readonly string[];
  readonly targets: readonly string[];
  readonly table: string;
  /** Every method once, in its plainest form. */
  readonly plain?: true;
  /** Reads nothing before its tokens, so that no prefix can be put there. */
  readonly takesNoPast?: true;
}
const everyDay: readonly Model[] = [
  {
    name: 'bert',
    head: 'sequence-classification',
    task: 'text-classification',
    labels: ['calm', 'glad', 'sad'],
    targets: ['query', 'value'],
    table: 'word_embeddings',
  },
  // Its head is two layers.
  {
    name: 'roberta',
    head: 'sequence-classification',
    task: 'text-classification',
    labels: ['calm', 'glad', 'sad'],
    targets: ['query', 'value'],
    table: 'word_embeddings',
  },
  {
    name: 'llama',
    head: 'causal-lm',
    task: 'chat',
    labels: [],
    targets: ['q_proj', 'down_proj'],
    table: 'embed_tokens',
  },
  {
    name: 'deberta-v3',
    head: 'sequence-classification',
    task: 'text-classification',
    labels: ['calm', 'glad', 'sad'],
    targets: ['key_proj', 'value_proj'],
    table: 'word_embeddings',
    plain: true,
    takesNoPast: true,
  },
  // Fills gaps: its head came with it, and is the word table with a bias of its own.
  {
    name: 'distilbert',
    head: 'masked-lm',
    task: 'text-classification',
    labels: ['calm', 'glad', 'sad'],
    targets: ['q_lin', 'v_lin'],
    table: 'word_embeddings',
    plain: true,
    takesNoPast: true,
  },
  {
    name: 'bart',
    head: 'seq2seq-lm',
    task: 'translation',
    labels: [],
    targets: ['q_proj', 'fc1'],
    table: 'shared',
    plain: true,
  },
  // Its language-model head is its embedding.
  { name: 'smollm', head: 'causal-lm', task: 'chat', labels: [], targets: ['q_proj', 'v_proj'], table: 'embed_tokens' },
  { name: 't5', head: 'seq2seq-lm', task: 'translation', labels: [], targets: ['q', 'v'], table: 'shared' },
];

const classes = {
  head: 'sequence-classification',
  task: 'text-classification',
  labels: ['calm', 'glad', 'sad'],
  table: 'word_embeddings',
  plain: true,
} as const;
const writes = { head: 'causal-lm', task: 'text-generation', labels: [], table: 'embed_tokens', plain: true } as const;
const queries = ['q_proj', 'v_proj'] as const;
/** The other families: relatives of those above in all but their own mathematics, which parity holds them to. */
const relatives: readonly Model[] = [
  { ...classes, name: 'roberta', targets: ['query', 'value'] },
  { ...classes, name: 'electra', targets: ['query', 'value'] },
  { ...classes, name: 'distilbert', targets: ['q_lin', 'v_lin'], takesNoPast: true },
  { ...writes, name: 'gpt2', targets: ['c_attn'], table: 'wte' },
  { ...writes, name: 'gpt_neox', targets: ['query_key_value'], table: 'embed_in' },
  { ...writes, name: 'opt', targets: queries },
  { ...writes, name: 'mistral', targets: queries },
  { ...writes, name: 'qwen2', targets: queries },
  { ...writes, name: 'qwen3', targets: queries },
  { ...writes, name: 'gemma2', targets: queries },
  { ...writes, name: 'gemma3', targets: queries },
  { ...writes, name: 'phi3', targets: ['qkv_proj', 'o_proj'] },
  { ...writes, name: 'llama3-rope', targets: queries },
  {
    name: 't5-tied',
    head: 'seq2seq-lm',
    task: 'translation',
    labels: [],
    targets: ['q', 'v'],
    table: 'shared',
    plain: true,
  },
];
const all = process.env['ATELIER_ALL'] === '1';
const models = all ? [...everyDay, ...relatives] : everyDay;
if (!all) {
  test('every method on the other families', ({ skip }) =>
    skip('several minutes: npm run test:all, or ATELIER_ALL=1, runs them'));
}

interface Method {
  readonly config: (model: Model) => MethodConfig;
  /** Drops out inputs of its own while training. */
  readonly drops: boolean;
  /** Computes what the model computes until it has learned: to the bit, or within rounding. */
  readonly identity: boolean | 'nearly';
  /** Which of several; empty: as its paper has it. */
  readonly variant?: string;
  /** Models that show what is special to it; all unless said otherwise. */
  readonly on?: readonly string[];
}
const virtual = { virtualTokens: 3, modulesToSave: null } as const;
const learnedAlone = { ...noTemplate, initText: null, transformerSubmodules: 1 } as const;
const encoder = {
  ...noTemplate,
  transformerSubmodules: 1,
  encoderSize: 6,
  encoderLayers: 2,
  encoderDropout: 0,
} as const;
const written = { initText: null, projection: true, encoderSize: 6 } as const;
const plain = { initText: null, projection: false, encoderSize: null } as const;
const methods: readonly Method[] = [
  { config: () => plainFull, drops: false, identity: true },
  {
    config: () => ({ ...plainFull, frozenLayers: 1, layerDecay: 0.5 }),
    drops: false,
    identity: true,
    variant: 'of the upper layers',
  },
  { config: () => plainProbe, drops: false, identity: true },
  { config: () => ({ ...plainProbe, lastLayers: 1 }), drops: false, identity: true, variant: 'and a layer' },
  { config: () => ({ ...plainProbe, learns: 'norms' }), drops: false, identity: true, variant: 'and norms' },
  {
    config: () => ({ ...plainProbe, learns: 'biases', strict: true }),
    drops: false,
    identity: true,
    variant: 'of one layer, and biases',
    on: ['bert', 'roberta'],
  },
  {
    config: ({ targets }) => loraWith({ r: 2, alpha: 4, dropout: 0.25, targetModules: [...targets] }),
    drops: true,
    identity: true,
  },
  {
    config: ({ targets }) =>
      loraWith({ dora: true, rslora: true, dropout: 0.25, bias: 'all', targetModules: [...targets] }),
    drops: true,
    identity: 'nearly',
    variant: 'DoRA',
    on: ['bert', 'llama'],
  },
  {
    config: ({ targets }) =>
      loraWith({ initWeights: 'pissa', rslora: true, rankPattern: { v_proj: 3 }, targetModules: [...targets] }),
    drops: false,
    identity: true,
    variant: 'PiSSA',
    on: ['bert', 'llama'],
  },
  {
    config: ({ targets, table }) =>
      loraWith({ initWeights: 'gaussian', loraBias: true, bias: 'lora_only', targetModules: [...targets, table] }),
    drops: false,
    identity: true,
    variant: 'on tables',
    on: ['bert'],
  },
  {
    config: ({ targets }) =>
      loraWith({ loraPlusRatio: 16, modulesToSave: ['lm_head'], layersToTransform: [1], targetModules: [...targets] }),
    drops: false,
    identity: true,
    variant: 'with an answer layer of its own',
    on: ['smollm'],
  },
  // Its start is near the identity, not at it.
  {
    config: () => adapterWith({ configuration: 'houlsby', dropout: 0.2 }),
    drops: true,
    identity: false,
    variant: 'houlsby',
  },
  {
    config: () => adapterWith({ configuration: 'pfeiffer', init: 'mam_adapter' }),
    drops: false,
    identity: true,
    variant: 'pfeiffer',
  },
  {
    config: () => adapterWith({ configuration: 'par_bn', lnBefore: true, trainLayerNorm: true }),
    drops: false,
    identity: true,
    variant: 'parallel, with norms',
  },
  {
    config: ({ name, targets }) => {
      const context = { task: 'chat', architecture: name, parameters: null } as const;
      const preset = ia3Preset('balanced', context);
      return { ...preset, targetModules: [...new Set([...preset.targetModules, ...targets])] };
    },
    drops: false,
    identity: true,
  },
  {
    config: () => ({ name: 'prefix', ...virtual, ...plain, ...noTemplate, init: 'random' }),
    drops: false,
    identity: false,
  },
  {
    config: () => ({ name: 'prefix', ...virtual, ...written, ...noTemplate, init: 'random' }),
    drops: false,
    identity: false,
  },
  { config: () => ({ name: 'prompt', ...virtual, ...learnedAlone, init: 'random' }), drops: false, identity: false },
  { config: () => ({ name: 'p-tuning', ...virtual, ...encoder, encoder: 'embedding' }), drops: false, identity: false },
  { config: () => ({ name: 'p-tuning', ...virtual, ...encoder, encoder: 'mlp' }), drops: false, identity: false },
  {
    config: () => ({ name: 'p-tuning', ...virtual, ...encoder, encoder: 'lstm', encoderDropout: 0.5 }),
    drops: true,
    identity: false,
  },
  {
    config: () => ({ name: 'p-tuning-v2', ...virtual, ...plain, ...noTemplate, init: 'zero', dropout: 0.2 }),
    drops: true,
    identity: false,
  },
  {
    config: () => ({ name: 'p-tuning-v2', ...virtual, ...written, ...noTemplate, init: 'random', dropout: 0 }),
    drops: false,
    identity: false,
  },
];

/** A small adapter without any of its extras. */
function adapterWith(changed: Partial<AdapterConfig>): AdapterConfig {
  const context = { task: 'chat', architecture: null, parameters: null } as const;
  return { ...adapterPreset('balanced', context), reductionFactor: 4, ...changed };
}

/** LoRA without any of its extras. */
function loraWith(changed: Partial<LoraConfig>): LoraConfig {
  return { name: 'lora', r: 2, alpha: 4, dropout: 0, targetModules: ['query'], ...plainLora, ...changed };
}

/** Without the list of saved modules: PEFT's file names those that null stands for. */
function named(method: MethodConfig | null): Partial<LoraConfig> | MethodConfig | null {
  return method && 'modulesToSave' in method ? { ...method, modulesToSave: null } : method;
}

function withoutDropout(method: MethodConfig): MethodConfig {
  if ('encoderDropout' in method) return { ...method, encoderDropout: 0 };
  return 'dropout' in method ? { ...method, dropout: 0 } : method;
}

type Loaded = Awaited<ReturnType<typeof loadMachine>>;

function load(model: Model, method: MethodConfig | null, known = new Map<string, Float32Array>()): Promise<Loaded> {
  return loadMachine({ model: goldenModel(model.name), head: model.head, method, known });
}

async function close(...all: readonly Loaded[]): Promise<void> {
  for (const { machine, base } of all) {
    await machine.release();
    await base.close();
  }
}

function rowsOf({ head }: Model, lengths: readonly number[]): TokenRow[] {
  const answers = head === 'seq2seq-lm' ? 'decoder' : head === 'causal-lm' ? 'next' : 'first';
  return randomRows(lengths, { answers });
}
const lengths = [4, 6, 8, 5];

const settings = { learningRate: 1e-2, weightDecay: 0.01, maxGradNorm: 1, seed: 3 };

/** Updates `from` + 1 … `to`, each from all rows. */
async function train({ machine }: Loaded, rows: readonly TokenRow[], { from = 0, to = 3, seed = settings.seed } = {}) {
  machine.prepareTraining();
  const losses: number[] = [];
  for (let step = from + 1; step <= to; step += 1)
    losses.push((await machine.step([rows], { ...settings, seed, step })).loss);
  return losses;
}

type Snapshot = Readonly<Record<string, Float32Array>>;

function snapshot(state: ReadonlyMap<string, HostTensor>, names: Iterable<string>): Snapshot {
  return Object.fromEntries([...names].map((name) => [name, floatData(state.get(name)).slice()]));
}

function changed(before: Snapshot, after: Snapshot): string[] {
  return Object.keys(before).filter((name) => !sameBits(before[name], after[name]));
}

/** Largest difference. */
function farthest(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  return Math.max(
    ...a.map((values, row) =>
      values.reduce((most, value, at) => Math.max(most, Math.abs(value - (b[row]?.[at] ?? NaN))), 0),
    ),
  );
}

function sameBits(a: Float32Array | undefined, b: Float32Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}

const columnsOf: Readonly<Partial<Record<TaskName, Readonly<Record<string, string>>>>> = {
  chat: { messages: 'messages' },
  translation: { source: 'source', target: 'target' },
  'text-classification': { text: 'text', label: 'label' },
};

function recipeOf(model: Model, method: MethodConfig) {
  const columns = columnsOf[model.task];
  const data = { train: ['rows.csv'], columns };
  const outline = parseRecipe({ version: 1, model: goldenModel(model.name), task: model.task, data, method });
  return outline.resolve({ architecture: model.name, parameters: 1e5 });
}

const progress = (step: number): Progress => ({
  step,
  seconds: 0,
  rows: 0,
  tokens: 0,
  lastLoss: 0,
  peakMemoryBytes: 0,
  best: null,
  checksWithoutGain: 0,
});

const prefixes: ReadonlySet<string> = new Set(['prefix', 'p-tuning-v2']);

const table = models.flatMap((model) =>
  methods
    .filter(({ on }) => on?.includes(model.name) ?? model.name !== 'roberta')
    .map(({ config, ...promised }) => ({ model, method: config(model), ...promised }))
    .filter(({ method }) => !(model.takesNoPast && prefixes.has(method.name)))
    .filter(({ method }, index, all) => !model.plain || all.findIndex((o) => o.method.name === method.name) === index),
);

/** The variant of a method, where it has several. */
function variantOf({ method, variant }: { readonly method: MethodConfig; readonly variant?: string }): string {
  if (variant !== undefined) return `${method.name} (${variant})`;
  const written = 'projection' in method && method.projection ? ' with a network' : '';
  return `${method.name}${'encoder' in method ? ` (${method.encoder})` : ''}${written}`;
}

test('every method that learns stands in the table', () => {
  const learning = supportedMethods.filter((name) => {
    const method = methodPreset(name, 'balanced', { task: 'chat', architecture: 'llama', parameters: null });
    return methodOf(method).prompting(method) === null;
  });
  expect(new Set(table.map(({ method }) => method.name))).toEqual(new Set(learning));
});

describe.each(table.map((entry) => ({ ...entry, title: `${variantOf(entry)} on ${entry.model.name}` })))(
  '$title',
  ({ model, method, drops, identity, title }) => {
    test(identity ? 'starts as the model it came from' : 'changes the model from the start', async () => {
      const [plain, tuned] = [await load(model, null), await load(model, method)];
      expect(tuned.setup.method?.startsAsIdentity(method)).toBe(identity !== false);
      const rows = rowsOf(model, lengths);
      const [before, after] = [await plain.machine.logits(rows), await tuned.machine.logits(rows)];
      if (identity === 'nearly') expect(farthest(after, before)).toBeLessThan(1e-5);
      else if (identity) expect(after).toEqual(before);
      else expect(after).not.toEqual(before);
      await close(plain, tuned);
    });

    test('moves its own parameters, all of them, and nothing else', async () => {
      const loaded = await load(model, method);
      const { machine, weights, setup } = loaded;
      const before = snapshot(machine.state, weights.fed.keys());
      await train(loaded, rowsOf(model, lengths));
      const after = snapshot(machine.state, weights.fed.keys());
      expect(changed(before, after).toSorted()).toEqual(setup.trainable.toSorted());
      // What is mapped from the file is out of reach.
      expect([...weights.mapped.keys()].filter((name) => setup.trainable.includes(name))).toEqual([]);
      await close(loaded);
    });

    test('can be switched off: the model below is as it was', async () => {
      const [plain, loaded] = [await load(model, null), await load(model, method)];
      const rows = rowsOf(model, lengths);
      const before = await plain.machine.hidden(rows);
      await train(loaded, rows);
      const { trainable, target } = loaded.setup;
      // A method that changes the base leaves its file alone; any other leaves the base in memory alone.
      const [fresh, fed] = [await load(model, null), new Map(loaded.machine.state)];
      const weights = trainable.some((name) => target.base.has(name)) ? fresh.weights : { ...loaded.weights, fed };
      const below = new Machine({ ...fresh, weights, device: 'cpu', threads: 1 });
      expect(await below.hidden(rows)).toEqual(before);
      await below.release();
      await close(plain, loaded, fresh);
    });

    test('saved and loaded, it answers the same to the bit', async () => {
      const loaded = await load(model, method);
      const rows = rowsOf(model, lengths);
      await train(loaded, rows);
      const folder = path(title.replaceAll(' ', '-'));
      const { setup, base, machine } = loaded;
      const learned = { recipe: recipeOf(model, method), task: taskOf(model.task), setup, base };
      await saveAdapter({ ...learned, rows: { labels: model.labels } }, machine.state, folder);
      const opened = await openTuned(goldenModel(model.name), folder);
      const again = new Machine({ ...opened, runtime: await Runtime.open(), device: 'cpu', threads: 1 });
      expect({
        labels: opened.labels,
        method: named(opened.setup.methodConfig),
        logits: await again.logits(rows),
      }).toEqual({
        labels: model.labels,
        method: named(setup.method?.savedConfig(method) ?? null),
        logits: await machine.logits(rows),
      });
      await again.release();
      await opened.base.close();
      await close(loaded);
    });

    test('merges into weights that answer the same, and comes out of them again', async () => {
      const loaded = await load(model, method);
      const { setup, base, machine } = loaded;
      await train(loaded, rowsOf(model, lengths));
      const read = (name: string): Promise<Float32Array> => readWeight(name, base, { setup, seed: 1 });
      const merge = (): Merged => mergeLearned(setup, { state: machine.state, read });
      if (setup.method?.merging) {
        const merged = merge();
        const fed = new Map<string, HostTensor>();
        for (const [name, shape] of merged.setup.shapes) {
          const weight = await merged.weight(name);
          fed.set(name, floats(shape, weight));
          if (setup.target.base.has(name))
            expect(farthest([await merged.restored(name, weight)], [await read(name)]), name).toBeLessThan(1e-6);
        }
        const weights = { fed, mapped: new Map(), read: new Map() };
        const alone = new Machine({ ...loaded, setup: merged.setup, weights, device: 'cpu', threads: 1 });
        const rows = rowsOf(model, lengths);
        expect(farthest(await alone.logits(rows), await machine.logits(rows))).toBeLessThan(1e-5);
        await alone.release();
      } else expect(merge).toThrow(expect.objectContaining({ code: 'method.merge' }));
      await close(loaded);
    });

    test('goes on from a checkpoint as if it had never stopped, to the bit', async () => {
      const rows = rowsOf(model, lengths);
      const [whole, first] = [await load(model, method), await load(model, method)];
      const losses = await train(whole, rows, { to: 4 });
      const before = await train(first, rows, { to: 2 });
      const folder = path(`${title} checkpoints`);
      const tensors = new Map(
        first.machine.learned.flatMap((name) => {
          const tensor = first.machine.state.get(name);
          return tensor ? [[name, tensor] as const] : [];
        }),
      );
      await saveCheckpoint(folder, progress(2), tensors);
      const checkpoint = await loadCheckpoint(folder);
      expect(checkpoint?.progress).toEqual(progress(2));
      const second = await load(model, method, new Map(checkpoint?.tensors));
      second.machine.prepareTraining();
      for (const [name, data] of checkpoint?.tensors ?? []) floatData(second.machine.state.get(name)).set(data);
      const after = await train(second, rows, { from: 2, to: 4 });
      expect([...before, ...after]).toEqual(losses);
      const { learned } = whole.machine;
      expect(changed(snapshot(whole.machine.state, learned), snapshot(second.machine.state, learned))).toEqual([]);
      await close(whole, first, second);
    });

    test('two batches of four added up are one batch of eight', async () => {
      const still = withoutDropout(method);
      const [one, two] = [await load(model, still), await load(model, still)];
      const rows = rowsOf(model, [...lengths, 3, 7, 5, 6]);
      const at = { ...settings, step: 1 };
      one.machine.prepareTraining();
      two.machine.prepareTraining();
      const whole = await one.machine.step([rows], at);
      const parts = await two.machine.step([rows.slice(0, 4), rows.slice(4)], at);
      expect(Math.abs(whole.loss - parts.loss)).toBeLessThan(1e-6);
      expect({ ...parts, loss: 0, gradNorm: 0 }).toEqual({ ...whole, loss: 0, gradNorm: 0 });
      // After one update the first moment is a tenth of the gradient.
      const far = one.setup.trainable.map(firstMoment).filter((name) => {
        const [a, b] = [one, two].map(({ machine }) => floatData(machine.state.get(name)));
        return a?.some((value, index) => !(Math.abs(value - (b?.[index] ?? NaN)) < 1e-6));
      });
      expect(far).toEqual([]);
      await close(one, two);
    });

    test('is a function of its seed', async () => {
      const [one, same, other] = [await load(model, method), await load(model, method), await load(model, method)];
      const rows = rowsOf(model, lengths);
      const losses = await train(one, rows, { seed: 5 });
      expect(await train(same, rows, { seed: 5 })).toEqual(losses);
      // Start values are the same here; only dropout can tell the seeds apart.
      const apart = await train(other, rows, { seed: 6 });
      expect(apart[0] !== losses[0] || apart[1] !== losses[1]).toBe(drops);
      await close(one, same, other);
    });
  },
);

test('LoRA that finds no layer says which there are', async () => {
  const method = loraWith({ targetModules: ['c_attn', 'classifier'] });
  await expect(
    loadMachine({ model: goldenModel('bert'), head: 'sequence-classification', method }),
  ).rejects.toMatchObject({
    code: 'method.no-targets',
    data: { targets: 'c_attn, classifier', available: 'query, key, value, dense' },
  });
});
