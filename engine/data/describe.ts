/** The report on a data set for the Data screen: its columns, the lengths of its texts, its rows as they stand. */
import type { DatasetView, RowView } from '../spec/dataset.ts';
import { cellText, isBlank } from './cells.ts';
import type { RoleTable } from './reader.ts';
import type { Row, Table } from './table.ts';

const mostColumns = 300;
const exampleLength = 160;

/** Every column of the files with its first different values. */
export function columnViews(tables: readonly Table[]): DatasetView['columns'] {
  const names = [...new Set(tables.flatMap(({ columns }) => columns))].slice(0, mostColumns);
  return names.map((name) => {
    const distinct = new Set<string>();
    let empty = 0;
    for (const table of tables) {
      if (!table.columns.includes(name)) continue;
      for (const row of table.rows) {
        const text = cellText(row[name]);
        if (isBlank(text)) empty += 1;
        else distinct.add(text);
      }
    }
    const examples = [...distinct]
      .slice(0, 3)
      .map((text) => (text.length > exampleLength ? `${text.slice(0, exampleLength - 1)}…` : text));
    return { name, examples, distinct: distinct.size, empty };
  });
}

/** A word, or a character where words are not parted by blanks. */
const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu;

/** Words of each text, in buckets that double: up to 8, 16, 32, … */
export function lengthsOf(texts: readonly string[]): DatasetView['lengths'] {
  const lengths = texts.map((text) => text.match(word)?.length ?? 0);
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const limits = [8];
  while ((limits.at(-1) ?? 0) < longest) limits.push((limits.at(-1) ?? 8) * 2);
  const buckets = limits.map((upTo, index) => ({
    upTo,
    rows: lengths.filter((length) => length <= upTo && (index === 0 || length > (limits[index - 1] ?? 0))).length,
  }));
  return { longest, buckets };
}

/** A page of rows whose columns nobody has chosen yet: all cells, one a line. */
export function plainRowPage(
  tables: readonly RoleTable[],
  offset: number,
  limit: number,
): { total: number; rows: RowView[] } {
  const all = tables.flatMap(({ table }) => table.rows.map((row, index) => ({ table, row, index })));
  const rows = all.slice(offset, offset + limit).map(({ table, row, index }): RowView => ({
    row: index + 1,
    file: table.name,
    input: everyCell(table, row),
    answer: '',
    use: 'left out',
  }));
  return { total: all.length, rows };
}

function everyCell(table: Table, row: Row): string {
  return table.columns
    .slice(0, 20)
    .map((name) => `${name}: ${cellText(row[name])}`)
    .join('\n');
}
