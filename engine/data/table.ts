/** The table every reader returns, and how a grid of cells with a header becomes one. */
import type { Finding } from '../spec/dataset.ts';

export type Format = 'csv' | 'tsv' | 'xlsx' | 'json' | 'jsonl' | 'text' | 'conll' | 'docx';

/** Own properties only, without Object's prototype: a column may be called `__proto__`. */
export type Row = Readonly<Record<string, unknown>>;

export interface Table {
  readonly path: string;
  /** File name with extension. */
  readonly name: string;
  readonly format: Format;
  /** As the Encoding standard names it: `utf-8`, `windows-1252`, `shift_jis`, … */
  readonly encoding: string;
  /** The character itself; null where a format has none. */
  readonly delimiter: string | null;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly findings: readonly Finding[];
}

/** What a reader of one format knows; `readTable` adds the file. */
export type TablePart = Pick<Table, 'format' | 'delimiter' | 'columns' | 'rows' | 'findings'>;

const noPrototype: object = Object.freeze(Object.create(null) as object);

/** A row to be filled by its reader. Inherits from an empty object, which keeps V8 on its fast path. */
export function emptyRow(): Record<string, unknown> {
  return Object.create(noPrototype) as Record<string, unknown>;
}

type Severity = Finding['severity'];

export function finding(code: string, severity: Severity, data: Finding['data'] = {}): Finding {
  return { code, severity, data };
}

/** Numbers as a finding carries them: the first twenty, then how many more. */
export function listed(items: readonly (string | number)[], most = 20): string {
  const shown = items.slice(0, most).join(', ');
  return items.length > most ? `${shown}, … (+${String(items.length - most)})` : shown;
}

/** A header name as it is shown: without blanks around it, no-break blanks or marks that cannot be seen. */
export function tidyName(name: string): string {
  return name
    .replace(/[\u200b-\u200d\u2060\ufeff]/g, '')
    .replace(/[\s\u00a0]+/g, ' ')
    .trim();
}

interface NamedColumns {
  readonly columns: readonly string[];
  readonly findings: readonly Finding[];
}

/** Gives every column a name of its own: blanks trimmed, nameless ones numbered, repeated ones counted. */
export function nameColumns(header: readonly string[], width: number): NamedColumns {
  const findings: Finding[] = [];
  const tidied = Array.from({ length: width }, (_, index) => tidyName(header[index] ?? ''));
  const trimmed = tidied.filter((name, index) => name !== '' && name !== header[index]);
  if (trimmed.length > 0)
    findings.push(finding('header-trimmed', 'note', { count: trimmed.length, names: listed(trimmed) }));
  const taken = new Set<string>();
  const folded = new Map<string, number>();
  const columns = tidied.map((name, index) => {
    const wanted = name === '' ? `(column ${String(index + 1)})` : name;
    const key = wanted.toLowerCase();
    folded.set(key, (folded.get(key) ?? 0) + 1);
    let unique = wanted;
    for (let copy = 2; taken.has(unique); copy += 1) unique = `${wanted} (${String(copy)})`;
    taken.add(unique);
    return unique;
  });
  const repeated = [...folded].filter(([, count]) => count > 1).map(([name]) => name);
  if (repeated.length > 0)
    findings.push(finding('duplicate-column-names', 'care', { count: repeated.length, names: listed(repeated) }));
  if (width > 500) findings.push(finding('many-columns', 'note', { count: width }));
  return { columns, findings };
}

/** Columns without a name that hold nothing at all, counted from 1. */
export function emptyColumns(header: readonly string[], columns: readonly string[], rows: readonly Row[]): Finding[] {
  return columns.flatMap((name, index) => {
    if (tidyName(header[index] ?? '') !== '') return [];
    return rows.every((row) => row[name] === '' || row[name] === undefined)
      ? [finding('empty-column', 'note', { column: index + 1, name })]
      : [];
  });
}

export function toRow(columns: readonly string[], cells: readonly string[]): Row {
  const row = emptyRow();
  for (const [index, name] of columns.entries()) row[name] = cells[index] ?? '';
  return row;
}
