/** The report on a data set for the Data screen, and its rows as the model will read them. */
import type { DatasetView, RowView } from '../spec/dataset.ts';
import { cellText, isBlank } from './cells.ts';
import { namedColumns, resolveColumn } from './examples.ts';
import { countLabels } from './label-findings.ts';
import { chatAnswer, chatInput, examplesFor, type Prepared, type RoleTable } from './prepare.ts';
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

export function countsOf({ items }: Prepared): DatasetView['counts'] {
  const count = (use: RowView['use']): number => items.filter((item) => item.use === use).length;
  return { train: count('learn'), validation: count('check'), test: count('test') };
}

/** Labels of all rows that are used, most frequent first; none for chat. */
export function labelViews(prepared: Prepared): DatasetView['labels'] {
  if (prepared.task === 'chat') return [];
  const { items } = prepared;
  return countLabels(
    (['learn', 'check', 'test'] as const).flatMap((use) => examplesFor(items, use)).map(({ label }) => label),
  );
}

/** Everything the model reads of each used row. */
export function textsOf(prepared: Prepared): string[] {
  return prepared.task === 'chat'
    ? prepared.items.flatMap(({ example }) =>
        example ? [example.messages.map(({ content }) => content).join('\n')] : [],
      )
    : prepared.items.flatMap(({ example }) => (example ? [example.text] : []));
}

/** A page of rows, in the order of files and rows. */
export function rowPage(prepared: Prepared, offset: number, limit: number): { total: number; rows: RowView[] } {
  const rows =
    prepared.task === 'chat'
      ? prepared.items
          .slice(offset, offset + limit)
          .map(({ table, row, example, use }): RowView =>
            example
              ? { row, file: table.name, input: chatInput(example), answer: chatAnswer(example), use }
              : { row, file: table.name, ...rawCells(table, row, namedColumns(prepared.columns)), use },
          )
      : prepared.items
          .slice(offset, offset + limit)
          .map(({ table, row, example, use }): RowView =>
            example
              ? { row, file: table.name, input: example.text, answer: example.label, use }
              : { row, file: table.name, ...rawCells(table, row, namedColumns(prepared.columns)), use },
          );
  return { total: prepared.items.length, rows };
}

/** A row that is left out is shown as its cells are: the last named column is the answer. */
function rawCells(table: Table, row: number, names: readonly string[]): Pick<RowView, 'input' | 'answer'> {
  const cells = names.map((name) => cellText(table.rows[row - 1]?.[resolveColumn(table, name)]));
  return names.length === 1
    ? { input: cells[0] ?? '', answer: '' }
    : { input: cells.slice(0, -1).join('\n'), answer: cells.at(-1) ?? '' };
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
