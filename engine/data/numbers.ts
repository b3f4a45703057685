/** Numbers as people write them: with a decimal point or a decimal comma, which a whole column tells. */

const english = /^[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?(e[+-]?\d+)?$/i;
const german = /^[+-]?(\d{1,3}([.\u00a0\u202f ]\d{3})+|\d+)(,\d+)?$/;

/** Reads the cells of a column as numbers, in the style that more of them follow; null: not a number. */
export function numberReader(cells: readonly string[]): (cell: string) => number | null {
  const follow = (style: RegExp): number => cells.filter((cell) => /\d/.test(cell) && style.test(cell.trim())).length;
  const comma = follow(german) > follow(english);
  return (cell) => {
    const text = cell.trim();
    if (!/\d/.test(text) || !(comma ? german : english).test(text)) return null;
    const value = Number(comma ? text.replace(/[.\u00a0\u202f ]/g, '').replace(',', '.') : text.replaceAll(',', ''));
    return Number.isFinite(value) ? value : null;
  };
}
