/** How an answer is found, whatever the model is: one token at a time, the likeliest or a drawn one, or by beams. */
import type { GenerationSettings } from '../spec/generation.ts';
import { streamKey, uniform } from '../train/random.ts';
import { beamSearch } from './beams.ts';
import { processed, type Processor } from './processors.ts';
import { drawAt, likeliest, type Scores } from './scores.ts';

/** A row of the step before, and the token that continues it. */
export interface Continuation {
  readonly parent: number;
  readonly id: number;
}

/** A model under way through its rows: logits of the next token, one vocabulary a row. */
export interface Stepper {
  /** Behind each prompt. */
  start(): Promise<readonly ArrayLike<number>[]>;
  /** Behind each of these continuations of the rows of the call before. */
  next(rows: readonly Continuation[]): Promise<readonly ArrayLike<number>[]>;
}

export interface SearchOptions {
  readonly settings: Pick<
    GenerationSettings,
    'maxNewTokens' | 'strategy' | 'temperature' | 'seed' | 'beams' | 'lengthPenalty' | 'earlyStopping'
  >;
  /** The rows as they begin; of an encoder–decoder model the decoder's. */
  readonly prompts: readonly (readonly number[])[];
  readonly processors: readonly Processor[];
  /** Tokens that end a row. */
  readonly eos: ReadonlySet<number>;
  /** Whether a row's new tokens end it for another reason, a stop string for instance. */
  readonly ended?: (ids: readonly number[], prompt: number) => Promise<boolean> | boolean;
  /** Called with each new token as soon as it is settled: with beams when all are. Throw to cancel. */
  readonly onToken?: (prompt: number, id: number) => void;
  /** Awaited after each step, so that others get their turn. Throw to cancel. */
  readonly afterStep?: () => Promise<void> | void;
}

/** An answer to one prompt. */
export interface Found {
  /** New tokens, the one that ended the row included. */
  readonly ids: readonly number[];
  /** It ended by itself, not by its length. */
  readonly ended: boolean;
  /** Log-probability by the length penalty; of beams only. */
  readonly score: number | null;
}

/** For each prompt its answers, the best first: as many as there are beams, else one. */
export function search(stepper: Stepper, options: SearchOptions): Promise<readonly (readonly Found[])[]> {
  return options.settings.strategy === 'beam' ? beamSearch(stepper, options) : oneByOne(stepper, options);
}

async function oneByOne(stepper: Stepper, options: SearchOptions): Promise<readonly (readonly Found[])[]> {
  const { prompts, processors, eos, settings } = options;
  const rows = prompts.map((prompt) => ({ prompt, ids: [] as number[], ended: false }));
  let logits = await stepper.start();
  for (let step = 0; step < settings.maxNewTokens; step += 1) {
    const chosen: Continuation[] = [];
    for (const [index, row] of rows.entries()) {
      // A row that has ended goes along, so that the number of rows, and with it the compiled graph, stays.
      const last = row.ids.at(-1) ?? 0;
      if (row.ended) {
        chosen.push({ parent: index, id: last });
        continue;
      }
      const soFar = { ids: [...row.prompt, ...row.ids], promptLength: row.prompt.length, row: index };
      const scores = processed(Float64Array.from(logits[index] ?? []), processors, soFar);
      const id = choose(scores, settings, { row: index, step });
      chosen.push({ parent: index, id });
      row.ids.push(id);
      row.ended = eos.has(id) || ((await options.ended?.(row.ids, index)) ?? false);
      options.onToken?.(index, id);
    }
    await options.afterStep?.();
    if (rows.every(({ ended }) => ended) || step === settings.maxNewTokens - 1) break;
    logits = await stepper.next(chosen);
  }
  return rows.map(({ ids, ended }) => [{ ids, ended, score: null }]);
}

/** A row is drawn with numbers of its own, so that it does not depend on the rows beside it that come later. */
function choose(
  scores: Scores,
  { strategy, temperature, seed }: SearchOptions['settings'],
  at: { readonly row: number; readonly step: number },
): number {
  if (strategy === 'greedy' || temperature === 0) return likeliest(scores);
  return drawAt(scores, uniform(streamKey(seed, 'sample', at.row), at.step));
}
