/** Golden-extra's optimizers: AdamW update by update, the schedules of Transformers, clipping, accumulation; the other update rules by name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Graph, type Tensor } from '../../../engine/autodiff/graph.ts';
import { adamw, adamwDefaults, scalarValues, stepScalars } from '../../../engine/optim/adamw.ts';
import { clip, clipValues, globalNorm } from '../../../engine/optim/clip.ts';
import type { HostTensor } from '../../../engine/runtime/session.ts';
import { scheduleFactor, type ScheduleName, type ScheduleRun } from '../../../engine/spec/schedule.ts';
import { floatData, floats, scalar } from '../../../engine/train/state.ts';
import { openReference, type Reference } from '../reference.ts';
import { runAccumulation } from './accumulation.ts';
import { compare } from './compare.ts';
import type { ExtraCase, ExtraFamily, ExtraResult, Machine } from './registry.ts';

const later = 'a later issue: optimizers';
/** Twelve updates in float32; a schedule is arithmetic in float64. */
const tolerance = { update: 3e-6, schedule: 1e-12, clipping: 1e-6 };

interface UpdateCase {
  readonly id: string;
  readonly source: string;
  readonly hyper: Hyper;
  readonly file: string;
}

interface Hyper {
  readonly lr: number;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly weight_decay?: number;
  readonly amsgrad?: boolean;
}

interface ScheduleCase {
  readonly id: string;
  readonly source: string;
  readonly lr: number;
  readonly kw: Readonly<Record<string, number | string | undefined>>;
  readonly lr_at_step: readonly number[];
}

interface ClipCase {
  readonly kind: 'norm' | 'value';
  readonly norm_type?: number | 'inf';
  readonly max_norm?: number;
  readonly clip_value?: number;
  readonly total_norm?: number;
  readonly in: Gradients;
  readonly out: Gradients;
}
type Gradients = Readonly<Record<string, readonly number[] | readonly (readonly number[])[]>>;

export const optimizers: ExtraFamily = {
  name: 'optimizers',
  cases: (root) => {
    const folder = join(root, 'optimizers');
    const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const { cases } = read('cases.json') as { cases: readonly UpdateCase[] };
    const { schedules } = read('schedules.json') as { schedules: readonly ScheduleCase[] };
    const clipping = read('clipping.json') as { cases: readonly ClipCase[] };
    return [
      ...cases.map((entry): ExtraCase => {
        const decay = decayOf(entry);
        return decay === null
          ? { name: entry.id, skipped: later }
          : { name: entry.id, run: (machine) => runUpdates({ folder, entry, decay }, machine) };
      }),
      ...schedules.map((entry): ExtraCase => ({
        name: `schedule-${entry.id}`,
        run: () => Promise.resolve(runSchedule(entry)),
      })),
      ...clipping.cases.map((entry, index): ExtraCase => ({
        name: `clipping-${entry.kind}-${String(index)}`,
        run: (machine) => runClipping(entry, machine),
      })),
      { name: 'accumulation', run: (machine) => runAccumulation(folder, machine) },
    ];
  },
};

/** The decoupled decay of a case that AdamW can run: its own, or of Adam without decay; null of any other rule. */
function decayOf({ source, hyper }: UpdateCase): number | null {
  if (hyper.amsgrad === true) return null;
  if (source === 'torch.optim.AdamW') return hyper.weight_decay ?? 0.01;
  return source === 'torch.optim.Adam' && (hyper.weight_decay ?? 0) === 0 ? 0 : null;
}

async function runUpdates(
  { folder, entry, decay }: { folder: string; entry: UpdateCase; decay: number },
  { runtime, device }: Machine,
): Promise<ExtraResult> {
  const { hyper } = entry;
  const settings = {
    beta1: hyper.betas?.[0] ?? adamwDefaults.beta1,
    beta2: hyper.betas?.[1] ?? adamwDefaults.beta2,
    epsilon: hyper.eps ?? adamwDefaults.epsilon,
  };
  const inputs = await openReference(folder, 'inputs.safetensors');
  const golden = await openReference(folder, entry.file);
  const names = inputs.names('p0.').map((name) => name.slice('p0.'.length));
  const graph = new Graph();
  const scalars = stepScalars(graph);
  const state = new Map<string, HostTensor>();
  const outputs: Record<string, Tensor> = {};
  for (const name of names) {
    const { shape, values } = inputs.floats(`p0.${name}`);
    const leaf = (part: string): Tensor => graph.input(part, 'float32', shape);
    const [first, second] = [`state.${name}.exp_avg`, `state.${name}.exp_avg_sq`];
    const before = { weight: leaf(name), first: leaf(first), second: leaf(second) };
    const after = adamw(before, leaf(`grads.${name}`), { scalars, settings, decays: true });
    Object.assign(outputs, { [name]: after.weight, [first]: after.first, [second]: after.second });
    state.set(name, floats(shape, values)).set(first, floats(shape)).set(second, floats(shape));
  }
  const session = await runtime.compile(
    graph,
    Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [`${name}+`, tensor])),
    { device, threads: 1 },
  );
  const into = new Map([...state].map(([name, tensor]) => [`${name}+`, tensor]));
  const found: number[][] = [];
  const expected: number[][] = [];
  const steps = golden.floats(names[0] ?? '').shape[0] ?? 0;
  for (let step = 0; step < steps; step += 1) {
    const feeds = new Map(state);
    for (const name of names) feeds.set(`grads.${name}`, rowOf(inputs, `grads.${name}`, step));
    const values = scalarValues(step + 1, { learningRate: hyper.lr, weightDecay: decay }, settings);
    for (const [name, value] of Object.entries(values)) feeds.set(name, scalar(value));
    await session.run(feeds, into);
    for (const [name, tensor] of state) {
      if (!golden.has(name)) continue;
      found.push([...floatData(tensor)]);
      expected.push([...floatData(rowOf(golden, name, step))]);
    }
  }
  await session.dispose();
  return compare(found, expected, tolerance.update);
}

