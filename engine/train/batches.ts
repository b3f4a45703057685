/** How rows are dealt into batches of similar length, and a batch as leaves of a graph. */
import type { HeadName, PositionOptions } from '../models/model.ts';
import type { HostTensor } from '../runtime/session.ts';
import { itemsOf, type Objective } from '../tasks/objective.ts';
import { withoutVirtualTokens, withVirtualTokens, type TokenRow } from '../tasks/rows.ts';
import { bits, permutation, streamKey } from './random.ts';
import type { Setup } from './setup.ts';
import type { StepShape } from './step-graph.ts';
import { floats, longs } from './state.ts';
import { rangesOf, targets, weights } from './targets.ts';

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

/** Tokens of a batch for measuring, padding included, unless one row has more: memory grows with them, as a prompt of examples would show. */
const tokensMeasured = 8192;

/** Batches for measuring: longest first, so that the largest memory is met at once. */
export function dealByLength(lengths: readonly number[], batchSize: number): readonly (readonly number[])[] {
  const order = lengths.map((_, index) => index).sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0) || a - b);
  const batches: number[][] = [];
  for (let at = 0; at < order.length;) {
    const longest = Math.max(1, lengths[order[at] ?? 0] ?? 1);
    const count = Math.min(batchSize, Math.max(1, Math.floor(tokensMeasured / longest)));
    batches.push(order.slice(at, at + count));
    at += count;
  }
  return batches;
}

export interface Batch {
  readonly shape: StepShape;
  readonly feeds: ReadonlyMap<string, HostTensor>;
  /** Numbers of the logits that are each row's, as [start, end) of the answers. */
  readonly ranges: readonly (readonly [number, number])[];
  /** Items with a loss, and each row's share of them. */
  readonly items: number;
  readonly itemRanges: readonly (readonly [number, number])[];
  /** Tokens that are not padding. */
  readonly tokens: number;
}

export interface CollateOptions {
  readonly setup: Setup;
  readonly objective: Objective;
  /** What one item weighs in the loss. */
  readonly weight: number;
}

export function roundLength(length: number, limit: number): number {
  return Math.min(Math.ceil(length / lengthStep(length)) * lengthStep(length), Math.max(limit, length));
}

/** Right-padded leaves of buildForward and of the objective. Rows must not be none. */
export function collate(rows: readonly TokenRow[], { setup, objective, weight }: CollateOptions): Batch {
  const choices = Math.max(1, ...rows.map((row) => row.choices?.length ?? 1));
  const framed = rows.flatMap((row) => candidates(row, choices)).map((row) => frame(row, setup));
  const stacks = stackFeeds(framed, setup);
  const { length, decoderLength } = stacks;
  const answered = places(framed, { objective, length: decoderLength > 0 ? decoderLength : length });
  const shape = { batch: framed.length, length, decoderLength, answers: answered.rows.length, choices };
  const items = targets(rows, { objective, head: setup.head, shape, framed, answered: answered.ranges });
  return {
    shape,
    ranges: answered.ranges,
    items: items.ranges.at(-1)?.[1] ?? 0,
    itemRanges: items.ranges,
    tokens: framed.reduce((total, { ids, decoder = [] }) => total + ids.length + decoder.length, 0),
    feeds: new Map<string, HostTensor>([
      ...stacks.feeds,
      ['rows', longs([answered.rows.length], answered.rows)],
      ...items.feeds,
      ['weights', weights(itemsOf(objective, shape), items.ranges.at(-1)?.[1] ?? 0, weight)],
    ]),
  };
}

/** The sequences of a row: all candidates of a multiple choice, the last repeated where a row has fewer than others. */
function candidates(row: TokenRow, count: number): readonly TokenRow[] {
  const own = row.choices ?? [row];
  return Array.from({ length: count }, (_, index) => own[Math.min(index, own.length - 1)] ?? row);
}

/** With the method's virtual tokens, and with what the decoder reads where that is the input itself, shifted right. */
function frame(given: TokenRow, { architecture, config, head, virtualTokens }: Setup): TokenRow {
  const row = virtualTokens === 0 ? withoutVirtualTokens(given) : given;
  const source = architecture.decoderInput(head.name);
  const decoder =
    source === 'shifted-input'
      ? [config.decoderStartTokenId ?? config.padTokenId ?? 0, ...row.ids.slice(0, -1)]
      : row.decoder;
  // Encoders pool the first position, whatever stands there; answers in a decoder do not move.
  const pooledFirst = architecture.kind === 'encoder' && pooledHeads.has(head.name);
  const shift = pooledFirst || source !== 'none' ? 0 : virtualTokens;
  return withVirtualTokens(decoder ? { ...row, decoder } : row, virtualTokens, shift);
}

