/** A loaded model that can take training steps and answer: sessions compiled a batch shape, kept while they are in use. */
import type { BaseModel } from '../checkpoint/model-folder.ts';
import { classesOf } from '../models/model.ts';
import { adamwDefaults, scalarValues } from '../optim/adamw.ts';
import type { Device } from '../runtime/device.ts';
import type { Executable, HostTensor, Runtime } from '../runtime/session.ts';
import { itemLosses, objectiveOf, type Objective } from '../tasks/objective.ts';
import type { TokenRow } from '../tasks/rows.ts';
import { collate, type Batch } from './batches.ts';
import { decaying } from './decay.ts';
import { Features, featureRanges, type RowFeatures } from './features.ts';
import { fillMask, streamKey } from './random.ts';
import { buildForward, buildHead, shapeOf, type Setup } from './setup.ts';
import {
  buildStep,
  firstMoment,
  rateOf,
  secondMoment,
  summedGradient,
  type StepGraph,
  type StepKind,
  type StepShape,
} from './step-graph.ts';
import { floatData, floats, scalar } from './state.ts';
import { itemCount } from './targets.ts';
import type { Weights } from './weights.ts';

export interface MachineOptions {
  readonly runtime: Runtime;
  readonly device: Device;
  readonly threads: number;
  readonly setup: Setup;
  readonly base: BaseModel;
  readonly weights: Weights;
}

export interface StepSettings {
  /** Update number, counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number | null;
  readonly seed: number;
}

export interface StepResult {
  /** Mean over the step's answers. */
  readonly loss: number;
  readonly gradNorm: number;
  readonly answers: number;
  readonly tokens: number;
}

/** Sessions kept at a time; a run over few lengths never drops one. */
const sessionsKept = 24;

interface StepSession {
  readonly built: StepGraph;
  readonly session: Executable;
}

