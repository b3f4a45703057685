/** Reads one sheet of a workbook: its cells, and what the eye sees on it: merged, hidden, computed, faulty. */
import { builtInFormat, showNumber } from './xlsx-cells.ts';
import { attribute, walkXml, XmlFault } from './xml.ts';

export type CellKind = 'text' | 'number' | 'date' | 'boolean' | 'error' | 'no-value';

export interface SheetCell {
  readonly text: string;
  readonly kind: CellKind;
}

export interface SheetRow {
  /** Counted from 1. */
  readonly number: number;
  readonly hidden: boolean;
  /** By column, counted from 0. Cells that hold nothing are absent. */
  readonly cells: Map<number, SheetCell>;
}

export interface Merge {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export interface Sheet {
  readonly rows: readonly SheetRow[];
  readonly hiddenColumns: ReadonlySet<number>;
  readonly merges: readonly Merge[];
}

export interface Workbook {
  readonly strings: readonly string[];
  /** Number format of each cell style. */
  readonly formats: readonly string[];
  readonly date1904: boolean;
}

/** A row and a cell cannot lie beyond what Excel itself can hold. */
const mostRows = 1_048_576;
const mostColumns = 16_384;

/** Reads the XML of a sheet. @throws XmlFault */
export function readSheet(xml: string, workbook: Workbook): Sheet {
  const rows: SheetRow[] = [];
  const hiddenColumns = new Set<number>();
  const merges: Merge[] = [];
  let row: SheetRow | null = null;
  let number = 0;
  let column = -1;
  let attributes = '';
  let value = '';
  let formula = false;
  let inValue = false;
  walkXml(xml, {
    open(name, raw) {
      if (name === 'c') {
        column = columnOf(/\sr\s*=\s*["']([A-Z]{1,3})\d*["']/.exec(raw)?.[1], column + 1);
        attributes = raw;
        value = '';
        formula = false;
      } else if (name === 'v' || name === 't') inValue = true;
      else if (name === 'rPh') inValue = false;
      else if (name === 'f') formula = true;
      else if (name === 'row') {
        number = Number(/\sr\s*=\s*["'](\d+)["']/.exec(raw)?.[1] ?? number + 1);
        if (number > mostRows) throw new XmlFault('a row beyond the end of a sheet');
        row = { number, hidden: isOn(attribute(raw, 'hidden')), cells: new Map() };
        rows.push(row);
        column = -1;
      } else if (name === 'col') addHidden(raw, hiddenColumns);
      else if (name === 'mergeCell') merges.push(...mergeOf(attribute(raw, 'ref') ?? ''));
    },
    text(part) {
      if (inValue) value += part;
    },
    close(name) {
      if (name === 'v' || name === 't') inValue = false;
      else if (name === 'c' && row) {
        const cell = cellOf({ attributes, value, formula }, workbook);
        if (cell) row.cells.set(column, cell);
      }
    },
  });
  return { rows, hiddenColumns, merges };
}

function cellOf(
  { attributes, value, formula }: { attributes: string; value: string; formula: boolean },
  workbook: Workbook,
): SheetCell | null {
  const type = /\st\s*=\s*["'](\w+)["']/.exec(attributes)?.[1] ?? 'n';
  if (formula && value === '') return type === 'str' ? null : { text: '', kind: 'no-value' };
  switch (type) {
    case 's': {
      const text = workbook.strings[Number(value)];
      if (text === undefined) throw new XmlFault('damaged: a cell points to a text that is not there');
      return text === '' ? null : { text, kind: 'text' };
    }
    case 'inlineStr':
    case 'str':
      return value === '' ? null : { text: unescapeCell(value), kind: 'text' };
    case 'b':
      return { text: value === '1' || value === 'true' ? 'TRUE' : 'FALSE', kind: 'boolean' };
    case 'e':
      return { text: value, kind: 'error' };
    case 'd':
      return { text: value.replace('T', ' '), kind: 'date' };
    default: {
      if (value === '') return null;
      const style = Number(/\ss\s*=\s*["'](\d+)["']/.exec(attributes)?.[1] ?? 0);
      return showNumber(value, workbook.formats[style] ?? 'General', workbook.date1904);
    }
  }
}

/** Excel writes characters that XML cannot hold as `_x000D_`. */
export function unescapeCell(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function columnOf(letters: string | undefined, next: number): number {
  if (letters === undefined) return next;
  let index = 0;
  for (const letter of letters) index = index * 26 + letter.charCodeAt(0) - 64;
  if (index > mostColumns) throw new XmlFault('a cell beyond the end of a sheet');
  return index - 1;
}

function addHidden(raw: string, hidden: Set<number>): void {
  if (!isOn(attribute(raw, 'hidden'))) return;
  const first = Number(attribute(raw, 'min'));
  const last = Math.min(mostColumns, Number(attribute(raw, 'max')));
  for (let column = Math.max(1, first); column <= last; column += 1) hidden.add(column - 1);
}

function isOn(value: string | null): boolean {
  return value === '1' || value === 'true';
}

function mergeOf(ref: string): Merge[] {
  const [, left, top, right, bottom] = /^([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)$/.exec(ref) ?? [];
  if (left === undefined || right === undefined) return [];
  return [{ top: Number(top), bottom: Number(bottom), left: columnOf(left, 0), right: columnOf(right, 0) }];
}

/** Texts that cells share, in order. @throws XmlFault */
export function readSharedStrings(xml: string): string[] {
  const strings: string[] = [];
  let value = '';
  let inText = false;
  let phonetic = false;
  walkXml(xml, {
    open(name) {
      if (name === 'si') value = '';
      else if (name === 'rPh') phonetic = true;
      else if (name === 't') inText = !phonetic;
    },
    text(part) {
      if (inText) value += part;
    },
    close(name) {
      if (name === 't') inText = false;
      else if (name === 'rPh') phonetic = false;
      else if (name === 'si') strings.push(unescapeCell(value));
    },
  });
  return strings;
}

/** The number format of each cell style. @throws XmlFault */
export function readFormats(xml: string): string[] {
  const own = new Map<number, string>();
  const formats: string[] = [];
  let inCells = false;
  walkXml(xml, {
    open(name, raw) {
      if (name === 'numFmt') own.set(Number(attribute(raw, 'numFmtId')), attribute(raw, 'formatCode') ?? 'General');
      else if (name === 'cellXfs') inCells = true;
      else if (name === 'xf' && inCells) {
        const id = Number(attribute(raw, 'numFmtId') ?? 0);
        formats.push(own.get(id) ?? builtInFormat(id));
      }
    },
    text() {
      // Styles hold no text.
    },
    close(name) {
      if (name === 'cellXfs') inCells = false;
    },
  });
  return formats;
}
