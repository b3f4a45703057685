/** Reads an Excel workbook as a table: the sheet with the most rows, as Excel shows it. */
import type { Finding } from '../spec/dataset.ts';
import { StudioError } from '../spec/errors.ts';
import { tableFromGrid } from './grid.ts';
import { finding, listed, type TablePart } from './table.ts';
import {
  readFormats,
  readSharedStrings,
  readSheet,
  type Merge,
  type Sheet,
  type SheetCell,
  type SheetRow,
  type Workbook,
} from './xlsx-sheet.ts';
import { attribute, walkXml, XmlFault } from './xml.ts';
import { ArchiveFault, openArchive, type Archive } from './zip.ts';

/**
 * Reads a workbook from its bytes; other archives are refused by name.
 * @throws StudioError file.format, data.no-rows, data.header-only
 */
export function readWorkbook(bytes: Buffer, path: string): TablePart {
  try {
    const archive = openArchive(bytes);
    if (archive.read('xl/workbook.xml') === null) throw new ArchiveFault(otherArchive(archive.names));
    return tableOf(archive, path);
  } catch (error) {
    if (error instanceof ArchiveFault || error instanceof XmlFault) {
      throw new StudioError('file.format', { path, reason: error.message }, { cause: error });
    }
    throw error;
  }
}

function otherArchive(names: readonly string[]): string {
  if (names.some((name) => name.startsWith('ppt/'))) return 'a presentation';
  if (names.includes('xl/workbook.bin')) return 'a binary Excel workbook (.xlsb); save it as .xlsx';
  if (names.includes('content.xml')) return 'an OpenDocument file; save it as .xlsx or .csv';
  return 'a zip archive; unpack it first';
}

interface NamedSheet {
  readonly name: string;
  readonly hidden: boolean;
  readonly sheet: Sheet;
  /** Rows with at least one cell. */
  readonly filled: readonly SheetRow[];
}

function tableOf(archive: Archive, path: string): TablePart {
  const sheets = readSheets(archive);
  const filled = sheets.filter(({ filled: rows }) => rows.length > 0);
  const shown = filled.filter(({ hidden }) => !hidden);
  const chosen = (shown.length > 0 ? shown : filled).toSorted((a, b) => b.filled.length - a.filled.length)[0];
  if (!chosen) throw new StudioError('data.no-rows', { path });
  refuseStrayCells(chosen.filled);
  const { columns, rows, findings } = sheetTable(chosen);
  if (rows.length === 0) throw new StudioError('data.header-only', { path });
  const about = sheets.length > 1 ? [severalSheets(sheets, chosen)] : [];
  return { format: 'xlsx', delimiter: null, columns, rows, findings: [...about, ...findings] };
}

function severalSheets(sheets: readonly NamedSheet[], chosen: NamedSheet): Finding {
  const tables = sheets.filter(({ filled }) => filled.length > 2).length;
  const names = sheets.map(({ name, hidden }) => (hidden ? `${name} (hidden)` : name));
  return finding('several-sheets', tables > 1 ? 'care' : 'note', {
    count: sheets.length,
    sheets: listed(names),
    used: chosen.name,
  });
}

function readSheets(archive: Archive): NamedSheet[] {
  const text = (name: string): string | null => archive.read(name)?.toString('utf8') ?? null;
  const targets = relations(text('xl/_rels/workbook.xml.rels') ?? '');
  const listing: { name: string; hidden: boolean; id: string }[] = [];
  let date1904 = false;
  walkXml(text('xl/workbook.xml') ?? '', {
    open(name, raw) {
      if (name === 'sheet')
        listing.push({
          name: attribute(raw, 'name') ?? '',
          hidden: (attribute(raw, 'state') ?? 'visible') !== 'visible',
          id: attribute(raw, 'id') ?? '',
        });
      else if (name === 'workbookPr') date1904 = ['1', 'true'].includes(attribute(raw, 'date1904') ?? '');
    },
    text: () => undefined,
    close: () => undefined,
  });
  const strings = text(archive.names.find((name) => name.toLowerCase() === 'xl/sharedstrings.xml') ?? '');
  const styles = text('xl/styles.xml');
  const workbook: Workbook = {
    strings: strings === null ? [] : readSharedStrings(strings),
    formats: styles === null ? [] : readFormats(styles),
    date1904,
  };
  return listing.flatMap(({ name, hidden, id }, index) => {
    const xml = text(targets.get(id) ?? `xl/worksheets/sheet${String(index + 1)}.xml`);
    if (xml === null) return [];
    const sheet = readSheet(xml, workbook);
    return [{ name, hidden, sheet, filled: sheet.rows.filter(({ cells }) => cells.size > 0) }];
  });
}

/** Where each relation of the workbook leads, as a name in the archive. */
function relations(xml: string): Map<string, string> {
  const targets = new Map<string, string>();
  walkXml(xml, {
    open(name, raw) {
      const target = attribute(raw, 'Target');
      if (name !== 'Relationship' || target === null) return;
      targets.set(attribute(raw, 'Id') ?? '', target.startsWith('/') ? target.slice(1) : `xl/${target}`);
    },
    text: () => undefined,
    close: () => undefined,
  });
  return targets;
}