export class Machine {
  readonly setup: Setup;
  readonly base: BaseModel;
  /** Every tensor that is fed by name: frozen weights, learning parameters, moments. */
  readonly state: Map<string, HostTensor>;
  readonly #options: MachineOptions;
  readonly #objective: Objective;
  readonly #steps: SessionCache<StepSession>;
  readonly #forwards: SessionCache<Executable>;
  readonly #masks = new Map<string, HostTensor>();
  /** Factors of the learning rate that parameters have. */
  readonly #rates: ReadonlySet<number>;
  /** Of rows that come again, where nothing below the head learns. */
  #features: { readonly store: Features; readonly size: number } | null = null;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.setup = options.setup;
    this.#objective = objectiveOf(options.setup.head);
    this.base = options.base;
    this.state = new Map(options.weights.fed);
    this.#rates = new Set(this.setup.trainable.map((name) => rateOf(this.setup, name)));
    this.#steps = new SessionCache(({ session }) => session.dispose());
    this.#forwards = new SessionCache((session) => session.dispose());
  }

  /** Names of what a checkpoint must hold. */
  get learned(): readonly string[] {
    return this.setup.trainable.flatMap((name) => [name, firstMoment(name), secondMoment(name)]);
  }

  /** Gives every learning parameter its moments, at zero. */
  prepareTraining(): void {
    for (const name of this.setup.trainable) {
      for (const moment of [firstMoment(name), secondMoment(name)]) {
        if (!this.state.has(moment)) this.state.set(moment, floats(shapeOf(this.setup, name)));
      }
    }
  }

  /** Rows that come again and again: where only the head learns, what lies below it is computed once for each. */
  expect(rows: readonly TokenRow[]): void {
    const { method, methodConfig } = this.setup;
    const [first] = rows;
    if (!first || !method || !methodConfig || !method.frozenBelowHead(methodConfig)) return;
    const objective = this.#objective;
    const size = buildForward(this.setup, this.collate([first], 1).shape).hidden.shape[1] ?? 1;
    const compute = async (group: readonly TokenRow[]): Promise<readonly RowFeatures[]> => {
      const batch = this.collate(group, 1);
      const found = await this.#ask('hidden', batch);
      return group.map((row, index) => cut(found, featureRanges(batch, objective, { row, index })));
    };
    const store = new Features({ size, objective, compute });
    store.expect(rows);
    this.#features = { store, size };
  }

  collate(rows: readonly TokenRow[], weight: number, objective = this.#objective): Batch {
    return collate(rows, { setup: this.setup, objective, weight });
  }

  /** One update from one or more batches of rows, weighted by their answers. */
  async step(groups: readonly (readonly TokenRow[])[], settings: StepSettings): Promise<StepResult> {
    const total = groups.flat().reduce((count, row) => count + itemCount(this.#objective, row), 0);
    let loss = 0;
    let gradNorm = 0;
    let tokens = 0;
    for (const [index, rows] of groups.entries()) {
      const last = index === groups.length - 1;
      const kind: StepKind = groups.length === 1 ? 'update' : last ? 'accumulate-update' : 'accumulate';
      const batch = this.collate(rows, 1 / Math.max(1, total));
      const features = await this.#known(rows, batch);
      const { built, session } = await this.#stepSession(kind, batch.shape, features?.shape[1]);
      const feeds = this.#stepFeeds(batch, { built, settings, micro: index });
      if (features) feeds.set('features', features);
      const result = await session.run(feeds, this.#places(built));
      loss += floatData(result['loss'])[0] ?? NaN;
      tokens += batch.tokens;
      if (last) gradNorm = floatData(result['norm'])[0] ?? NaN;
    }
    if (groups.length > 1)
      for (const name of this.setup.trainable) this.state.get(summedGradient(name))?.data.fill(0 as never);
    return { loss, gradNorm, answers: total, tokens };
  }

  /** Logits of each row's answers, [answers · labels of its data set]; of a multiple choice, one a candidate. */
  async logits(rows: readonly TokenRow[]): Promise<readonly Float32Array[]> {
    const batch = this.collate(rows, 1);
    const found = cut(await this.#ask('logits', batch, await this.#known(rows, batch)), batch.ranges);
    if (batch.shape.choices > 1) return joined(found, rows, batch.shape.choices);
    const { head } = this.setup;
    if (!head.sets) return found;
    return found.map((logits, row) => columnsOf(logits, head.labels, classesOf(head, rows[row]?.set)));
  }

  /** Losses of each row's items, in nats (squared errors of a regression). */
  async losses(rows: readonly TokenRow[]): Promise<readonly Float32Array[]> {
    const batch = this.collate(rows, 1);
    return cut(await this.#ask('losses', batch, await this.#known(rows, batch)), batch.itemRanges);
  }

  /** Hidden states of each row's answered positions, [answers · hidden]. */
  async hidden(rows: readonly TokenRow[]): Promise<readonly Float32Array[]> {
    const batch = this.collate(rows, 1, 'class');
    return cut(await this.#ask('hidden', batch), batch.ranges);
  }

  /** Keys and values of one row of tokens, one a layer (of the decoder, where there is one): [kv heads, tokens, head size]. */
  async present(
    ids: readonly number[],
  ): Promise<readonly { readonly key: Float32Array; readonly value: Float32Array }[]> {
    const source = this.setup.architecture.decoderInput(this.setup.head.name);
    const row: TokenRow = { ids, types: null, answers: [], ...(source === 'answer' ? { decoder: ids } : {}) };
    const batch = this.collate([row], 1, 'class');
    const { graph, present } = buildForward(this.setup, batch.shape);
    const outputs = Object.fromEntries(
      present.flatMap(({ key, value }, layer) => [
        [`${String(layer)}.key`, key] as const,
        [`${String(layer)}.value`, value] as const,
      ]),
    );
    const session = await this.#options.runtime.compile(graph, outputs, this.#compileOptions());
    const result = await session.run(new Map([...this.state, ...batch.feeds]));
    await session.dispose();
    const part = (layer: number, name: string): Float32Array => {
      const found = result[`${String(layer)}.${name}`];
      const [, heads = 1, length = 1, size = 1] = found?.shape ?? [];
      return withoutPadding(floatData(found), { heads, length, size, kept: ids.length });
    };
    return present.map((_, layer) => ({ key: part(layer, 'key'), value: part(layer, 'value') }));
  }

  /** Gives back the sessions of one use, so that their memory is free for the next. */
  async release(): Promise<void> {
    await this.#forwards.clear();
    await this.#steps.clear();
  }

  /** Hidden states of a batch as its head reads them, where they are kept for all of its rows. */
  async #known(rows: readonly TokenRow[], batch: Batch): Promise<HostTensor | null> {
    if (!this.#features?.store.has(rows)) return null;
    const { store, size } = this.#features;
    return floats([batch.shape.answers, size], await store.of(rows, batch));
  }

  /** Rows of the result with how many numbers each has. */
  async #ask(
    what: Asked,
    batch: Batch,
    features: HostTensor | null = null,
  ): Promise<{ readonly values: Float32Array; readonly width: number }> {
    const session = await this.#forward(what, batch.shape, features?.shape[1]);
    const feeds = new Map([...this.state, ...batch.feeds]);
    if (features) feeds.set('features', features);
    const result = (await session.run(feeds))[what];
    return { values: floatData(result), width: result?.shape[1] ?? 1 };
  }

  async #stepSession(kind: StepKind, shape: StepShape, features: number | undefined): Promise<StepSession> {
    return this.#steps.get(`${kind} ${shapeKey(shape, features)}`, async () => {
      const built = buildStep(this.setup, shape, {
        kind,
        optimizer: adamwDefaults,
        decays: decaying(this.setup),
        features,
      });
      return {
        built,
        session: await this.#options.runtime.compile(built.graph, built.outputs, this.#compileOptions()),
      };
    });
  }

  async #forward(what: Asked, shape: StepShape, features: number | undefined): Promise<Executable> {
    return this.#forwards.get(`${what} ${shapeKey(shape, features)}`, () => {
      const { graph, logits, hidden } =
        features === undefined
          ? buildForward(this.setup, shape)
          : { ...buildHead(this.setup, { answers: shape.answers, size: features }), hidden: null };
      const outputs = {
        logits: () => logits,
        losses: () => itemLosses(this.#objective, logits, { graph, shape }),
        hidden: () => hidden ?? logits,
      };
      return this.#options.runtime.compile(graph, { [what]: outputs[what]() }, this.#compileOptions());
    });
  }

  #compileOptions(): { device: Device; threads: number; mapped: Weights['mapped'] } {
    const { device, threads, weights } = this.#options;
    return { device, threads, mapped: weights.mapped };
  }

  #stepFeeds(batch: Batch, at: { built: StepGraph; settings: StepSettings; micro: number }): Map<string, HostTensor> {
    const { built, settings, micro } = at;
    const feeds = new Map([...this.state, ...batch.feeds]);
    for (const factor of this.#rates) {
      const scalars = scalarValues(settings.step, settings, { ...adamwDefaults, factor });
      for (const [name, value] of Object.entries(scalars)) feeds.set(name, scalar(value));
    }
    feeds.set('optimizer.maxNorm', scalar(settings.maxGradNorm ?? Infinity));
    for (const { name, shape, rate } of built.masks) {
      const key = `${name} ${shape.join('x')}`;
      const mask = this.#masks.get(key) ?? floats(shape);
      this.#masks.set(key, mask);
      fillMask(floatData(mask), rate, streamKey(settings.seed, settings.step, micro, name));
      feeds.set(name, mask);
    }
    for (const leaf of built.updates.values()) {
      if (feeds.has(leaf)) continue;
      const made = floats(shapeOf(this.setup, leaf.slice(0, leaf.lastIndexOf('/'))));
      this.state.set(leaf, made);
      feeds.set(leaf, made);
    }
    return feeds;
  }

  #places(built: StepGraph): Map<string, HostTensor> {
    const places = new Map<string, HostTensor>();
    for (const [output, leaf] of built.updates) {
      const place = this.state.get(leaf);
      if (place) places.set(output, place);
    }
    return places;
  }
}

