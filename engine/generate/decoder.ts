/** Decoding with a cache of keys and values, several prompts at a time, each as if it were alone. */
import type { Device } from '../runtime/device.ts';
import type { Executable, HostTensor, Runtime } from '../runtime/session.ts';
import { BugError } from '../spec/errors.ts';
import type { GenerationSettings } from '../spec/generation.ts';
import { buildForward, type PastShape, type Setup } from '../train/setup.ts';
import { floatData, floats, longs } from '../train/state.ts';
import type { Weights } from '../train/weights.ts';
import { Cache } from './cache.ts';
import { processorsOf, type Processor } from './processors.ts';
import type { TokenRules } from './rules.ts';
import { search, type Continuation, type Found, type SearchOptions, type Stepper } from './search.ts';

export interface DecoderOptions {
  readonly runtime: Runtime;
  readonly device: Device;
  readonly threads: number;
  readonly setup: Setup;
  /** Read at each step: a machine that trains on shows what it has learned so far. */
  readonly state: ReadonlyMap<string, HostTensor>;
  readonly mapped: Weights['mapped'];
}

export interface DecodeOptions extends Pick<SearchOptions, 'ended' | 'onToken' | 'afterStep'> {
  readonly settings: GenerationSettings;
  readonly rules: TokenRules;
  /** Told the scores that a token is chosen by. */
  readonly watch?: Processor;
}

/** Prompts and caches are rounded up to these, so that few graphs are compiled. */
const promptStep = 16;
const cacheStep = 64;
const sessionsKept = 6;

interface PassShape {
  readonly batch: number;
  readonly length: number;
  readonly past: PastShape | null;
}

export class Decoder {
  readonly #options: DecoderOptions;
  readonly #sessions = new Map<string, Executable>();

  constructor(options: DecoderOptions) {
    this.#options = options;
  }

  /** The best answer to each prompt, without the token that ended it. */
  async decode(
    prompts: readonly (readonly number[])[],
    options: DecodeOptions,
  ): Promise<readonly (readonly number[])[]> {
    const { eos } = options.rules;
    const found = await this.search(prompts, {
      ...options,
      onToken: (row, id) => {
        if (!eos.includes(id)) options.onToken?.(row, id);
      },
    });
    return found.map(([best]) => (best?.ids ?? []).filter((id) => !eos.includes(id)));
  }

  /** Answers to each prompt (none of them empty) as the search found them, the best first. */
  async search(
    prompts: readonly (readonly number[])[],
    options: DecodeOptions,
  ): Promise<readonly (readonly Found[])[]> {
    if (prompts.some((prompt) => prompt.length === 0)) throw new BugError('an empty prompt cannot be continued');
    const { settings, rules, watch, ...rest } = options;
    return search(this.#stepper(prompts, settings.maxNewTokens), {
      ...rest,
      settings,
      prompts,
      eos: new Set(rules.eos),
      processors: [...processorsOf(settings, rules), ...(watch ? [watch] : [])],
    });
  }

  async dispose(): Promise<void> {
    for (const session of this.#sessions.values()) await session.dispose();
    this.#sessions.clear();
  }

  #stepper(prompts: readonly (readonly number[])[], maxNewTokens: number): Stepper {
    const length = roundUp(Math.max(...prompts.map((prompt) => prompt.length)), promptStep);
    let cache = new Cache(this.#pastShape(roundUp(length + maxNewTokens, cacheStep)), prompts.length);
    /** Tokens of each row so far. */
    let lengths = prompts.map((prompt) => prompt.length);
    return {
      start: async () => split(await this.#prefill(prompts, length, cache), prompts.length),
      next: async (rows) => {
        const parents = rows.map(({ parent }) => parent);
        cache = cache.pick(parents);
        lengths = parents.map((parent) => (lengths[parent] ?? 0) + 1);
        return split(await this.#step(rows, lengths, cache), rows.length);
      },
    };
  }

  #pastShape(length: number): PastShape {
    const { config } = this.#options.setup;
    return { length, heads: config.keyValueHeads, size: config.headSize, layers: config.layers };
  }

  /** A pass over the prompts, padded on the left: the last token of each row stands at the end. */
  async #prefill(prompts: readonly (readonly number[])[], length: number, cache: Cache): Promise<Float32Array> {
    const batch = prompts.length;
    const pad = this.#options.setup.config.padTokenId ?? 0;
    const padded = (row: readonly number[], filler: number): number[] => [
      ...new Array<number>(length - row.length).fill(filler),
      ...row,
    ];
    const mask = Float32Array.from(
      prompts.flatMap((prompt) =>
        padded(
          prompt.map(() => 1),
          0,
        ),
      ),
    );
    const result = await this.#run({ batch, length, past: null }, [
      [
        'ids',
        longs(
          [batch, length],
          prompts.flatMap((prompt) => padded(prompt, pad)),
        ),
      ],
      ['mask', floats([batch, length], mask)],
      [
        'positions',
        longs(
          [batch, length],
          prompts.flatMap((prompt) => padded(this.#positions(prompt.length), 0)),
        ),
      ],
      [
        'rows',
        longs(
          [batch],
          prompts.map((_, row) => (row + 1) * length - 1),
        ),
      ],
    ]);
    cache.append(result, mask);
    return floatData(result['logits']);
  }

  /** A pass over one more token a row; `lengths` counts the tokens with it. */
  async #step(rows: readonly Continuation[], lengths: readonly number[], cache: Cache): Promise<Float32Array> {
    const batch = rows.length;
    const result = await this.#run({ batch, length: 1, past: cache.shape }, [
      [
        'ids',
        longs(
          [batch, 1],
          rows.map(({ id }) => id),
        ),
      ],
      ['mask', cache.mask],
      [
        'positions',
        longs(
          [batch, 1],
          lengths.map((count) => this.#positions(count).at(-1) ?? 0),
        ),
      ],
      [
        'rows',
        longs(
          [batch],
          rows.map((_, row) => row),
        ),
      ],
      ...cache.feeds,
    ]);
    cache.append(result, new Float32Array(batch).fill(1));
    return floatData(result['logits']);
  }

  /** Of a row of so many tokens that stands alone. */
  #positions(count: number): readonly number[] {
    const { architecture, config } = this.#options.setup;
    return architecture.positions(config, new Array<number>(count).fill(1), { before: 0, embedded: false });
  }

  async #run(shape: PassShape, feeds: readonly (readonly [string, HostTensor])[]) {
    const key = `${String(shape.batch)}x${String(shape.length)} after ${String(shape.past?.length ?? 0)}`;
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

  async #compile({ batch, length, past }: PassShape): Promise<Executable> {
    const { runtime, setup, device, threads, mapped } = this.#options;
    const { graph, logits, present } = buildForward(
      setup,
      { batch, length, decoderLength: 0, answers: batch },
      past ? { past } : {},
    );
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

function roundUp(count: number, step: number): number {
  return Math.ceil(count / step) * step;
}

function split(logits: Float32Array, rows: number): readonly Float32Array[] {
  const width = logits.length / rows;
  return Array.from({ length: rows }, (_, row) => logits.subarray(row * width, (row + 1) * width));
}
