/** Promises: names serve as labels as numbers do, and several labels a row are scored as scikit-learn 1.9 scores them. */
import { describe, expect, it } from 'vitest';
import { binaryScores, classificationReport } from '../../../engine/metrics/classification.ts';
import { multiLabelReport } from '../../../engine/metrics/multi-label.ts';

describe('one label a row', () => {
  const [truth, predicted] = [
    ['a', 'a', 'b', 'b', 'c'],
    ['a', 'b', 'b', 'b', 'c'],
  ];

  it('takes names', () => {
    const report = classificationReport(truth, predicted, ['a', 'b', 'c']);
    expect(report.mcc).toBeCloseTo(0.7349684152591671, 14);
    expect(report.macro.f1).toBeCloseTo(0.8222222222222223, 14);
    expect(report.confusion).toEqual([
      [1, 1, 0],
      [0, 2, 0],
      [0, 0, 1],
    ]);
  });

  it('counts a label that never occurs as 0 in the mean over labels, and not at all in balanced accuracy', () => {
    const [three, four] = [['a', 'b', 'c'] as const, ['a', 'b', 'c', 'd'] as const].map((labels) =>
      classificationReport<string>(truth, predicted, labels),
    );
    expect(four?.macro.f1).toBeCloseTo(((three?.macro.f1 ?? NaN) * 3) / 4, 14);
    expect(four?.balancedAccuracy).toBe(three?.balancedAccuracy);
    expect(four?.perLabel[3]).toEqual({ label: 'd', precision: 0, recall: 0, f1: 0, support: 0 });
  });

  it('scores one label against the rest', () => {
    expect(binaryScores(truth, predicted, 'b')).toEqual({ precision: 2 / 3, recall: 1, f1: 0.8 });
  });
});

describe('several labels a row', () => {
  const table = (rows: readonly string[]): readonly (readonly boolean[])[] =>
    rows.map((row) => [...row].map((cell) => cell === '1'));
  const report = multiLabelReport(table(['101', '000', '110', '001']), table(['100', '000', '111', '011']));

  it.each([
    ['macro', [2 / 3, 5 / 6, 13 / 18]],
    ['micro', [2 / 3, 4 / 5, 8 / 11]],
    ['weighted', [0.7, 0.8, 11 / 15]],
    ['samples', [13 / 24, 5 / 8, 8 / 15]],
  ] as const)('%s', (average, [precision, recall, f1]) => {
    const found = report[average];
    expect(found.precision).toBeCloseTo(precision, 14);
    expect(found.recall).toBeCloseTo(recall, 14);
    expect(found.f1).toBeCloseTo(f1, 14);
  });

  it('counts rows that are right in full, and cells that are wrong', () => {
    expect([report.subsetAccuracy, report.hammingLoss]).toEqual([0.25, 0.25]);
    expect(report.perLabel.map(({ support }) => support)).toEqual([2, 1, 2]);
  });
});
