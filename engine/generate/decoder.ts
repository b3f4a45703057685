/** Decoding with a cache of keys and values: greedy or sampled, several prompts at a time. */
import type { Device } from '../runtime/device.ts';
import type { Executable, HostTensor, Runtime } from '../runtime/session.ts';
import { BugError } from '../spec/errors.ts';
import { streamKey, uniform } from '../train/random.ts';
import { buildForward, type PastShape, type Setup } from '../train/setup.ts';
import { floatData, floats, longs } from '../train/state.ts';
import type { Weights } from '../train/weights.ts';

export interface DecoderOptions {
  readonly runtime: Runtime;
  readonly device: Device;
  readonly threads: number;
  readonly setup: Setup;
  /** Read at each step: a machine that trains on shows what it has learned so far. */
  readonly state: ReadonlyMap<string, HostTensor>;
  readonly mapped: Weights['mapped'];
}

export interface DecodeOptions {
  readonly maxNewTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly seed: number;
  /** Tokens that end an answer; they are not part of it. */
  readonly stop: ReadonlySet<number>;
  /** Called with each new token of a row; throw to cancel. */
  readonly onToken?: (row: number, id: number) => void;
  /** Awaited after each step, so that others get their turn. */
  readonly afterStep?: () => Promise<void>;
}

/** Prompts and caches are rounded up to these, so that few graphs are compiled. */
const promptStep = 16;
const cacheStep = 64;
const sessionsKept = 6;

export class Decoder {
  readonly #options: DecoderOptions;
  readonly #sessions = new Map<string, Executable>();

  constructor(options: DecoderOptions) {
    this.#options = options;
  }

  /** New tokens for each prompt (none of them empty), without the token that ended it. */
  async decode(
    prompts: readonly (readonly number[])[],
    options: DecodeOptions,
  ): Promise<readonly (readonly number[])[]> {
    if (prompts.some((prompt) => prompt.length === 0)) throw new BugError('an empty prompt cannot be continued');
    const batch = prompts.length;
    const longest = Math.ceil(Math.max(...prompts.map(({ length }) => length)) / promptStep) * promptStep;
    const cache = new Cache(
      this.#pastShape(Math.ceil((longest + options.maxNewTokens) / cacheStep) * cacheStep),
      batch,
    );
    let logits = await this.#prefill(prompts, longest, cache);
    const answers = prompts.map(() => [] as number[]);
    const done = prompts.map(() => false);
    for (let step = 0; step < options.maxNewTokens; step += 1) {
      const chosen = prompts.map((_, row) =>
        choose(logits.subarray((row * logits.length) / batch, ((row + 1) * logits.length) / batch), {
          ...options,
          counter: step * batch + row,
        }),
      );
      chosen.forEach((id, row) => {
        if (done[row]) return;
        if (options.stop.has(id)) done[row] = true;
        else {
          answers[row]?.push(id);
          options.onToken?.(row, id);
        }
      });
      await options.afterStep?.();
      if (done.every(Boolean) || step === options.maxNewTokens - 1) break;
      logits = await this.#step(chosen, {
        positions: prompts.map(({ length }) => length + step),
        slot: longest + step,
        cache,
      });
    }
    return answers;
  }

  async dispose(): Promise<void> {
    for (const session of this.#sessions.values()) await session.dispose();
    this.#sessions.clear();
  }

  #pastShape(length: number): PastShape {
    const { config } = this.#options.setup;
    return { length, heads: config.keyValueHeads, size: config.headSize, layers: config.layers };
  }

  async #prefill(prompts: readonly (readonly number[])[], length: number, cache: Cache): Promise<Float32Array> {
    const batch = prompts.length;
    const pad = this.#options.setup.config.padTokenId ?? 0;
    const padded = prompts.flatMap((prompt) => [...prompt, ...new Array<number>(length - prompt.length).fill(pad)]);
    const mask = Float32Array.from(
      prompts.flatMap((prompt) => Array.from({ length }, (_, at) => (at < prompt.length ? 1 : 0))),
    );
    const result = await this.#run(`prefill ${String(batch)}x${String(length)}`, { batch, length, past: null }, [
      ['ids', longs([batch, length], padded)],
      ['mask', floats([batch, length], mask)],
      [
        'positions',
        longs(
          [batch, length],
          padded.map((_, index) => index % length),
        ),
      ],
      [
        'rows',
        longs(
          [batch],
          prompts.map((prompt, row) => row * length + prompt.length - 1),
        ),
      ],
    ]);
    cache.write(result, { slot: 0, count: length });
    prompts.forEach((prompt, row) => cache.allow(row, 0, prompt.length));
    return floatData(result['logits']);
  }

  async #step(
    ids: readonly number[],
    at: { positions: readonly number[]; slot: number; cache: Cache },
  ): Promise<Float32Array> {
    const { positions, slot, cache } = at;
    const batch = ids.length;
    const result = await this.#run(
      `step ${String(batch)}x${String(cache.shape.length)}`,
      { batch, length: 1, past: cache.shape },
      [
        ['ids', longs([batch, 1], ids)],
        ['mask', cache.mask],
        ['positions', longs([batch, 1], positions)],
        [
          'rows',
          longs(
            [batch],
            ids.map((_, row) => row),
          ),
        ],
        ...cache.feeds,
      ],
    );
    cache.write(result, { slot, count: 1 });
    ids.forEach((_, row) => cache.allow(row, slot, slot + 1));
    return floatData(result['logits']);
  }

  async #run(
    key: string,
    shape: { batch: number; length: number; past: PastShape | null },
    feeds: readonly (readonly [string, HostTensor])[],
  ) {
    const session = this.#sessions.get(key) ?? (await this.#compile(shape));
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    const [oldest] = this.#sessions;
    if (this.#sessions.size > sessionsKept && oldest) {
      this.#sessions.delete(oldest[0]);
      await oldest[1].dispose();
    }
    return session.run(new Map([...this.#options.state, ...feeds]));
  }

  async #compile({
    batch,
    length,
    past,
  }: {
    batch: number;
    length: number;
    past: PastShape | null;
  }): Promise<Executable> {
    const { runtime, setup, device, threads, mapped } = this.#options;
    const { graph, logits, present } = buildForward(setup, { batch, length, answers: batch }, past ? { past } : {});
    const outputs = Object.fromEntries([
      ['logits', logits] as const,
      ...present.flatMap(({ key, value }, layer) => [
        [`present.${String(layer)}.key`, key] as const,
        [`present.${String(layer)}.value`, value] as const,
      ]),
    ]);
    return runtime.compile(graph, outputs, { device, threads, mapped });
  }
}

