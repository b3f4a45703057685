/** The passes that decoding is made of, compiled as they are needed: a method's prefix, the prompts, one more token a row. */
import type { Graph, Tensor } from '../autodiff/graph.ts';
import type { Past } from '../models/model.ts';
import type { Device } from '../runtime/device.ts';
import type { Executable, HostTensor, Runtime } from '../runtime/session.ts';
import { collate } from '../train/batches.ts';
import {
  buildForward,
  buildPrefix,
  type BatchShape,
  type ForwardOptions,
  type PastShape,
  type Setup,
} from '../train/setup.ts';
import { floatData, longs } from '../train/state.ts';
import type { Weights } from '../train/weights.ts';
import { Cache, isInOrder, pickRows, shapeOfPresent, type Present } from './cache.ts';
import type { Continuation } from './search.ts';

export interface PassesOptions {
  readonly runtime: Runtime;
  readonly device: Device;
  readonly threads: number;
  readonly setup: Setup;
  /** Read at each pass: a machine that trains on shows what it has learned so far. */
  readonly state: ReadonlyMap<string, HostTensor>;
  readonly mapped: Weights['mapped'];
}

type Feeds = readonly (readonly [string, HostTensor])[];

/** Caches are rounded up to this, so that few graphs are compiled. */
const cacheStep = 64;
/** Room for new tokens that a cache has from the start; it doubles when it is full. */
const firstRoom = 256;
const sessionsKept = 6;

/** Rows under way: everything the next token of each depends on. */
export interface Underway {
  /** Logits of the next token, one vocabulary a row. */
  readonly logits: readonly Float32Array[];
  readonly cache: Cache;
  /** Each row so far, from its prompt on. */
  readonly tokens: readonly (readonly number[])[];
  /** Tokens of each row in the cache, without a prefix. */
  readonly lengths: readonly number[];
  /** Slots the cache may come to need. */
  readonly capacity: number;
  /** What an encoder has read, a row of it for each row: null without one. */
  readonly encoded: Encoded | null;
}

interface Encoded {
  /** Which prompt each row answers. */
  readonly prompts: readonly number[];
  readonly mask: HostTensor;
  /** Keys and values of its states. */
  readonly cross: Feeds;
  readonly shape: PastShape;
}

export class Passes {
  readonly #options: PassesOptions;
  readonly #sessions = new Map<string, Executable>();

  constructor(options: PassesOptions) {
    this.#options = options;
  }

  /** The token that a decoder beside an encoder starts with; null for others. */
  get decoderStart(): number | null {
    const { architecture, config } = this.#options.setup;
    return architecture.kind === 'encoder-decoder' ? (config.decoderStartTokenId ?? config.padTokenId ?? 0) : null;
  }