const pooledHeads: ReadonlySet<HeadName> = new Set<HeadName>(['sequence-classification', 'multiple-choice']);

interface Stacks {
  readonly length: number;
  readonly decoderLength: number;
  readonly feeds: readonly (readonly [string, HostTensor])[];
}

function stackFeeds(rows: readonly TokenRow[], setup: Setup): Stacks {
  const { architecture, prefixLength, virtualTokens } = setup;
  const hasDecoder = rows.some(({ decoder }) => decoder !== undefined);
  const main = stackLeaves(
    rows.map(({ ids }) => ids),
    { setup, embedded: virtualTokens > 0, before: hasDecoder ? 0 : prefixLength },
  );
  const { length } = main;
  const batch = rows.length;
  const types = new Int32Array(batch * length);
  const virtual = new Int32Array(batch * length);
  const isVirtual = new Float32Array(batch * length);
  rows.forEach((row, index) => {
    if (row.types) types.set(row.types, index * length);
    row.ids.forEach((id, at) => {
      if (id >= 0) return;
      virtual[index * length + at] = -id - 1;
      isVirtual[index * length + at] = 1;
    });
  });
  const decoder = hasDecoder
    ? stackLeaves(
        rows.map((row) => row.decoder ?? []),
        { setup, before: prefixLength, embedded: false },
      )
    : null;
  return {
    length,
    decoderLength: decoder?.length ?? 0,
    feeds: [
      ...main.feeds,
      ...(architecture.tokenTypes ? [['types', longs([batch, length], types)] as const] : []),
      ...(virtualTokens > 0
        ? [
            ['virtual', longs([batch, length], virtual)] as const,
            ['virtual.mask', floats([batch, length, 1], isVirtual)] as const,
          ]
        : []),
      ...(decoder?.feeds ?? []).map(([name, tensor]) => [`decoder.${name}`, tensor] as const),
    ],
  };
}

/** One stack's tokens as leaves, behind `before` slots that always count. */
function stackLeaves(
  sequences: readonly (readonly number[])[],
  { setup, before, embedded }: PositionOptions & { readonly setup: Setup },
): { readonly length: number; readonly feeds: readonly (readonly [string, HostTensor])[] } {
  const { architecture, config } = setup;
  const length = roundLength(Math.max(1, ...sequences.map((own) => own.length)), config.maxLength);
  const ids = new Int32Array(sequences.length * length).fill(config.padTokenId ?? 0);
  const positions = new Int32Array(sequences.length * length);
  const mask = new Float32Array(sequences.length * (before + length));
  sequences.forEach((own, row) => {
    const start = row * (before + length);
    mask.fill(1, start, start + before + own.length);
    // Where a virtual token stands, the word is anything.
    const words = own.map((id) => Math.max(0, id));
    ids.set(words, row * length);
    const kept = Array.from(mask.subarray(start + before, start + before + length));
    positions.set(architecture.positions(config, kept, { before, embedded }), row * length);
  });
  return {
    length,
    feeds: [
      ['ids', longs([sequences.length, length], ids)],
      ['mask', floats([sequences.length, before + length], mask)],
      ['positions', longs([sequences.length, length], positions)],
    ],
  };
}

interface Places {
  /** Rows of the flattened hidden states, padded so that few graphs are compiled. */
  readonly rows: readonly number[];
  readonly ranges: readonly (readonly [number, number])[];
}

function places(rows: readonly TokenRow[], at: { readonly objective: Objective; readonly length: number }): Places {
  const { length } = at;
  if (at.objective === 'span') {
    return {
      rows: Array.from({ length: rows.length * length }, (_, index) => index),
      ranges: rows.map((row, index) => {
        const first = index * length + (row.answers[0]?.position ?? 0);
        return [first, first + row.answers.length] as const;
      }),
    };
  }
  const found = rows.flatMap((row, index) => row.answers.map(({ position }) => index * length + position));
  const padded = found.length <= rows.length ? Math.max(found.length, 1) : roundUp(found.length, answerStep);
  return {
    rows: [...found, ...new Array<number>(padded - found.length).fill(0)],
    ranges: rangesOf(rows.map(({ answers }) => answers.length)),
  };
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
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
  /** Where nothing learns there is no step; true unless said otherwise. */
  readonly learns?: boolean;
}

export function planSteps(lengths: readonly number[], options: PlanOptions): Plan {
  const { batchSize, gradientAccumulation, epochs, maxSteps, seed, learns = true } = options;
  const stepsPerEpoch = Math.ceil(Math.ceil(lengths.length / batchSize) / gradientAccumulation);
  const wanted = learns ? Math.max(1, Math.round(stepsPerEpoch * epochs)) : 0;
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
