/** Differences of two systems measured on the same rows, with 95 % intervals. */
import { bootstrapInterval, type BootstrapOptions } from './bootstrap.ts';
import { wilson, type Interval } from './intervals.ts';
import { chiSquareTail, incompleteBeta } from './special-functions.ts';

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
 * Mean of paired differences with the percentile interval of a bootstrap over rows.
 * @param differences first minus second, a row each
 */
export function pairedMeanGain(differences: readonly number[], options: BootstrapOptions = {}): Gain | null {
  const n = differences.length;
  if (n === 0) return null;
  const value = differences.reduce((sum, difference) => sum + difference, 0) / n;
  return { value, interval: bootstrapInterval(differences, options) };
}

export interface McNemar {
  /** Exact two-sided p of the pairs that disagree under a fair coin: min(1, 2·P(X ≤ the fewer)). */
  readonly exact: number;
  /** Lancaster's mid-p: half of the observed outcome's probability counts. Null where no pair disagrees. */
  readonly mid: number | null;
  /** χ² with continuity correction, (|b − c| − 1)² / (b + c); null where no pair disagrees. */
  readonly chiSquare: number | null;
  readonly chiSquareP: number | null;
}

/** Are two systems right equally often on the same rows? (McNemar, 1947, Psychometrika 12:153.) */
export function mcnemar({ onlyFirst, onlySecond }: Pick<PairedCounts, 'onlyFirst' | 'onlySecond'>): McNemar {
  const n = onlyFirst + onlySecond;
  if (n === 0) return { exact: 1, mid: null, chiSquare: null, chiSquareP: null };
  const fewer = Math.min(onlyFirst, onlySecond);
  const atMost = (k: number): number => (k < 0 ? 0 : k >= n ? 1 : incompleteBeta(0.5, n - k, k + 1));
  const chiSquare = onlyFirst === onlySecond ? 0 : (Math.abs(onlyFirst - onlySecond) - 1) ** 2 / n;
  return {
    exact: Math.min(1, 2 * atMost(fewer)),
    mid: atMost(fewer) + atMost(fewer - 1),
    chiSquare,
    chiSquareP: chiSquareTail(chiSquare),
  };
}
