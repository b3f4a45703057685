/** Translation edit rate (Snover et al., 2006): edits and shifts of phrases as Tercom and sacrebleu 2.6 search for them. */
import { beamEdits, type Edit } from './beam-edits.ts';
import { signature } from './sacrebleu.ts';
import { words } from './text.ts';

const maxShiftSize = 10;
const maxShiftDistance = 50;
const maxShiftCandidates = 1000;

export interface Ter {
  /** Edits per 100 words of reference; may exceed 100. */
  readonly score: number;
  readonly signature: string;
}

/** @param references the lists of references of each hypothesis, at least one each: fewest edits, mean length; letter case is ignored */
export function ter(hypotheses: readonly string[], references: readonly (readonly string[])[]): Ter {
  let [edits, length] = [0, 0];
  for (const [row, hypothesis] of hypotheses.entries()) {
    const theirs = (references[row] ?? []).map((reference) => words(reference.toLowerCase()));
    edits += Math.min(...theirs.map((reference) => editsTo(words(hypothesis.toLowerCase()), reference)));
    length += theirs.reduce((sum, reference) => sum + reference.length, 0) / theirs.length;
  }
  const rate = length > 0 ? edits / length : edits > 0 ? 1 : 0;
  const settings = { case: 'lc', tok: 'tercom', norm: 'no', punct: 'yes', asian: 'no' };
  return { score: 100 * rate, signature: signature(references, settings) };
}

/** Shifts while one lessens the edits, then counts both. */
function editsTo(hypothesis: readonly string[], reference: readonly string[]): number {
  if (reference.length === 0) return hypothesis.length;
  const search = { reference, tried: 0 };
  let current = hypothesis;
  for (let shifts = 0; ; shifts += 1) {
    const best = bestShift(current, search);
    if (search.tried >= maxShiftCandidates || best === null || best.gain <= 0)
      return shifts + beamEdits(current, reference).cost;
    current = best.shifted;
  }
}

interface Shift {
  /** Edits saved. */
  readonly gain: number;
  readonly length: number;
  readonly start: number;
  readonly target: number;
  readonly shifted: readonly string[];
}

/** The best of the shifts that Tercom would look at: most saved, then longest, from earliest, to earliest. */
function bestShift(
  hypothesis: readonly string[],
  search: { reference: readonly string[]; tried: number },
): Shift | null {
  const { reference } = search;
  const before = beamEdits(hypothesis, reference);
  const { alignment, hypothesisWrong, referenceWrong } = align(before.edits);
  let best: Shift | null = null;
  for (const { start, at, length } of matchingRuns(hypothesis, reference)) {
    const wrong = hypothesisWrong.slice(start, start + length).includes(true);
    const missing = referenceWrong.slice(at, at + length).includes(true);
    const aligned = alignment[at] ?? -1;
    if (!wrong || !missing || (start <= aligned && aligned < start + length)) continue;
    let previous = -1;
    for (let offset = -1; offset < length; offset += 1) {
      const place = at + offset === -1 ? -1 : alignment[at + offset];
      if (place === undefined) break;
      const target = place + 1;
      if (target === previous) continue;
      previous = target;
      const shifted = shift(hypothesis, { start, length, target });
      const candidate = { gain: before.cost - beamEdits(shifted, reference).cost, length, start, target, shifted };
      search.tried += 1;
      if (best === null || isBetter(candidate, best)) best = candidate;
    }
    if (search.tried >= maxShiftCandidates) break;
  }
  return best;
}

function isBetter(left: Shift, right: Shift): boolean {
  const order =
    left.gain - right.gain || left.length - right.length || right.start - left.start || right.target - left.target;
  return order > 0;
}

function shift(
  list: readonly string[],
  { start, length, target }: { start: number; length: number; target: number },
): readonly string[] {
  const moved = list.slice(start, start + length);
  const rest = [...list.slice(0, start), ...list.slice(start + length)];
  // A target behind the run counts the run's own words, one inside it means that many places on.
  const place = target < start ? target : target > start + length ? target - length : target;
  return [...rest.slice(0, place), ...moved, ...rest.slice(place)];
}

/** Runs of equal words, each prefix of a run by itself, that start at most 50 places apart. */
function* matchingRuns(
  hypothesis: readonly string[],
  reference: readonly string[],
): Generator<{ start: number; at: number; length: number }> {
  for (let start = 0; start < hypothesis.length; start += 1) {
    for (let at = 0; at < reference.length; at += 1) {
      if (Math.abs(at - start) > maxShiftDistance) continue;
      const end = Math.min(maxShiftSize, hypothesis.length - start, reference.length - at);
      for (let length = 1; length <= end && hypothesis[start + length - 1] === reference[at + length - 1]; length += 1)
        yield { start, at, length };
    }
  }
}

/** Where each reference word lies in the hypothesis (−1: before it), and which words of both the edits touch. */
function align(edits: readonly Edit[]): {
  alignment: readonly number[];
  hypothesisWrong: readonly boolean[];
  referenceWrong: readonly boolean[];
} {
  const alignment: number[] = [];
  const hypothesisWrong: boolean[] = [];
  const referenceWrong: boolean[] = [];
  for (const edit of edits) {
    if (edit !== 'insert') hypothesisWrong.push(edit !== 'keep');
    if (edit === 'delete') continue;
    referenceWrong.push(edit !== 'keep');
    alignment.push(hypothesisWrong.length - 1);
  }
  return { alignment, hypothesisWrong, referenceWrong };
}