/** Tensor [steps, …] at a step. */
function rowOf(reference: Reference, name: string, step: number): HostTensor {
  const { shape, values } = reference.floats(name);
  const size = values.length / (shape[0] ?? 1);
  return floats(shape.slice(1), values.slice(step * size, (step + 1) * size));
}

type Keywords = Readonly<Record<string, number | undefined>>;

/** Transformers' functions with their own defaults, in our words. */
const scheduleOf: Readonly<
  Record<string, (kw: Keywords, lr: number) => readonly [ScheduleName, Omit<ScheduleRun, 'warmup' | 'total'>]>
> = {
  get_constant_schedule: () => ['constant', {}],
  get_constant_schedule_with_warmup: () => ['constant', {}],
  get_linear_schedule_with_warmup: () => ['linear', {}],
  get_cosine_schedule_with_warmup: ({ num_cycles = 0.5 }) => ['cosine', { cycles: num_cycles }],
  get_cosine_with_hard_restarts_schedule_with_warmup: ({ num_cycles = 1 }) => [
    'cosine-with-restarts',
    { cycles: num_cycles },
  ],
  get_cosine_with_min_lr_schedule_with_warmup: ({ num_cycles = 0.5, min_lr = 0, min_lr_rate }, lr) => [
    'cosine-with-min-lr',
    { cycles: num_cycles, minRate: min_lr_rate ?? min_lr / lr },
  ],
  get_polynomial_decay_schedule_with_warmup: ({ lr_end = 1e-7, power = 1 }, lr) => [
    'polynomial',
    { endRate: lr_end / lr, power },
  ],
  get_inverse_sqrt_schedule: ({ timescale }) => ['inverse-sqrt', timescale === undefined ? {} : { timescale }],
  get_wsd_schedule: ({ num_decay_steps = 0, min_lr_ratio = 0 }) => [
    'warmup-stable-decay',
    { decay: num_decay_steps, minRate: min_lr_ratio },
  ],
};

function runSchedule({ source, lr, kw, lr_at_step }: ScheduleCase): ExtraResult {
  const named = scheduleOf[source.split('.').at(-1) ?? ''];
  if (!named || Object.values(kw).some((value) => typeof value === 'string'))
    return { worst: NaN, failure: `no schedule of ours is ${source} with ${JSON.stringify(kw)}` };
  const numbers = kw as Keywords;
  const [name, options] = named(numbers, lr);
  const warmup = numbers['num_warmup_steps'] ?? 0;
  const total =
    numbers['num_training_steps'] ??
    warmup + (numbers['num_stable_steps'] ?? lr_at_step.length) + (numbers['num_decay_steps'] ?? 0);
  const found = lr_at_step.map((_, step) => lr * scheduleFactor(name, step, { warmup, total, ...options }));
  return compare(found, lr_at_step, tolerance.schedule);
}

async function runClipping(entry: ClipCase, { runtime, device }: Machine): Promise<ExtraResult> {
  const graph = new Graph();
  const feeds = new Map<string, HostTensor>();
  const leaves = Object.entries(entry.in).map(([name, values]) => {
    const flat = Float32Array.from(values.flat());
    const shape = Array.isArray(values[0]) ? [values.length, flat.length / values.length] : [flat.length];
    feeds.set(name, floats(shape, flat));
    return { name, tensor: graph.input(name, 'float32', shape) };
  });
  const grads = leaves.map(({ tensor }) => tensor);
  const outputs: Record<string, Tensor> = {};
  let clipped: readonly Tensor[];
  if (entry.kind === 'norm') {
    outputs['norm'] = globalNorm(grads, entry.norm_type ?? 2);
    clipped = clip(grads, outputs['norm'], graph.input('limit', 'float32', []));
    feeds.set('limit', scalar(entry.max_norm ?? NaN));
  } else clipped = clipValues(grads, entry.clip_value ?? NaN);
  for (const [index, grad] of clipped.entries()) outputs[`${leaves[index]?.name ?? ''}+`] = grad;
  const session = await runtime.compile(graph, outputs, { device, threads: 1 });
  const result = await session.run(feeds);
  await session.dispose();
  const found = {
    ...(entry.kind === 'norm' ? { norm: floatData(result['norm'])[0] } : {}),
    out: leaves.map(({ name }) => [...floatData(result[`${name}+`])]),
  };
  const expected = {
    ...(entry.kind === 'norm' ? { norm: entry.total_norm } : {}),
    out: leaves.map(({ name }) => entry.out[name]?.flat()),
  };
  return compare(found, expected, tolerance.clipping);
}
