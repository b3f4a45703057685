/** Where a table begins, and whether its first line is a header. */
import { describe, expect, it } from 'vitest';
import { tableFromGrid } from '../../../engine/data/grid.ts';

const grid = (...records: string[][]): Parameters<typeof tableFromGrid>[0] => ({
  records,
  lines: records.map((_, index) => index + 1),
  width: records.at(-1)?.length ?? 0,
});
const codes = (...records: string[][]): unknown => {
  const { columns, rows, findings } = tableFromGrid(grid(...records));
  return { columns, rows: rows.length, codes: findings.map(({ code }) => code) };
};

describe('tableFromGrid', () => {
  it('takes the first record as data when its label comes again, though the label is a usual name', () => {
    expect(codes(['Win money now', 'spam'], ['See you at six', 'ham'], ['Cheap pills', 'spam'])).toEqual({
      columns: ['(column 1)', '(column 2)'],
      rows: 3,
      codes: ['no-header'],
    });
  });

  it('takes it as a header when its names are usual, or come nowhere else', () => {
    const rows = [
      ['Label', 'x'],
      ['a', 'x'],
      ['b', 'y'],
    ];
    expect(codes(['label', 'foo'], ...rows)).toEqual({ columns: ['label', 'foo'], rows: 3, codes: [] });
    expect(codes(['bar', 'foo'], ...rows)).toEqual({ columns: ['bar', 'foo'], rows: 3, codes: [] });
  });

  it('passes over titles and comments above the header', () => {
    expect(codes(['Report'], ['# made by a tool'], ['text', 'label'], ['a', 'x'], ['b', 'y'])).toEqual({
      columns: ['text', 'label'],
      rows: 2,
      codes: ['lines-before-header'],
    });
  });

  it('cuts empty cells beyond the header without a word, and fills short rows with one', () => {
    const { rows, findings } = tableFromGrid({
      records: [['text', 'label'], ['a', 'x', '', ''], ['b', 'y'], ['c']],
      lines: [1, 2, 3, 4],
      width: 2,
    });
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { text: 'a', label: 'x' },
      { text: 'b', label: 'y' },
      { text: 'c', label: '' },
    ]);
    expect(findings).toEqual([{ code: 'ragged-rows', severity: 'care', data: { count: 1, lines: '4' } }]);
  });
});
