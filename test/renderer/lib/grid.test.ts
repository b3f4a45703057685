/** The virtualised grid: only what is in sight, with the keys of a spreadsheet. */
import { expect, test } from 'vitest';
import { moveCell, pagesOf, tsvLine, visibleRows } from '../../../renderer/src/lib/grid.ts';

test('rows in sight, a few more around them, never outside the table', () => {
  const at = (scrollTop: number, total: number) => visibleRows({ scrollTop, height: 260, rowHeight: 26, total }, 2);
  expect([at(0, 1000), at(2600, 1000), at(25_740, 1000), at(0, 3), at(5000, 3)]).toEqual([
    { first: 0, end: 12 },
    { first: 98, end: 112 },
    { first: 988, end: 1000 },
    { first: 0, end: 3 },
    { first: 3, end: 3 },
  ]);
});

test('pages cover exactly the range', () => {
  expect([
    pagesOf({ first: 90, end: 101 }, 100),
    pagesOf({ first: 100, end: 200 }, 100),
    pagesOf({ first: 0, end: 0 }, 100),
  ]).toEqual([[0, 1], [1], []]);
});

test('a copied row survives tabs, breaks and quotes', () => {
  expect(tsvLine(['7', 'a\tb', 'say "no"', 'one\ntwo', 'plain, with comma'])).toBe(
    '7\t"a\tb"\t"say ""no"""\t"one\ntwo"\tplain, with comma',
  );
});

test('arrows stop at the edges, Page moves a page, other keys are left alone', () => {
  const size = { rows: 100, columns: 4, page: 10 };
  const from = { row: 5, column: 1 };
  expect(
    ['ArrowUp', 'ArrowRight', 'PageUp', 'PageDown', 'Home', 'End', 'a'].map((key) => moveCell(key, from, size)),
  ).toEqual([
    { row: 4, column: 1 },
    { row: 5, column: 2 },
    { row: 0, column: 1 },
    { row: 15, column: 1 },
    { row: 5, column: 0 },
    { row: 5, column: 3 },
    null,
  ]);
});
