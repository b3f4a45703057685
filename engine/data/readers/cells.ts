/** What is said of the cells of a mapping's columns, whatever the task. */
import type { Finding } from '../../spec/dataset.ts';
import { textReader } from '../columns.ts';
import { missingFindings } from '../label-findings.ts';
import type { Place, RoleTable, Undealt } from '../reader.ts';
import { finding, listed } from '../table.ts';

/** Cells of the training files that say that a value is missing, column by column. */
export function missingCells(tables: readonly RoleTable[], columns: readonly string[]): Finding[] {
  return columns.flatMap((column) => {
    const cells = tables
      .filter(({ role }) => role === 'train')
      .flatMap(({ table }) => table.rows.map(textReader(table, column)));
    return missingFindings(column, cells);
  });
}

/** Rows that are left out as they have no answer; `noted` have been told of otherwise. */
export function withoutAnswer(
  items: readonly Undealt<unknown>[],
  column: string,
  noted: (place: Place) => boolean = () => false,
): Finding[] {
  const rows = items.filter((item) => item.example === null && !noted(item)).map(({ row }) => row);
  const severity = rows.length > items.length / 10 ? 'care' : 'note';
  return rows.length > 0 ? [finding('empty-label', severity, { column, count: rows.length, rows: listed(rows) })] : [];
}
