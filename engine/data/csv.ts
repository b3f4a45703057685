/** Reads delimited text and plain text as a table. */
import type { Finding } from '../spec/dataset.ts';
import { StudioError } from '../spec/errors.ts';
import { sniffDialect, splitRecords, type Dialect } from './delimited.ts';
import { tableFromGrid } from './grid.ts';
import { finding, listed, toRow, type TablePart } from './table.ts';

/**
 * Reads delimited text: the delimiter is found, or named by Excel's `sep=` line.
 * @throws StudioError data.header-only, data.no-rows
 */
export function readDelimited(text: string, path: string): TablePart {
  if (text.trim() === '') throw new StudioError('data.no-rows', { path });
  const hint = /^sep=(.)\r?\n/i.exec(text);
  const body = hint ? text.slice(hint[0].length) : text;
  const firstLine = hint ? 2 : 1;
  const sniffed = sniffDialect(body);
  const delimiter = hint?.[1] ?? sniffed.delimiter;
  const split = splitRecords(body, delimiter, { firstLine });
  const width = delimiter === sniffed.delimiter ? sniffed.width : commonWidth(split.records);
  const kept = width > 1 ? withoutBlank(split) : split;
  const table = tableFromGrid({ ...kept, width });
  if (table.rows.length === 0) throw new StudioError('data.header-only', { path });
  const findings: Finding[] = [...table.findings];
  if (split.badQuotes.length > 0) {
    findings.push(finding('bad-quoting', 'care', { count: split.badQuotes.length, lines: listed(split.badQuotes) }));
  }
  return { format: delimiter === '\t' ? 'tsv' : 'csv', delimiter, columns: table.columns, rows: table.rows, findings };
}

function commonWidth(records: readonly (readonly string[])[]): number {
  return records.slice(0, 300).reduce((most, record) => Math.max(most, record.length), 1);
}

function withoutBlank<
  T extends { readonly records: readonly (readonly string[])[]; readonly lines: readonly number[] },
>(split: T): T {
  const kept = split.records.map((record) => record.length > 1 || (record[0] ?? '').trim() !== '');
  return kept.every(Boolean)
    ? split
    : {
        ...split,
        records: split.records.filter((_, index) => kept[index]),
        lines: split.lines.filter((_, index) => kept[index]),
      };
}

const messengerLine =
  /^\s*[[(]?\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? \d{1,2}:\d{2}(:\d{2})?( ?[AP]M)?[\])]?( -)? ?[^:]{1,40}: /i;

/**
 * Reads a text file: a table if it plainly is one (as Excel's "Unicode text"), else one row a paragraph where lines are
 * wrapped, and one row a line that is not blank where they are not.
 */
export function readPlainText(text: string, path: string): TablePart {
  if (text.trim() === '') throw new StudioError('data.no-rows', { path });
  if (isPlainTable(text, sniffDialect(text))) return readDelimited(text, path);
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line.trim() !== '');
  const findings: Finding[] = [];
  const messages = lines.filter((line) => messengerLine.test(line)).length;
  if (messages > 3 && messages > lines.length / 2)
    findings.push(finding('looks-like-chat-export', 'care', { count: messages }));
  return {
    format: 'text',
    delimiter: null,
    columns: ['text'],
    rows: (paragraphsOf(text) ?? lines).map((piece) => toRow(['text'], [piece])),
    findings,
  };
}

/** Text between blank lines, if much of it runs over several lines; null: a line stands for itself. */
function paragraphsOf(text: string): readonly string[] | null {
  const paragraphs = text
    .replace(/\r\n?/g, '\n')
    .split(/\n[^\S\n]*\n/)
    .map((paragraph) => paragraph.replace(/^(?:[^\S\n]*\n)+/, '').trimEnd())
    .filter((paragraph) => paragraph.trim() !== '');
  const wrapped = paragraphs.filter((paragraph) => paragraph.includes('\n'));
  return paragraphs.length > 1 && wrapped.length * 3 >= paragraphs.length ? paragraphs : null;
}

function isPlainTable(text: string, { delimiter, width, agreement }: Dialect): boolean {
  if (/^sep=.\r?\n/i.test(text)) return true;
  if (delimiter === null || agreement < 0.95) return false;
  const header = splitRecords(text, delimiter, { most: 1 }).records[0] ?? [];
  return header.length === width && header.every((cell) => cell.length <= 40 && !/[.!?:]\s*$/.test(cell));
}
