/** Intervals of measured shares. */
import { inverseIncompleteBeta } from './special-functions.ts';

/** Two-sided 95 % of the normal distribution. */
export const z95 = 1.959963984540054;

export type Interval = readonly [low: number, high: number];

/**
 * Wilson score interval of a share, 95 % (Wilson, 1927, JASA 22:209).
 * @param correct successes, 0 … n
 * @param n trials, at least 1
 */
export function wilson(correct: number, n: number): Interval {
  const share = correct / n;
  const square = z95 * z95;
  const centre = (share + square / (2 * n)) / (1 + square / n);
  const half = (z95 / (1 + square / n)) * Math.sqrt((share * (1 - share)) / n + square / (4 * n * n));
  return [correct === 0 ? 0 : Math.max(0, centre - half), correct === n ? 1 : Math.min(1, centre + half)];
}

/**
 * Clopper–Pearson interval of a share, 95 %: never covers less than it says (Clopper & Pearson, 1934, Biometrika 26:404).
 * @param correct successes, 0 … n
 * @param n trials, at least 1
 */
export function clopperPearson(correct: number, n: number): Interval {
  return [
    correct === 0 ? 0 : inverseIncompleteBeta(0.025, correct, n - correct + 1),
    correct === n ? 1 : inverseIncompleteBeta(0.975, correct + 1, n - correct),
  ];
}

/**
 * Normal-approximation (Wald) interval of a share, 95 %, unclipped: what papers often print. Collapses at 0 and n.
 * @param correct successes, 0 … n
 * @param n trials, at least 1
 */
export function normalInterval(correct: number, n: number): Interval {
  const share = correct / n;
  const half = z95 * Math.sqrt((share * (1 - share)) / n);
  return [share - half, share + half];
}
