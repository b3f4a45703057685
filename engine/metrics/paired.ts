/** Differences of two systems measured on the same rows, with 95 % intervals. */
import { wilson, type Interval } from './intervals.ts';

export interface Gain {
  /** First system minus second. */
  readonly value: number;
  readonly interval: Interval;
}

/** Rows by who was right. */
export interface PairedCounts {
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly neither: number;
}

/**
 * Difference of two shares right on the same rows: Newcombe's square-and-add of the Wilson intervals with the
 * correlation of the pairs, continuity-corrected (Newcombe, 1998, Statistics in Medicine 17:2635, method 10).
 * Null without rows.
 */
export function pairedGain({ both, onlyFirst, onlySecond, neither }: PairedCounts): Gain | null {
  const n = both + onlyFirst + onlySecond + neither;
  if (n === 0) return null;
  const [right1, right2] = [both + onlyFirst, both + onlySecond];
  const [share1, share2] = [right1 / n, right2 / n];
  const [low1, high1] = wilson(right1, n);
  const [low2, high2] = wilson(right2, n);
  const phi = correlation({ both, onlyFirst, onlySecond, neither });
  const value = (onlyFirst - onlySecond) / n;
  return {
    value,
    interval: [
      Math.max(-1, value - combined(share1 - low1, high2 - share2, phi)),
      Math.min(1, value + combined(high1 - share1, share2 - low2, phi)),
    ],
  };
}

/** Newcombe's φ̂: the product of margins below, the corrected determinant above; 0 where a margin is empty. */
function correlation({ both, onlyFirst, onlySecond, neither }: PairedCounts): number {
  const n = both + onlyFirst + onlySecond + neither;
  const margins = (both + onlyFirst) * (onlySecond + neither) * (both + onlySecond) * (onlyFirst + neither);
  if (margins === 0) return 0;
  const determinant = both * neither - onlyFirst * onlySecond;
  const corrected = determinant > n / 2 ? determinant - n / 2 : determinant >= 0 ? 0 : determinant;
  return corrected / Math.sqrt(margins);
}

function combined(first: number, second: number, phi: number): number {
  return Math.sqrt(Math.max(0, first * first - 2 * phi * first * second + second * second));
}

/**
 * Mean of paired differences with the percentile interval of a bootstrap over rows (Efron & Tibshirani, 1993, chapter 13;
 * resampling rows for both systems at once as Koehn, 2004, W04-3250). The same seed gives the same interval.
 * @param differences first minus second, a row each
 */
export function pairedMeanGain(
  differences: readonly number[],
  options: { seed?: number; resamples?: number } = {},
): Gain | null {
  const n = differences.length;
  if (n === 0) return null;
  const { seed = 1, resamples = 2000 } = options;
  const random = mulberry32(seed);
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let draw = 0; draw < n; draw += 1) sum += differences[Math.floor(random() * n)] ?? 0;
    return sum / n;
  }).sort((left, right) => left - right);
  const value = differences.reduce((sum, difference) => sum + difference, 0) / n;
  return { value, interval: [quantile(means, 0.025), quantile(means, 0.975)] };
}

/** Linear between neighbours, as numpy's default. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