type Asked = 'logits' | 'losses' | 'hidden';

/** With features, rows of any length are one shape. */
function shapeKey(shape: StepShape, features: number | undefined): string {
  const { batch, length, decoderLength, answers, choices } = shape;
  const lengths = features === undefined ? [length, decoderLength] : ['head'];
  return [batch, ...lengths, answers, choices].join('x');
}

/** The first `kept` tokens of [heads, length, size]. */
function withoutPadding(
  values: Float32Array,
  at: { readonly heads: number; readonly length: number; readonly size: number; readonly kept: number },
): Float32Array {
  const { heads, length, size, kept } = at;
  const result = new Float32Array(heads * kept * size);
  for (let head = 0; head < heads; head += 1)
    result.set(values.subarray(head * length * size, (head * length + kept) * size), head * kept * size);
  return result;
}

/** Each row's numbers, copied. */
function cut(
  { values, width }: { readonly values: Float32Array; readonly width: number },
  ranges: Batch['ranges'],
): readonly Float32Array[] {
  return ranges.map(([start, end]) => values.slice(start * width, end * width));
}

/** Columns [start, end) of [rows · width]. */
function columnsOf(values: Float32Array, width: number, [start, end]: readonly [number, number]): Float32Array {
  return values.filter((_, at) => at % width >= start && at % width < end);
}

/** The candidates' logits of each row, one array a row. */
function joined(found: readonly Float32Array[], rows: readonly TokenRow[], choices: number): readonly Float32Array[] {
  return rows.map((row, index) =>
    Float32Array.from(
      found.slice(index * choices, index * choices + (row.choices?.length ?? 1)),
      (logits) => logits[0] ?? NaN,
    ),
  );
}

/** Keeps the sessions used last; disposes of the one unused for longest. */
class SessionCache<T> {
  readonly #entries = new Map<string, T>();
  readonly #close: (entry: T) => Promise<void>;

  constructor(close: (entry: T) => Promise<void>) {
    this.#close = close;
  }

  async get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key);
    const entry = known ?? (await make());
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > sessionsKept) {
      for (const [oldest, unused] of this.#entries) {
        this.#entries.delete(oldest);
        await this.#close(unused);
        break;
      }
    }
    return entry;
  }

  async clear(): Promise<void> {
    for (const entry of this.#entries.values()) await this.#close(entry);
    this.#entries.clear();
  }
}
