/** Promises of the split: the same deal everywhere, classes in proportion, no class lost to the held-back rows. */
import { describe, expect, it } from 'vitest';
import { splitRows } from '../../../engine/data/split.ts';

interface Item {
  readonly row: number;
  readonly label: string;
}

const classes = { many: 600, some: 300, few: 90, two: 2, one: 1 };
const items: readonly Item[] = Object.entries(classes)
  .flatMap(([label, count]) => Array.from({ length: count }, () => label))
  .map((label, row) => ({ label, row: (row * 397) % 993 }))
  .toSorted((a, b) => a.row - b.row);
const stratum = ({ label }: Item): string => label;
const count = (part: readonly Item[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { label } of part) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
};

describe('splitRows', () => {
  it('deals every item once and keeps the order in each part', () => {
    const parts = splitRows(items, { validation: 0.2, test: 0.1, seed: 3, stratum });
    for (const part of [parts.train, parts.validation, parts.test])
      expect(part).toEqual(part.toSorted((a, b) => a.row - b.row));
    expect([...parts.train, ...parts.validation, ...parts.test].toSorted((a, b) => a.row - b.row)).toEqual(items);
  });

  it('gives each class its share and leaves at least one row of each to learn from', () => {
    const { train, validation, test } = splitRows(items, { validation: 0.2, test: 0.1, seed: 3, stratum });
    expect([count(train), count(validation), count(test)]).toEqual([
      { many: 420, some: 210, few: 63, two: 1, one: 1 },
      { many: 120, some: 60, few: 18, two: 1 },
      { many: 60, some: 30, few: 9 },
    ]);
  });

  it('never empties a class, whatever the shares', () => {
    for (const [validation, test] of [
      [0.9, 0.9],
      [0.9, 0],
      [0, 0.9],
      [0.5, 0.5],
    ] as const) {
      const { train } = splitRows(items, { validation, test, seed: 1, stratum });
      expect(Object.keys(count(train)).toSorted()).toEqual(Object.keys(classes).toSorted());
    }
  });

  it('is a function of the seed', () => {
    const deal = (seed: number): readonly number[] =>
      splitRows(items, { validation: 0.1, test: 0, seed, stratum }).validation.map(({ row }) => row);
    expect(deal(7)).toEqual(deal(7));
    expect(deal(7)).not.toEqual(deal(8));
  });

  it('deals the same rows on every computer', () => {
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    const { validation, test } = splitRows(numbers, { validation: 0.1, test: 0.1, seed: 1 });
    expect({ validation, test }).toMatchInlineSnapshot(`
      {
        "test": [
          4,
          13,
          18,
          31,
        ],
        "validation": [
          10,
          17,
          22,
          24,
        ],
      }
    `);
  });

  it('is fair: over many seeds every row is held back about as often', () => {
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    const held = new Array<number>(20).fill(0);
    for (let seed = 0; seed < 2000; seed += 1) {
      for (const index of splitRows(numbers, { validation: 0.25, test: 0, seed }).validation)
        held[index] = (held[index] ?? 0) + 1;
    }
    // 500 expected, standard deviation 19.4; five of them either way.
    expect(Math.min(...held)).toBeGreaterThan(400);
    expect(Math.max(...held)).toBeLessThan(600);
  });

  it('keeps test rows when only the share of check rows changes', () => {
    const test = (validation: number): readonly Item[] =>
      splitRows(items, { validation, test: 0.1, seed: 5, stratum }).test;
    expect(test(0.3)).toEqual(test(0));
  });

  it('holds nothing back where nothing is asked for, and copes with nothing', () => {
    expect(splitRows(items, { validation: 0, test: 0, seed: 1, stratum }).train).toEqual(items);
    expect(splitRows([], { validation: 0.5, test: 0.5, seed: 1 })).toEqual({ train: [], validation: [], test: [] });
  });
});
