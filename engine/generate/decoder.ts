/** Decoding with a cache of keys and values, several prompts at a time, each as if it were alone. */
import { BugError } from '../spec/errors.ts';
import type { GenerationSettings } from '../spec/generation.ts';
import { Passes, type PassesOptions, type Underway } from './passes.ts';
import { processorsOf, type Processor } from './processors.ts';
import type { TokenRules } from './rules.ts';
import { search, type Found, type SearchOptions, type Stepper } from './search.ts';

export interface DecodeOptions extends Pick<SearchOptions, 'ended' | 'onToken' | 'afterStep'> {
  readonly settings: GenerationSettings;
  readonly rules: TokenRules;
  /** Told the scores that a token is chosen by. */
  readonly watch?: Processor;
}

export class Decoder {
  readonly #passes: Passes;

  constructor(options: PassesOptions) {
    this.#passes = new Passes(options);
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

  /**
   * Answers to each prompt as the search found them, the best first. A prompt is not empty; an encoder reads it where there
   * is one; it may hold virtual tokens (`TokenRow`).
   */
  async search(
    prompts: readonly (readonly number[])[],
    options: DecodeOptions,
  ): Promise<readonly (readonly Found[])[]> {
    if (prompts.some((prompt) => prompt.length === 0)) throw new BugError('an empty prompt cannot be continued');
    const { settings, rules, watch, ...rest } = options;
    const start = this.#passes.decoderStart;
    return search(this.#stepper(prompts, settings.maxNewTokens), {
      ...rest,
      settings,
      prompts: prompts.map((prompt) => (start === null ? prompt.filter((id) => id >= 0) : [start])),
      eos: new Set(rules.eos),
      processors: [...processorsOf(settings, rules), ...(watch ? [watch] : [])],
    });
  }

  dispose(): Promise<void> {
    return this.#passes.dispose();
  }

  #stepper(prompts: readonly (readonly number[])[], maxNewTokens: number): Stepper {
    let underway: Promise<Underway> | null = null;
    const advance = async (to: Promise<Underway>): Promise<readonly Float32Array[]> => {
      underway = to;
      return (await to).logits;
    };
    return {
      start: () => advance(this.#passes.begin(prompts, maxNewTokens)),
      next: async (rows) => {
        if (!underway) throw new BugError('a row goes on before it has begun');
        return advance(this.#passes.go(await underway, rows));
      },
    };
  }
}
