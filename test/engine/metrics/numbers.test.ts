/** Promises: ranks, correlations and tails are scipy's, also where a side is constant or nearly certain. */
import { expect, it, test } from 'vitest';
import { auroc, averagePrecision, multiclassAuroc } from '../../../engine/metrics/ranking.ts';
import { kendall, pearson, regressionErrors, spearman } from '../../../engine/metrics/regression.ts';
import { chiSquareTail, incompleteBeta, inverseIncompleteBeta } from '../../../engine/metrics/special-functions.ts';

test.each([
  ['I₀.₃(2.5, 0.5)', incompleteBeta(0.3, 2.5, 0.5), 0.018927124071945658],
  ['I₀.₉₉(300, 2)', incompleteBeta(0.99, 300, 2), 0.19616357628514303],
  ['its inverse', inverseIncompleteBeta(0.025, 4, 7), 0.12155225811982719],
  ['χ² near 0', chiSquareTail(0.5), 0.479500122],
  ['χ² at 5 %', chiSquareTail(3.84), 0.0500435212],
  ['χ² far out', chiSquareTail(60) * 1e14, 0.948573757],
] as const)('%s', (_, found, expected) => {
  expect(found).toBeCloseTo(expected, 9);
});

it('scores that are all alike rank nothing', () => {
  const positive = [true, false, true, false];
  expect([auroc(positive, [1, 1, 1, 1]), averagePrecision(positive, [1, 1, 1, 1])]).toEqual([0.5, 0.5]);
  expect([auroc([true], [1]), averagePrecision([false], [1])]).toEqual([null, null]);
});

it('a class that is absent leaves the areas undefined', () => {
  const even = [1 / 3, 1 / 3, 1 / 3];
  expect(multiclassAuroc([0, 1], [even, even])).toEqual({ ovrMacro: null, ovrWeighted: null, ovoMacro: null });
});

it('a line correlates fully, a constant not at all', () => {
  const [up, down] = [
    [1, 2, 3, 4],
    [8, 6, 4, 2],
  ];
  expect([pearson(up, down).value, spearman(up, down).value, kendall(up, down)]).toEqual([-1, -1, -1]);
  expect([pearson(up, [5, 5, 5, 5]), kendall(up, [5, 5, 5, 5])]).toEqual([{ value: null, p: null }, null]);
  expect(regressionErrors([5, 5], [5, 5])).toEqual({ mse: 0, mae: 0, r2: 1 });
  expect(regressionErrors([1], [3])).toEqual({ mse: 4, mae: 2, r2: null });
});
