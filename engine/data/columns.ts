/** Columns that a mapping names, and their cells in a table. */
import { StudioError } from '../spec/errors.ts';
import type { Columns } from '../spec/tasks.ts';
import { cellText } from './cells.ts';
import { tidyName, type Row, type Table } from './table.ts';

/** Settings of a mapping that name no column. */
const settings: readonly string[] = ['labels', 'separator'];

/** Every column a mapping names; those of the answer stand last. */
export function namedColumns(columns: Columns): readonly string[] {
  return Object.entries(columns)
    .filter(([key]) => !settings.includes(key))
    .flatMap(([, names]): readonly string[] => [names ?? []].flat());
}

/** The table's own name of a column; blanks around a name do not count. @throws StudioError data.column-missing */
export function resolveColumn(table: Table, name: string): string {
  if (table.columns.includes(name)) return name;
  const found = table.columns.find((column) => column === tidyName(name));
  if (found !== undefined) return found;
  const columns = table.columns.slice(0, 50).join(', ') + (table.columns.length > 50 ? ', …' : '');
  throw new StudioError('data.column-missing', { path: table.path, column: name, columns });
}

/** Reads one column of a table's rows. @throws StudioError data.column-missing */
export function cellReader(table: Table, name: string): (row: Row) => unknown {
  const column = resolveColumn(table, name);
  return (row) => row[column];
}

/** Reads one column of a table's rows as text. @throws StudioError data.column-missing */
export function textReader(table: Table, name: string): (row: Row) => string {
  const cell = cellReader(table, name);
  return (row) => cellText(cell(row));
}
