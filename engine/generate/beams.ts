/** Beam search as Transformers 5 has it (Graves, 2012; the length penalty divides by the new tokens alone). */
import type { Continuation, Found, SearchOptions, Stepper } from './search.ts';
import { processed, type RowSoFar } from './processors.ts';
import { logSoftmax, type Scores } from './scores.ts';

interface Beam {
  readonly ids: readonly number[];
  /** Sum of its tokens' processed log-probabilities. */
  readonly score: number;
  /** Its row in the step before. */
  readonly parent: number;
}

/** One prompt's search. */
interface Hunt {
  readonly prompt: readonly number[];
  live: readonly Beam[];
  found: readonly (Found & { readonly score: number })[];
  done: boolean;
}

export async function beamSearch(stepper: Stepper, options: SearchOptions): Promise<readonly (readonly Found[])[]> {
  const { prompts, settings } = options;
  const hunts = prompts.map((prompt): Hunt => ({
    prompt,
    live: [{ ids: [], score: 0, parent: -1 }],
    found: [],
    done: false,
  }));
  let logits = await stepper.start();
  for (let step = 1; step <= settings.maxNewTokens; step += 1) {
    const width = logits.length / hunts.length;
    for (const [index, hunt] of hunts.entries()) {
      if (!hunt.done) await advance(hunt, { index, firstRow: index * width, logits, step, options });
    }
    await options.afterStep?.();
    if (hunts.every(({ done }) => done)) break;
    logits = await stepper.next(hunts.flatMap((hunt, index) => continuations(hunt, settings.beams, index * width)));
  }
  for (const [index, { found }] of hunts.entries()) for (const id of found[0]?.ids ?? []) options.onToken?.(index, id);
  return hunts.map(({ found }) => found);
}

/** Always as many rows as beams; those that no beam fills repeat one and are not looked at. */
function continuations({ live }: Hunt, beams: number, firstRow: number): Continuation[] {
  return Array.from({ length: beams }, (_, at) => {
    const beam = live[at] ?? live[0];
    return { parent: beam?.parent ?? firstRow, id: beam?.ids.at(-1) ?? 0 };
  });
}

interface Advance {
  readonly index: number;
  readonly firstRow: number;
  readonly logits: readonly ArrayLike<number>[];
  /** Length of the new rows, counted from 1. */
  readonly step: number;
  readonly options: SearchOptions;
}

async function advance(hunt: Hunt, { index, firstRow, logits, step, options }: Advance): Promise<void> {
  const { settings, processors, eos } = options;
  const { beams, lengthPenalty, maxNewTokens } = settings;
  const last = step === maxNewTokens;
  const scores = hunt.live.map(({ ids, score }, at) => {
    const row: RowSoFar = { ids: [...hunt.prompt, ...ids], promptLength: hunt.prompt.length, row: index };
    return processed(logSoftmax(logits[firstRow + at] ?? []), processors, row).map((value) => value + score);
  });
  // So many that beams are left to go on with when the best of all beams end.
  const candidates = largest(scores, Math.max(2, 1 + eos.size) * beams);
  const live: Beam[] = [];
  const finished: (Found & { readonly score: number })[] = [];
  for (const [rank, { row, id, score }] of candidates.entries()) {
    const ids = [...(hunt.live[row]?.ids ?? []), id];
    const ended = eos.has(id) || ((await options.ended?.(ids, index)) ?? false);
    if (!ended && !last) {
      if (live.length < beams) live.push({ ids, score, parent: firstRow + row });
    } else if (rank < beams) finished.push({ ids, ended, score: score / step ** lengthPenalty });
  }
  hunt.live = live;
  hunt.found = [...hunt.found, ...finished].toSorted((a, b) => b.score - a.score).slice(0, beams);
  hunt.done = last || live.length === 0 || (hunt.found.length === beams && !promising(hunt, settings, step));
}

/** Whether the beams under way may still beat the worst of a full set of answers. */
function promising({ live, found }: Hunt, settings: SearchOptions['settings'], length: number): boolean {
  const { earlyStopping, lengthPenalty, maxNewTokens } = settings;
  if (earlyStopping === 'first') return false;
  const finalLength = earlyStopping === 'never' && lengthPenalty > 0 ? maxNewTokens : length;
  return (live[0]?.score ?? -Infinity) / finalLength ** lengthPenalty > (found.at(-1)?.score ?? -Infinity);
}

interface Candidate {
  readonly row: number;
  readonly id: number;
  readonly score: number;
}

/** The largest scores of all rows, the best first; of equal ones the first. */
function largest(rows: readonly Scores[], count: number): readonly Candidate[] {
  const best: Candidate[] = [];
  for (const [row, scores] of rows.entries()) {
    for (let id = 0; id < scores.length; id += 1) {
      const score = scores[id] ?? -Infinity;
      const least = best[count - 1];
      if (score === -Infinity || (least && score <= least.score)) continue;
      const place = best.findLastIndex((other) => other.score >= score) + 1;
      best.splice(place, 0, { row, id, score });
      best.length = Math.min(best.length, count);
    }
  }
  return best;
}
