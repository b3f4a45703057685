/** What the charts are drawn from: thinning, paths, rulers, confusion tables. */
import { describe, expect, it } from 'vitest';
import { anchorOf, linePath, roundBytes, rulerEnd, thin } from '../../../renderer/src/lib/chart-scale.ts';
import { commonestMistake, confusionRows } from '../../../renderer/src/lib/chart-confusion.ts';
import { inlined } from '../../../renderer/src/components/method/drawings.ts';

it('thins a curve without losing a peak, in order', () => {
  const values = Array.from({ length: 1000 }, (_, index) => (index === 537 ? 99 : index % 7));
  const kept = thin(values, 100);
  expect(kept.length).toBeLessThanOrEqual(100);
  expect(kept).toContainEqual({ index: 537, value: 99 });
  expect(kept.every((point, place) => place === 0 || point.index > (kept[place - 1]?.index ?? -1))).toBe(true);
  expect(thin([3, 1], 100)).toEqual([
    { index: 0, value: 3 },
    { index: 1, value: 1 },
  ]);
});

it('writes a path to a tenth of a pixel', () => {
  expect(
    linePath([
      { x: 0, y: 1 },
      { x: 2.345, y: 3 },
    ]),
  ).toBe('M0 1L2.3 3');
});

it('keeps labels inside', () => {
  expect([anchorOf(2, 100), anchorOf(50, 100), anchorOf(99, 100)]).toEqual(['start', 'middle', 'end']);
});

it('reaches past the limit, unless the limit is far off', () => {
  expect(rulerEnd(6, 5)).toEqual({ end: 6 * 1.12, limitBeyond: false });
  expect(rulerEnd(1, 20)).toEqual({ end: 1.6, limitBeyond: true });
});

it('writes round ticks', () => {
  expect([0, 5e9, 2.5e9].map(roundBytes)).toEqual(['0', '5\u00a0GB', '2.5\u00a0GB']);
});

describe('confusion', () => {
  const labels = ['a', 'b', 'c'];
  const counts = [
    [5, 1, 0],
    [4, 2, 0],
    [0, 0, 0],
  ];

  it('weighs mistakes against the commonest, and leaves a label without rows without a share', () => {
    const rows = confusionRows(labels, counts);
    expect(rows.map(({ total, share }) => ({ total, share }))).toEqual([
      { total: 6, share: 5 / 6 },
      { total: 6, share: 1 / 3 },
      { total: 0, share: null },
    ]);
    expect(rows[1]?.cells).toEqual([
      { count: 4, right: false, weight: 48 },
      { count: 2, right: true, weight: 0 },
      { count: 0, right: false, weight: 0 },
    ]);
  });

  it('names the commonest mistake and the same pair the other way', () => {
    expect(commonestMistake(labels, counts)).toEqual({ expected: 'b', predicted: 'a', count: 4, back: 1 });
    expect(
      commonestMistake(
        ['a', 'b'],
        [
          [3, 0],
          [0, 3],
        ],
      ),
    ).toBeNull();
  });
});

it('inlines a drawing without style sheet, style attribute or fixed size', () => {
  const svg =
    '<svg viewBox="0 0 1 1" width="160" height="196"><style>text{fill:red}</style><text style="font-size:8.5px">x</text></svg>';
  expect(inlined(svg)).toBe('<svg viewBox="0 0 1 1"><text font-size="8.5px">x</text></svg>');
});
