/** Figures of predicted numbers against true ones: the definitions of scipy (correlations) and scikit-learn (errors). */
import { midranks } from './ranking.ts';
import { incompleteBeta } from './special-functions.ts';

/** Null where undefined: a constant side, too few rows. */
export interface Correlation {
  /** −1 … 1. */
  readonly value: number | null;
  /** Two-sided p of no correlation, from Student's t with n − 2 degrees of freedom. */
  readonly p: number | null;
}

/** Pearson's r. */
export function pearson(truth: readonly number[], predicted: readonly number[]): Correlation {
  const n = truth.length;
  const value = productMoment(truth, predicted);
  if (value === null) return { value, p: null };
  // Two rows lie on a line always.
  return { value, p: n === 2 ? 1 : pValue(value, n) };
}

/** Spearman's ρ: Pearson's r of the ranks, ties sharing their mean rank. */
export function spearman(truth: readonly number[], predicted: readonly number[]): Correlation {
  const n = truth.length;
  const value = productMoment(midranks(truth), midranks(predicted));
  return { value, p: value === null || n === 2 ? null : pValue(value, n) };
}

function pValue(correlation: number, n: number): number {
  return incompleteBeta((1 - correlation) * (1 + correlation), (n - 2) / 2, 0.5);
}

function productMoment(x: readonly number[], y: readonly number[]): number | null {
  if (x.length < 2 || isConstant(x) || isConstant(y)) return null;
  const [meanX, meanY] = [mean(x), mean(y)];
  let [across, squaresX, squaresY] = [0, 0, 0];
  x.forEach((value, row) => {
    const [fromX, fromY] = [value - meanX, (y[row] ?? 0) - meanY];
    across += fromX * fromY;
    squaresX += fromX * fromX;
    squaresY += fromY * fromY;
  });
  // In numpy's order: with three rows in perfect order, p feels the last bit of r.
  const freedom = x.length - 1;
  const correlation = across / freedom / Math.sqrt(squaresX / freedom) / Math.sqrt(squaresY / freedom);
  return Math.max(-1, Math.min(1, correlation));
}

/** Kendall's τ-b: pairs in the same order minus pairs in the opposite one, corrected for ties. Null where a side is constant. */
export function kendall(x: readonly number[], y: readonly number[]): number | null {
  let [balance, untiedX, untiedY] = [0, 0, 0];
  for (let later = 1; later < x.length; later += 1) {
    for (let earlier = 0; earlier < later; earlier += 1) {
      const signX = Math.sign((x[later] ?? 0) - (x[earlier] ?? 0));
      const signY = Math.sign((y[later] ?? 0) - (y[earlier] ?? 0));
      balance += signX * signY;
      untiedX += Math.abs(signX);
      untiedY += Math.abs(signY);
    }
  }
  if (untiedX === 0 || untiedY === 0) return null;
  return Math.max(-1, Math.min(1, balance / Math.sqrt(untiedX) / Math.sqrt(untiedY)));
}

export interface RegressionErrors {
  /** Mean squared error, in squares of the target's unit. */
  readonly mse: number;
  /** Mean absolute error, in the target's unit. */
  readonly mae: number;
  /** Share of the truth's variance that is explained; below 0 where the mean would predict better. Null below two rows. */
  readonly r2: number | null;
}

/** At least one row. */
export function regressionErrors(truth: readonly number[], predicted: readonly number[]): RegressionErrors {
  const errors = truth.map((value, row) => value - (predicted[row] ?? 0));
  const squares = mean(errors.map((error) => error * error));
  const centre = mean(truth);
  const variance = mean(truth.map((value) => (value - centre) ** 2));
  // A constant truth: 1 if it was hit exactly, else 0, as scikit-learn.
  const r2 = isConstant(truth) ? (squares === 0 ? 1 : 0) : 1 - squares / variance;
  return { mse: squares, mae: mean(errors.map(Math.abs)), r2: truth.length < 2 ? null : r2 };
}

function isConstant(values: readonly number[]): boolean {
  return values.every((value) => value === values[0]);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
