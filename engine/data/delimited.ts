/** Splits delimited text into records, and finds out by which character: forgiving, but never silent about it. */

export interface Records {
  readonly records: readonly (readonly string[])[];
  /** Line of the file on which each record begins, counted from 1. */
  readonly lines: readonly number[];
  /** Lines whose quotes do not follow the rules and were read as well as could be. */
  readonly badQuotes: readonly number[];
}

const newline = 10;
const carriage = 13;
const quote = 34;

interface Cell {
  readonly value: string;
  /** Where the delimiter, the line end or the end of the text stands. */
  readonly end: number;
  readonly bad: boolean;
}

/** Splits `text` from `start`, whose line is `firstLine`, up to `most` records. Blank lines are passed over. */
export function splitRecords(
  text: string,
  delimiter: string | null,
  options: { start?: number; firstLine?: number; most?: number } = {},
): Records {
  const { start = 0, firstLine = 1, most = Infinity } = options;
  const separator = delimiter === null ? -1 : delimiter.charCodeAt(0);
  const strictPlain = delimiter !== '\t' && delimiter !== null;
  const records: string[][] = [];
  const lines: number[] = [];
  const badQuotes: number[] = [];
  let at = start;
  let line = firstLine;
  while (at < text.length && records.length < most) {
    const record: string[] = [];
    const recordStart = at;
    let bad = false;
    for (;;) {
      const cell = text.charCodeAt(at) === quote ? quotedCell(text, at, separator) : plainCell(text, at, separator);
      record.push(cell.value);
      bad ||= cell.bad && (strictPlain || text.charCodeAt(at) === quote);
      at = cell.end;
      if (at >= text.length || text.charCodeAt(at) !== separator) break;
      at += 1;
    }
    if (record.length > 1 || record[0] !== '') {
      records.push(record);
      lines.push(line);
      if (bad) badQuotes.push(line);
    }
    at = pastLineEnd(text, at);
    line += countLineEnds(text, recordStart, at);
  }
  return { records, lines, badQuotes };
}

function plainCell(text: string, start: number, separator: number): Cell {
  let end = start;
  let bad = false;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code === separator || code === newline || code === carriage) break;
    if (code === quote) bad = true;
  }
  return { value: text.slice(start, end), end, bad };
}

/**
 * A cell in quotes ends at a quote that stands before a delimiter or a line end. A quote anywhere else is taken as
 * part of the text; if the cell has run over a line end by then, its first quote was never closed, and it is read as
 * a plain cell.
 */
function quotedCell(text: string, start: number, separator: number): Cell {
  let value = '';
  let from = start + 1;
  let bad = false;
  for (;;) {
    const at = text.indexOf('"', from);
    if (at < 0) return { ...plainCell(text, start, separator), bad: true };
    value += text.slice(from, at);
    const next = text.charCodeAt(at + 1);
    if (next === quote) {
      value += '"';
      from = at + 2;
      continue;
    }
    const end = pastBlanks(text, at + 1, separator);
    if (end >= text.length || isEnd(text.charCodeAt(end), separator)) {
      return bad && /[\n\r]/.test(value) ? { ...plainCell(text, start, separator), bad: true } : { value, end, bad };
    }
    bad = true;
    if (/[\n\r]/.test(value)) return { ...plainCell(text, start, separator), bad: true };
    value += '"';
    from = at + 1;
  }
}

function isEnd(code: number, separator: number): boolean {
  return code === separator || code === newline || code === carriage;
}

/** `"cell" ,`: blanks between the closing quote and the delimiter mean nothing. */
function pastBlanks(text: string, from: number, separator: number): number {
  let at = from;
  while (text.charCodeAt(at) === 32 && separator !== 32) at += 1;
  return at >= text.length || isEnd(text.charCodeAt(at), separator) ? at : from;
}

function pastLineEnd(text: string, at: number): number {
  if (text.charCodeAt(at) === carriage) return text.charCodeAt(at + 1) === newline ? at + 2 : at + 1;
  return at < text.length ? at + 1 : at;
}

function countLineEnds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (code === newline || (code === carriage && text.charCodeAt(at + 1) !== newline)) count += 1;
  }
  return count;
}

const delimiters = [',', ';', '\t', '|'] as const;

export interface Dialect {
  /** Null: one column. */
  readonly delimiter: string | null;
  /** Cells most records have. */
  readonly width: number;
  /** Share of records with that many cells. */
  readonly agreement: number;
}

/** The delimiter by which most records have the same number of cells. */
export function sniffDialect(text: string): Dialect {
  const sample = text.length > 262_144 ? text.slice(0, text.lastIndexOf('\n', 262_144) + 1 || 262_144) : text;
  let best: Dialect & { bad: number; headed: boolean } = {
    delimiter: null,
    width: 1,
    agreement: 0,
    bad: 0,
    headed: false,
  };
  for (const delimiter of delimiters) {
    const { records, badQuotes } = splitRecords(sample, delimiter, { most: 300 });
    const dialect = { delimiter, ...mostCommonWidth(records), bad: badQuotes.length, headed: false };
    if (dialect.width < 2) continue;
    dialect.headed = (records[0]?.length ?? 0) === dialect.width;
    if (dialect.agreement >= 0.5 && better(dialect, best)) best = dialect;
  }
  return { delimiter: best.delimiter, width: best.width, agreement: best.agreement };
}

function better(
  one: Dialect & { bad: number; headed: boolean },
  other: Dialect & { bad: number; headed: boolean },
): boolean {
  if (Math.abs(one.agreement - other.agreement) > 0.05) return one.agreement > other.agreement;
  if (one.headed !== other.headed) return one.headed;
  if (one.bad !== other.bad) return one.bad < other.bad;
  return one.width > other.width;
}

/** Records without a delimiter count as one cell wide; titles and comments above a table do so too. */
function mostCommonWidth(records: readonly (readonly string[])[]): { width: number; agreement: number } {
  const counts = new Map<number, number>();
  for (const record of records) counts.set(record.length, (counts.get(record.length) ?? 0) + 1);
  let width = 1;
  let most = 0;
  for (const [cells, count] of counts)
    if (count > most || (count === most && cells > width)) [width, most] = [cells, count];
  return { width, agreement: most / Math.max(1, records.length) };
}
