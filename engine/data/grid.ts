/** From records of cells to a table: where the header is, whether there is one, and rows that do not fit it. */
import type { Finding } from '../spec/dataset.ts';
import { isKnownName } from './names.ts';
import { emptyColumns, finding, listed, nameColumns, tidyName, toRow, type Row } from './table.ts';

export interface Grid {
  readonly records: readonly (readonly string[])[];
  /** Line or sheet row of each record, counted from 1. */
  readonly lines: readonly number[];
  /** Cells most records have. */
  readonly width: number;
}

export interface GridTable {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly findings: readonly Finding[];
  /** Index in `records` of the first row of data. */
  readonly firstRecord: number;
}

/** Lays the header over the records. A file with only a header gives no rows. */
export function tableFromGrid(grid: Grid): GridTable {
  const { records, lines } = grid;
  const findings: Finding[] = [];
  const headerAt = locateHeader(grid);
  if (headerAt > 0) findings.push(finding('lines-before-header', 'note', { count: headerAt }));
  const headed = hasHeader(records, headerAt);
  if (!headed) findings.push(finding('no-header', 'care', { line: lines[headerAt] ?? 1 }));
  const header = headed ? (records[headerAt] ?? []) : [];
  const width = Math.max(grid.width, filledWidth(header));
  const named = nameColumns(header, width);
  const firstRecord = headed ? headerAt + 1 : headerAt;
  const { cells, ragged } = fit(records.slice(firstRecord), width);
  if (ragged.length > 0) {
    const raggedLines = ragged.map((index) => lines[firstRecord + index] ?? 0);
    findings.push(finding('ragged-rows', 'care', { count: ragged.length, lines: listed(raggedLines) }));
  }
  const rows = cells.map((record) => toRow(named.columns, record));
  findings.push(...named.findings);
  if (headed) findings.push(...emptyColumns(header, named.columns, rows));
  return { columns: named.columns, rows, findings, firstRecord };
}

/** Titles and comments above a table have one cell, or begin with `#` and have fewer cells than the table. */
function locateHeader({ records, width }: Grid): number {
  let at = 0;
  while (width > 1 && at < Math.min(20, records.length - 1)) {
    const record = records[at] ?? [];
    const comment = record[0]?.startsWith('#') === true && record.length < width;
    if (!comment && (record.length > 1 || (records[at + 1]?.length ?? 0) < 1)) break;
    at += 1;
  }
  return at;
}

/**
 * The first record is data if one of its cells comes again in its own column, or reads like a sentence, and none of the
 * others is what columns are usually called.
 */
function hasHeader(records: readonly (readonly string[])[], headerAt: number): boolean {
  const header = records[headerAt] ?? [];
  if (header.length > 100 || records.length - headerAt < 3) return true;
  const data = records.slice(headerAt + 1, headerAt + 5001);
  const again = header.map((cell, column) => comesAgain(cell, column, data));
  if (header.some((cell, column) => isKnownName(cell) && again[column] !== true)) return true;
  const repeated = header.length > 1 && data.some((record) => header.every((cell, column) => record[column] === cell));
  const sentences = header.filter((cell) => cell.length > 60 && cell.split(/\s+/).length > 6).length;
  return sentences === 0 && (repeated || !again.includes(true));
}

function comesAgain(cell: string, column: number, data: readonly (readonly string[])[]): boolean {
  const name = tidyName(cell);
  return name !== '' && data.some((record) => tidyName(record[column] ?? '') === name);
}

function filledWidth(header: readonly string[]): number {
  let width = header.length;
  while (width > 0 && tidyName(header[width - 1] ?? '') === '') width -= 1;
  return width;
}

interface Fitted {
  readonly cells: readonly (readonly string[])[];
  /** Index of each record that had too many or too few cells. */
  readonly ragged: readonly number[];
}

/**
 * Makes every record as wide as the header. Too few cells: the rest is empty. Too many: a delimiter stood in the text
 * without quotes, so the surplus is joined again where the texts are longest.
 */
function fit(records: readonly (readonly string[])[], width: number): Fitted {
  const ragged: number[] = [];
  let longest: number | null = null;
  const cells = records.map((record, index) => {
    if (record.length === width) return record;
    const filled = filledWidth(record);
    if (record.length > width && filled <= width) return record.slice(0, width);
    ragged.push(index);
    if (record.length < width) return record;
    longest ??= longestColumn(records, width);
    const surplus = record.length - width;
    return [
      ...record.slice(0, longest),
      record.slice(longest, longest + surplus + 1).join(','),
      ...record.slice(longest + surplus + 1),
    ];
  });
  return { cells, ragged };
}

function longestColumn(records: readonly (readonly string[])[], width: number): number {
  const lengths = new Array<number>(width).fill(0);
  for (const record of records.slice(0, 5000)) {
    if (record.length !== width) continue;
    for (const [column, cell] of record.entries()) lengths[column] = (lengths[column] ?? 0) + cell.length;
  }
  return lengths.indexOf(Math.max(...lengths));
}
