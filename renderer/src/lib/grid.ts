/** Arithmetic of a virtualised grid: which rows are in sight, which pages of them are needed, how a row copies. */

export interface Range {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
}

/** Rows in sight, with a few more on both sides so that scrolling does not show gaps. */
export function visibleRows(
  view: { readonly scrollTop: number; readonly height: number; readonly rowHeight: number; readonly total: number },
  extra = 8,
): Range {
  const first = Math.max(0, Math.floor(view.scrollTop / view.rowHeight) - extra);
  const end = Math.min(view.total, Math.ceil((view.scrollTop + view.height) / view.rowHeight) + extra);
  return { first: Math.min(first, view.total), end: Math.max(Math.min(first, view.total), end) };
}

/** Numbers of the pages that cover a range. */
export function pagesOf(range: Range, pageSize: number): readonly number[] {
  if (range.end <= range.first) return [];
  const from = Math.floor(range.first / pageSize);
  const to = Math.floor((range.end - 1) / pageSize);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Cells as one line of a table that a spreadsheet takes. */
export function tsvLine(cells: readonly string[]): string {
  return cells.map((cell) => (/[\t\n\r"]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join('\t');
}

/** Where an arrow key leads from a cell; null for other keys. */
export function moveCell(
  key: string,
  cell: { readonly row: number; readonly column: number },
  size: { readonly rows: number; readonly columns: number; readonly page: number },
): { readonly row: number; readonly column: number } | null {
  const moves: Readonly<Record<string, readonly [number, number]>> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    PageUp: [-size.page, 0],
    PageDown: [size.page, 0],
    Home: [0, -size.columns],
    End: [0, size.columns],
  };
  const move = moves[key];
  if (!move) return null;
  const within = (value: number, length: number) => Math.min(Math.max(0, value), Math.max(0, length - 1));
  return { row: within(cell.row + move[0], size.rows), column: within(cell.column + move[1], size.columns) };
}
