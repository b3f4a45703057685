/** A loaded model that can take training steps and answer: sessions compiled a batch shape, kept while they are in use. */
import { crossEntropy } from '../autodiff/ops.ts';
import type { BaseModel } from '../checkpoint/model-folder.ts';
import { adamwDefaults, scalarValues } from '../optim/adamw.ts';
import type { Device } from '../runtime/device.ts';
import type { Executable, HostTensor, Runtime } from '../runtime/session.ts';
import { classLoss } from '../tasks/losses.ts';
import type { TokenRow } from '../tasks/rows.ts';
import { collate, type Batch } from './batches.ts';
import { fillMask, streamKey } from './random.ts';
import { buildForward, shapeOf, type BatchShape, type Setup } from './setup.ts';
import { buildStep, firstMoment, secondMoment, summedGradient, type StepGraph, type StepKind } from './step-graph.ts';
import { floatData, floats, scalar } from './state.ts';
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

/** Weight decay leaves biases and norms alone, as Transformers' Trainer does. */
function decays(name: string): boolean {
  return !/(?:^|\.)bias$|norm/i.test(name);
}

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
  readonly #steps: SessionCache<StepSession>;
  readonly #forwards: SessionCache<Executable>;
  readonly #masks = new Map<string, HostTensor>();

  constructor(options: MachineOptions) {
    this.#options = options;
    this.setup = options.setup;
    this.base = options.base;
    this.state = new Map(options.weights.fed);
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

  collate(rows: readonly TokenRow[], weight: number): Batch {
    return collate(rows, { architecture: this.setup.architecture, config: this.setup.config, weight });
  }

  /** One update from one or more batches of rows, weighted by their answers. */
  async step(groups: readonly (readonly TokenRow[])[], settings: StepSettings): Promise<StepResult> {
    const total = groups.flat().reduce((count, row) => count + row.answers.length, 0);
    let loss = 0;
    let gradNorm = 0;
    let tokens = 0;
    for (const [index, rows] of groups.entries()) {
      const last = index === groups.length - 1;
      const kind: StepKind = groups.length === 1 ? 'update' : last ? 'accumulate-update' : 'accumulate';
      const batch = this.collate(rows, 1 / Math.max(1, total));
      const { built, session } = await this.#stepSession(kind, batch.shape);
      const result = await session.run(this.#stepFeeds(batch, { built, settings, micro: index }), this.#places(built));
      loss += floatData(result['loss'])[0] ?? NaN;
      tokens += batch.tokens;
      if (last) gradNorm = floatData(result['norm'])[0] ?? NaN;
    }
    if (groups.length > 1)
      for (const name of this.setup.trainable) this.state.get(summedGradient(name))?.data.fill(0 as never);
    return { loss, gradNorm, answers: total, tokens };
  }

  /** Logits [answers, labels] of a batch, row after row. */
  async logits(rows: readonly TokenRow[]): Promise<{ readonly values: Float32Array; readonly width: number }> {
    const batch = this.collate(rows, 1);
    const session = await this.#forward('logits', batch.shape);
    const result = await session.run(new Map([...this.state, ...batch.feeds]));
    const logits = result['logits'];
    return { values: floatData(logits), width: logits?.shape[1] ?? 1 };
  }

  /** Loss of each answer, in nats, row after row. */
  async losses(rows: readonly TokenRow[]): Promise<Float32Array> {
    const batch = this.collate(rows, 1);
    const session = await this.#forward('losses', batch.shape);
    const result = await session.run(new Map([...this.state, ...batch.feeds]));
    return floatData(result['losses']).subarray(0, batch.answers);
  }

  /** Hidden states of the asked positions, [answers, hidden]. */
  async hidden(rows: readonly TokenRow[]): Promise<Float32Array> {
    const batch = this.collate(rows, 1);
    const session = await this.#forward('hidden', batch.shape);
    const result = await session.run(new Map([...this.state, ...batch.feeds]));
    return floatData(result['hidden']).subarray(0, batch.answers * this.setup.config.hidden);
  }

  /** Gives back the sessions of one use, so that their memory is free for the next. */
  async release(): Promise<void> {
    await this.#forwards.clear();
    await this.#steps.clear();
  }

  async #stepSession(kind: StepKind, shape: BatchShape): Promise<StepSession> {
    return this.#steps.get(`${kind} ${shapeKey(shape)}`, async () => {
      const built = buildStep(this.setup, shape, {
        kind,
        optimizer: adamwDefaults,
        decays,
        loss: (logits, graph) =>
          classLoss(
            logits,
            graph.input('labels', 'int64', [shape.answers]),
            graph.input('weights', 'float32', [shape.answers]),
          ),
      });
      return {
        built,
        session: await this.#options.runtime.compile(built.graph, built.outputs, this.#compileOptions()),
      };
    });
  }

  async #forward(what: 'logits' | 'losses' | 'hidden', shape: BatchShape): Promise<Executable> {
    return this.#forwards.get(`${what} ${shapeKey(shape)}`, () => {
      const { graph, logits, hidden } = buildForward(this.setup, shape);
      const outputs = {
        logits: () => logits,
        losses: () => crossEntropy(logits, graph.input('labels', 'int64', [shape.answers])),
        hidden: () => hidden,
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
    const scalars = scalarValues(settings.step, settings, adamwDefaults);
    for (const [name, value] of Object.entries(scalars)) feeds.set(name, scalar(value));
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

function shapeKey({ batch, length, answers }: BatchShape): string {
  return `${String(batch)}x${String(length)}x${String(answers)}`;
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