  /** Reads the prompts, right-padded: behind a row's last token nothing is looked at. */
  async begin(prompts: readonly (readonly number[])[], maxNewTokens: number): Promise<Underway> {
    const { setup } = this.#options;
    const start = this.decoderStart;
    const rows = prompts.map((ids) => ({
      ids,
      types: null,
      ...(start === null ? {} : { decoder: [start] }),
      answers: [{ position: start === null ? ids.length - 1 : 0, label: 0 }],
    }));
    const { shape, feeds } = collate(rows, { setup, objective: 'class', weight: 1 });
    const prefix = await this.#prefix();
    const before = prefix && behind(prefix, prompts.length, setup.prefixLength);
    const result = await this.#forward(shape, before ? { past: before.shape } : {}, [
      ...feeds,
      ...(before?.feeds ?? []),
    ]);
    const lengths = countsOf(feeds.get(this.#leaf('mask')), prompts.length).map((count) => count - setup.prefixLength);
    const used = setup.prefixLength + Math.max(...lengths);
    const capacity = used + maxNewTokens;
    const cache = new Cache(
      { ...shapeOfPresent(result, 'present'), length: roundUp(Math.min(capacity, used + firstRoom)) },
      prompts.length,
    );
    if (prefix) cache.append(prefix, new Array<number>(prompts.length).fill(setup.prefixLength));
    cache.append(result, lengths);
    const mask = feeds.get('mask');
    return {
      logits: split(result['logits'], prompts.length),
      cache,
      tokens: prompts,
      lengths,
      capacity,
      encoded: start === null || !mask ? null : encodedOf(result, mask),
    };
  }

  /** One more token a row. */
  async go(at: Underway, rows: readonly Continuation[]): Promise<Underway> {
    const batch = rows.length;
    const parents = rows.map(({ parent }) => parent);
    const tokens = rows.map(({ parent, id }) => [...(at.tokens[parent] ?? []), id]);
    const used = this.#options.setup.prefixLength + Math.max(...at.lengths);
    if (used === this.#options.setup.config.switchLength) return this.begin(tokens, at.capacity - used - 1);
    const roomy = used < at.cache.shape.length ? at.cache : at.cache.grow(roundUp(Math.min(at.capacity, 2 * used)));
    const cache = roomy.pick(parents);
    const lengths = parents.map((parent) => (at.lengths[parent] ?? 0) + 1);
    const encoded = at.encoded && pickEncoded(at.encoded, parents);
    const each = (values: readonly number[]): HostTensor => longs([batch, 1], values);
    const past = cache.shape;
    const result = await this.#forward(
      { batch, length: encoded?.shape.length ?? 1, decoderLength: encoded ? 1 : 0, answers: batch },
      encoded ? { past, cross: encoded.shape } : { past },
      [
        ...(encoded ? [['mask', encoded.mask] as const, ...encoded.cross] : []),
        [this.#leaf('ids'), each(rows.map(({ id }) => id))],
        [this.#leaf('mask'), cache.mask],
        [this.#leaf('positions'), each(lengths.map((count) => this.#lastPosition(count)))],
        ['rows', longs([batch], Array.from(rows.keys()))],
        ...cache.feeds,
      ],
    );
    cache.append(result, new Array<number>(batch).fill(1));
    return { ...at, logits: split(result['logits'], batch), cache, tokens, lengths, encoded };
  }

  async dispose(): Promise<void> {
    for (const session of this.#sessions.values()) await session.dispose();
    this.#sessions.clear();
  }

  /** Leaf of the stack that grows: the decoder's, where there is one beside an encoder. */
  #leaf(name: string): string {
    return this.decoderStart === null ? name : `decoder.${name}`;
  }

  /** Of the last token of a row of so many tokens that stands alone. */
  #lastPosition(count: number): number {
    const { architecture, config, prefixLength, virtualTokens } = this.#options.setup;
    const embedded = virtualTokens > 0 && this.decoderStart === null;
    const positions = architecture.positions(config, new Array<number>(count).fill(1), {
      before: prefixLength,
      embedded,
    });
    return positions.at(-1) ?? 0;
  }

  /** Keys and values that the method puts before every row, computed once for all of them. */
  async #prefix(): Promise<Present | null> {
    const { setup } = this.#options;
    if (setup.prefixLength === 0) return null;
    return this.#run('prefix', [], () => {
      const { graph, prefix } = buildPrefix(setup);
      return { graph, outputs: pastOutputs('present', prefix) };
    });
  }

  #forward(shape: BatchShape, options: ForwardOptions, feeds: Feeds): Promise<Present> {
    const sizes = [shape.batch, shape.length, shape.decoderLength, options.past?.length ?? 0, options.cross ? 1 : 0];
    return this.#run(sizes.join(' '), feeds, () => {
      const { graph, logits, present, cross } = buildForward(this.#options.setup, shape, options);
      return {
        graph,
        outputs: {
          logits,
          ...pastOutputs('present', present),
          ...(options.cross ? {} : pastOutputs('cross', cross)),
        },
      };
    });
  }

  async #run(key: string, feeds: Feeds, build: () => { graph: Graph; outputs: Readonly<Record<string, Tensor>> }) {
    const { runtime, device, threads, mapped, state } = this.#options;
    let session = this.#sessions.get(key);
    if (!session) {
      const { graph, outputs } = build();
      session = await runtime.compile(graph, outputs, { device, threads, mapped });
    }
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    const [oldest] = this.#sessions;
    if (this.#sessions.size > sessionsKept && oldest) {
      this.#sessions.delete(oldest[0]);
      await oldest[1].dispose();
    }
    return session.run(new Map([...state, ...feeds]));
  }
}

function roundUp(slots: number): number {
  return Math.ceil(slots / cacheStep) * cacheStep;
}

function pastOutputs(name: string, pasts: readonly Past[]): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(
    pasts.flatMap(({ key, value }, layer) => [
      [`${name}.${String(layer)}.key`, key] as const,
      [`${name}.${String(layer)}.value`, value] as const,
    ]),
  );
}

/** A prefix as the past of so many rows. */
function behind(prefix: Present, rows: number, length: number): Pick<Cache, 'shape' | 'feeds'> {
  const cache = new Cache(shapeOfPresent(prefix, 'present'), rows);
  cache.append(prefix, new Array<number>(rows).fill(length));
  return cache;
}

function encodedOf(result: Present, mask: HostTensor): Encoded {
  return {
    prompts: Array.from({ length: mask.shape[0] ?? 1 }, (_, row) => row),
    mask,
    cross: Object.entries(result).filter(([name]) => name.startsWith('cross.')),
    shape: shapeOfPresent(result, 'cross'),
  };
}

/** Rows of one prompt read the same: only when prompts come to stand elsewhere is there something to copy. */
function pickEncoded(encoded: Encoded, parents: readonly number[]): Encoded {
  const prompts = parents.map((parent) => encoded.prompts[parent] ?? 0);
  if (isInOrder(parents, encoded.prompts.length) || prompts.join() === encoded.prompts.join()) return encoded;
  return {
    ...encoded,
    prompts,
    mask: pickRows(encoded.mask, parents),
    cross: encoded.cross.map(([name, tensor]) => [name, pickRows(tensor, parents)] as const),
  };
}

/** Tokens that a mask [rows, length] counts in each row. */
function countsOf(mask: HostTensor | undefined, rows: number): readonly number[] {
  const data = floatData(mask);
  const width = data.length / rows;
  return Array.from({ length: rows }, (_, row) =>
    data.subarray(row * width, (row + 1) * width).reduce((sum, value) => sum + value, 0),
  );
}

function split(logits: HostTensor | undefined, rows: number): readonly Float32Array[] {
  const data = floatData(logits);
  const width = data.length / rows;
  return Array.from({ length: rows }, (_, row) => data.subarray(row * width, (row + 1) * width));
}