/** Keys and values of all tokens so far, [B, heads, capacity, size] a layer, and which of them count. */
class Cache {
  readonly shape: PastShape;
  readonly mask: HostTensor;
  readonly feeds: readonly (readonly [string, HostTensor])[];
  readonly #batch: number;

  constructor(shape: PastShape, batch: number) {
    this.shape = shape;
    this.#batch = batch;
    const dimensions = [batch, shape.heads, shape.length, shape.size];
    this.feeds = Array.from({ length: shape.layers }, (_, layer) =>
      ['key', 'value'].map((part) => [`past.${String(layer)}.${part}`, floats(dimensions)] as const),
    ).flat();
    // The token under way stands behind the cache and always counts.
    this.mask = floats([batch, shape.length + 1]);
    const data = floatData(this.mask);
    for (let row = 0; row < batch; row += 1) data[row * (shape.length + 1) + shape.length] = 1;
  }

  allow(row: number, start: number, end: number): void {
    const width = this.shape.length + 1;
    floatData(this.mask).fill(1, row * width + start, row * width + end);
  }

  /** Copies what a pass over `count` tokens made to `slot` of every row and head. */
  write(result: Readonly<Record<string, HostTensor>>, { slot, count }: { slot: number; count: number }): void {
    const { heads, length, size } = this.shape;
    for (const [name, tensor] of this.feeds) {
      const source = floatData(result[name.replace('past', 'present')]);
      const target = floatData(tensor);
      for (let block = 0; block < this.#batch * heads; block += 1) {
        target.set(source.subarray(block * count * size, (block + 1) * count * size), (block * length + slot) * size);
      }
    }
  }
}

function choose(
  logits: Float32Array,
  { temperature, seed, counter }: { temperature: number; seed: number; counter: number },
): number {
  let best = 0;
  for (let id = 1; id < logits.length; id += 1) if ((logits[id] ?? -Infinity) > (logits[best] ?? -Infinity)) best = id;
  if (temperature === 0) return best;
  const top = logits[best] ?? 0;
  const powers = Float64Array.from(logits, (logit) => Math.exp((logit - top) / temperature));
  let left = uniform(streamKey(seed, 'sample'), counter) * powers.reduce((sum, power) => sum + power, 0);
  for (let id = 0; id < powers.length; id += 1) {
    left -= powers[id] ?? 0;
    if (left <= 0) return id;
  }
  return best;
}