function refuseStrayCells(rows: readonly SheetRow[]): void {
  const span = (rows.at(-1)?.number ?? 0) - (rows[0]?.number ?? 0);
  if (span > rows.length * 10 + 10_000)
    throw new XmlFault(`too large: a stray cell in row ${String(rows.at(-1)?.number ?? 0)}`);
  const widest = rows.reduce((most, { cells }) => Math.max(most, ...cells.keys()), 0);
  const fullest = rows.reduce((most, { cells }) => Math.max(most, cells.size), 0);
  if (widest > fullest * 10 + 1000) throw new XmlFault(`too large: a stray cell in column ${String(widest + 1)}`);
}

function sheetTable({ sheet, filled }: NamedSheet): Pick<TablePart, 'columns' | 'rows' | 'findings'> {
  const findings: Finding[] = [];
  const rows = withoutTotals(filled, findings);
  const headerRow = headerOf(rows);
  const header = rows[headerRow];
  const body = rows.slice(headerRow + 1);
  const filledDown = fillMerged(sheet.merges, body);
  if (filledDown > 0) findings.push(finding('merged-cells', 'care', { count: filledDown }));
  const used = [...new Set([header, ...body].flatMap((row) => [...(row?.cells.keys() ?? [])]))].toSorted(
    (a, b) => a - b,
  );
  const first = used[0] ?? 0;
  const width = (used.at(-1) ?? 0) - first + 1;
  const lines = rows.map(({ number }) => number);
  const records = rows.map((row, index) =>
    index < headerRow
      ? [...row.cells.values()].slice(0, 1).map(({ text }) => text)
      : Array.from({ length: width }, (_, column) => cellText(row.cells.get(first + column))),
  );
  const table = tableFromGrid({ records, lines, width });
  const data = rows.slice(table.firstRecord);
  findings.push(...table.findings, ...hiddenFindings({ sheet, data, columns: table.columns, first }));
  for (const [index, name] of table.columns.entries())
    findings.push(
      ...columnFindings(
        name,
        data.map(({ cells }) => cells.get(first + index)),
      ),
    );
  return { columns: table.columns, rows: table.rows, findings };
}

/** Faulty cells hold no text that could be learned. */
function cellText(cell: SheetCell | undefined): string {
  return cell === undefined || cell.kind === 'error' ? '' : cell.text;
}

/** The first row that is about as full as the fullest of those after it; titles above a table are not. */
function headerOf(rows: readonly SheetRow[]): number {
  const fullest = rows.slice(0, 60).reduce((most, { cells }) => Math.max(most, cells.size), 0);
  const at = rows.findIndex(({ cells }) => cells.size >= Math.min(2, fullest) && cells.size >= fullest * 0.6);
  return Math.max(0, at);
}

const totals = /^(grand )?(totals?|sum|summe|gesamt(summe)?|summa|totalt|somme|totale?|suma|totaal|合計|总计)\s*:?$/i;

/** A last row `Total | 24` is no example. */
function withoutTotals(rows: readonly SheetRow[], findings: Finding[]): readonly SheetRow[] {
  const last = rows.at(-1);
  const [label, ...others] = [...(last?.cells.values() ?? [])];
  if (
    !last ||
    rows.length < 3 ||
    !label ||
    !totals.test(label.text.trim()) ||
    others.some(({ kind }) => kind !== 'number' && kind !== 'no-value')
  )
    return rows;
  findings.push(finding('totals-row', 'note', { row: last.number }));
  return rows.slice(0, -1);
}

/** A cell merged over several rows stands for each of them. Gives how many such cells there were. */
function fillMerged(merges: readonly Merge[], body: readonly SheetRow[]): number {
  let count = 0;
  for (const { top, bottom, left, right } of merges) {
    if (bottom === top || left !== right) continue;
    const covered = body.filter(({ number }) => number >= top && number <= bottom);
    const value = covered.find(({ number }) => number === top)?.cells.get(left);
    if (!value) continue;
    count += 1;
    for (const row of covered) if (!row.cells.has(left)) row.cells.set(left, value);
  }
  return count;
}

function hiddenFindings({
  sheet,
  data,
  columns,
  first,
}: {
  sheet: Sheet;
  data: readonly SheetRow[];
  columns: readonly string[];
  first: number;
}): Finding[] {
  const rows = data.filter(({ hidden }) => hidden).length;
  const names = columns.filter((_, index) => sheet.hiddenColumns.has(first + index));
  return [
    ...(rows > 0 ? [finding('hidden-rows', 'care', { count: rows })] : []),
    ...(names.length > 0 ? [finding('hidden-columns', 'care', { count: names.length, names: listed(names) })] : []),
  ];
}

function columnFindings(column: string, cells: readonly (SheetCell | undefined)[]): Finding[] {
  const findings: Finding[] = [];
  const count = (...kinds: SheetCell['kind'][]): number =>
    cells.filter((cell) => cell !== undefined && kinds.includes(cell.kind)).length;
  const empty = count('no-value');
  const errors = count('error');
  const texts = count('text');
  const others = count('number', 'date', 'boolean');
  if (empty > 0) findings.push(finding('formula-without-value', 'care', { column, count: empty }));
  if (errors > 0) findings.push(finding('error-values', 'note', { column, count: errors }));
  if (texts > 0 && others > 0) {
    findings.push(
      others <= 0.3 * (texts + others)
        ? finding('non-text-cells', 'note', { column, count: others })
        : finding('mixed-types', 'note', { column, count: others }),
    );
  }
  return findings;
}
