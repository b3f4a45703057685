/** How rows are dealt into batches of similar length, and a batch as leaves of a graph. */
import type { Architecture, ModelConfig } from '../models/model.ts';
import type { HostTensor } from '../runtime/session.ts';
import type { TokenRow } from '../tasks/rows.ts';
import { bits, permutation, streamKey } from './random.ts';
import type { BatchShape } from './setup.ts';
import { floats, longs } from './state.ts';

/** Lengths are rounded up to a multiple of about an eighth of themselves, so that few graphs are compiled. */
function lengthStep(length: number): number {
  return length <= 32 ? 4 : length <= 128 ? 8 : 16;
}
const answerStep = 64;
/** Batches whose rows are sorted by length together: enough to save padding, too few to spoil the shuffle. */
const batchesSorted = 32;

/** Indices of `lengths` in batches: shuffled, sorted by length within blocks, batches shuffled again. A function of its key. */
export function dealEpoch(lengths: readonly number[], batchSize: number, key: number): readonly (readonly number[])[] {
  const order = permutation(streamKey(key, 'rows'), lengths.length);
  const batches: number[][] = [];
  for (let start = 0; start < order.length; start += batchSize * batchesSorted) {
    const block = order.slice(start, start + batchSize * batchesSorted);
    block.sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
    for (let at = 0; at < block.length; at += batchSize) batches.push(block.slice(at, at + batchSize));
  }
  return permutation(streamKey(key, 'batches'), batches.length).map((index) => batches[index] ?? []);
}

/** Batches for measuring: longest first, so that the largest memory is met at once. */
export function dealByLength(lengths: readonly number[], batchSize: number): readonly (readonly number[])[] {
  const order = lengths.map((_, index) => index).sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0) || a - b);
  return Array.from({ length: Math.ceil(order.length / batchSize) }, (_, index) =>
    order.slice(index * batchSize, (index + 1) * batchSize),
  );
}

export interface Batch {
  readonly shape: BatchShape;
  readonly feeds: ReadonlyMap<string, HostTensor>;
  /** Answers that count, and tokens that are not padding. */
  readonly answers: number;
  readonly tokens: number;
}

export interface CollateOptions {
  readonly architecture: Architecture;
  readonly config: ModelConfig;
  /** What one answer weighs in the loss. */
  readonly weight: number;
}

export function roundLength(length: number, limit: number): number {
  return Math.min(Math.ceil(length / lengthStep(length)) * lengthStep(length), Math.max(limit, length));
}

/** Right-padded leaves `ids`, `mask`, `positions`, `types`, `rows`, `labels`, `weights`. */
export function collate(rows: readonly TokenRow[], { architecture, config, weight }: CollateOptions): Batch {
  const batch = rows.length;
  const length = roundLength(Math.max(...rows.map(({ ids }) => ids.length)), config.maxLength);
  const pad = config.padTokenId ?? 0;
  const ids = new Int32Array(batch * length).fill(pad);
  const types = new Int32Array(batch * length);
  const positions = new Int32Array(batch * length);
  const mask = new Float32Array(batch * length);
  const places: number[] = [];
  const labels: number[] = [];
  rows.forEach((row, index) => {
    const start = index * length;
    ids.set(row.ids, start);
    if (row.types) types.set(row.types, start);
    mask.fill(1, start, start + row.ids.length);
    positions.set(architecture.positions(config, Array.from(mask.subarray(start, start + length))), start);
    for (const { position, label } of row.answers) {
      places.push(start + position);
      labels.push(label);
    }
  });
  const count = places.length;
  const answers = count <= batch ? Math.max(count, 1) : Math.ceil(count / answerStep) * answerStep;
  const padded = (values: readonly number[]): HostTensor =>
    longs([answers], [...values, ...new Array<number>(answers - values.length).fill(0)]);
  const weights = new Float32Array(answers).fill(weight, 0, count);
  const shape = [batch, length];
  return {
    shape: { batch, length, answers },
    answers: count,
    tokens: rows.reduce((total, row) => total + row.ids.length, 0),
    feeds: new Map<string, HostTensor>([
      ['ids', longs(shape, ids)],
      ['mask', floats(shape, mask)],
      ['positions', longs(shape, positions)],
      ['types', longs(shape, types)],
      ['rows', padded(places)],
      ['labels', padded(labels)],
      ['weights', floats([answers], weights)],
    ]),
  };
}

/** Which rows step `step` (from 0) learns from: a function of the seed alone, so a resumed run goes on with the same rows. */
export interface Plan {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  groups(step: number): readonly (readonly number[])[];
}

export interface PlanOptions {
  readonly batchSize: number;
  readonly gradientAccumulation: number;
  readonly epochs: number;
  readonly maxSteps: number | null;
  readonly seed: number;
}

export function planSteps(lengths: readonly number[], options: PlanOptions): Plan {
  const { batchSize, gradientAccumulation, epochs, maxSteps, seed } = options;
  const stepsPerEpoch = Math.ceil(Math.ceil(lengths.length / batchSize) / gradientAccumulation);
  const wanted = Math.max(1, Math.round(stepsPerEpoch * epochs));
  let dealt: { epoch: number; batches: readonly (readonly number[])[] } | null = null;
  return {
    steps: maxSteps === null ? wanted : Math.min(wanted, maxSteps),
    stepsPerEpoch,
    groups: (step) => {
      const epoch = Math.floor(step / stepsPerEpoch);
      if (dealt?.epoch !== epoch) dealt = { epoch, batches: dealEpoch(lengths, batchSize, bits(seed, epoch)) };
      const start = (step % stepsPerEpoch) * gradientAccumulation;
      return dealt.batches.slice(start, start + gradientAccumulation);
    },
  };
}
