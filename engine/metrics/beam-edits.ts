/** Edit distance within a beam around the diagonal, as sacrebleu's TER takes it. */
import { BugError } from '../spec/errors.ts';

/** What turns the hypothesis into the reference, word by word. */
export type Edit = 'keep' | 'replace' | 'delete' | 'insert';

const beamWidth = 25;
const unreached = 1e9;
const names: readonly Edit[] = ['keep', 'replace', 'delete', 'insert'];
const [keep, replace, remove, insert, none] = [0, 1, 2, 3, 4];

/** Fewest edits; where several ways are as short, keeping or replacing goes before deleting, that before inserting. */
export function beamEdits(
  hypothesis: readonly string[],
  reference: readonly string[],
): { readonly cost: number; readonly edits: readonly Edit[] } {
  const width = reference.length + 1;
  const costs = new Int32Array((hypothesis.length + 1) * width).fill(unreached);
  const taken = new Uint8Array(costs.length).fill(none);
  const cost = (row: number, column: number): number => costs[row * width + column] ?? unreached;
  const take = (cell: number, price: number, edit: number): void => {
    if ((costs[cell] ?? 0) <= price) return;
    costs[cell] = price;
    taken[cell] = edit;
  };
  for (let column = 0; column < width; column += 1) take(column, column, insert);
  const slope = hypothesis.length === 0 ? 1 : reference.length / hypothesis.length;
  // Where the lengths differ wildly, a row must still overlap the one before.
  const beam = beamWidth < slope / 2 ? Math.ceil(slope / 2 + beamWidth) : beamWidth;
  for (let row = 1; row <= hypothesis.length; row += 1) {
    const diagonal = Math.floor(row * slope);
    const end = row === hypothesis.length ? width : Math.min(width, diagonal + beam);
    for (let column = Math.max(0, diagonal - beam); column < end; column += 1) {
      const cell = row * width + column;
      if (column > 0) {
        const same = hypothesis[row - 1] === reference[column - 1];
        take(cell, cost(row - 1, column - 1) + (same ? 0 : 1), same ? keep : replace);
      }
      take(cell, cost(row - 1, column) + 1, remove);
      if (column > 0) take(cell, cost(row, column - 1) + 1, insert);
    }
  }
  return { cost: cost(hypothesis.length, reference.length), edits: trace(taken, hypothesis.length, width) };
}

function trace(taken: Uint8Array, rows: number, width: number): readonly Edit[] {
  const edits: Edit[] = [];
  for (let row = rows, column = width - 1; row > 0 || column > 0;) {
    const code = taken[row * width + column] ?? none;
    const edit = names[code];
    if (edit === undefined) throw new BugError(`the beam of the edit distance has a hole at ${row}, ${column}`);
    edits.push(edit);
    if (edit !== 'insert') row -= 1;
    if (edit !== 'delete') column -= 1;
  }
  return edits.reverse();
}
