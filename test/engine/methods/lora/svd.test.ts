/** Promises: the largest singular values and vectors, of any shape, with repeated values and of any rank. */
import { expect, test } from 'vitest';
import { largestSingular } from '../../../../engine/methods/lora/svd.ts';
import { uniform } from '../../../support/check-op.ts';

/** U·diag(values)·Vᵀ with U and V from reflections of the identity: [rows, columns]. */
function matrixOf(values: readonly number[], rows: number, columns: number): Float32Array {
  const random = uniform(11);
  const reflection = (size: number): ((row: number, column: number) => number) => {
    const axis = Array.from({ length: size }, () => random() - 0.5);
    const square = axis.reduce((total, value) => total + value * value, 0);
    return (row, column) => (row === column ? 1 : 0) - (2 * (axis[row] ?? 0) * (axis[column] ?? 0)) / square;
  };
  const [u, v] = [reflection(rows), reflection(columns)];
  return Float32Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    return values.reduce((total, value, index) => total + u(row, index) * value * v(column, index), 0);
  });
}

test.each([
  { kind: 'tall', rows: 40, columns: 9, values: [5, 3, 2, 1, 0.5], count: 3 },
  { kind: 'wide', rows: 9, columns: 40, values: [5, 3, 2, 1, 0.5], count: 3 },
  {
    kind: 'of slowly falling values',
    rows: 90,
    columns: 80,
    values: Array.from({ length: 80 }, (_, index) => 0.97 ** index),
    count: 8,
  },
  { kind: 'of equal values', rows: 30, columns: 30, values: [2, 2, 2, 1, 1], count: 4 },
  { kind: 'of less rank than asked for', rows: 12, columns: 10, values: [3, 1], count: 4 },
])('$kind', ({ rows, columns, values, count }) => {
  const matrix = matrixOf(values, rows, columns);
  const found = largestSingular(matrix, { rows, columns, count });
  found.values.forEach((value, index) => expect(Math.abs(value - (values[index] ?? 0))).toBeLessThan(1e-6));
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((total, x, at) => total + x * (b[at] ?? 0), 0);
  for (const side of [found.left, found.right]) {
    side
      .slice(0, values.length)
      .forEach((a, i) =>
        side
          .slice(0, values.length)
          .forEach((b, j) => expect(Math.abs(dot(a, b) - (i === j ? 1 : 0))).toBeLessThan(1e-9)),
      );
  }
  // What is left over is as small as the best approximation of this rank leaves it (Eckart & Young).
  const rest = matrix.reduce((total, value, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const near = found.values.reduce(
      (sum, sigma, index) => sum + sigma * (found.left[index]?.[row] ?? 0) * (found.right[index]?.[column] ?? 0),
      0,
    );
    return total + (value - near) ** 2;
  }, 0);
  const best = values.slice(count).reduce((total, value) => total + value * value, 0);
  expect(Math.abs(rest - best)).toBeLessThan(1e-6 * (1 + best));
});
