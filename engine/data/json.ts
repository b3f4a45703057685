/** Reads JSON and JSON Lines as a table: keys are columns, values stay what they are. */
import type { Finding } from '../spec/dataset.ts';
import { StudioError } from '../spec/errors.ts';
import { questionsOf } from './squad.ts';
import { emptyRow, finding, listed, type Row, type TablePart } from './table.ts';

/** Real data nests a handful of levels; a file nested deeper is made to break its reader. */
const deepest = 64;

/** A JSON document: an array of objects anywhere in it, or an object of columns. @throws StudioError */
export function readJson(text: string, path: string): TablePart {
  const findings: Finding[] = [];
  const root = parseDocument(text, path, findings);
  if (deeperThan(root, deepest))
    throw new StudioError('file.format', { path, reason: `nested more than ${String(deepest)} levels deep` });
  const found = findObjects(root) ?? fromColumns(root);
  if (found === null) throw new StudioError('file.format', { path, reason: 'JSON without a list of objects' });
  const objects = questionsOf(found) ?? found;
  if (objects.length === 0) throw new StudioError('data.no-rows', { path });
  return tableOf(objects, 'json', findings);
}

/**
 * One JSON object a line; objects spread over several lines are read too. A broken line is left out and reported.
 * @throws StudioError
 */
export function readJsonLines(text: string, path: string): TablePart {
  const good: object[] = [];
  const bad: number[] = [];
  let reason = '';
  let line = 0;
  for (const source of text.split('\n')) {
    line += 1;
    if (source.trim() === '') continue;
    const parsed = parseObject(source);
    if (typeof parsed === 'string') {
      bad.push(line);
      reason ||= parsed;
    } else good.push(parsed);
  }
  if (bad.length > good.length) {
    const spread = spreadObjects(text);
    if (spread !== null) return tableOf(spread, 'jsonl', []);
    throw new StudioError('data.broken-row', { path, line: bad[0] ?? 1, reason });
  }
  if (good.length === 0) throw new StudioError('data.no-rows', { path });
  const findings = bad.length > 0 ? [finding('bad-json-line', 'care', { count: bad.length, lines: listed(bad) })] : [];
  return tableOf(good, 'jsonl', findings);
}

/** Whether text that begins with a bracket is JSON, judged by its first line or, failing that, by all of it. */
export function looksLikeJson(text: string): 'json' | 'jsonl' | null {
  const start = text.trimStart();
  if (!/^[[{]/.test(start)) return null;
  const end = start.indexOf('\n');
  const first = end < 0 ? start : start.slice(0, end);
  if (start.startsWith('{') && typeof parseObject(first) !== 'string')
    return end < 0 || start.slice(end).trim() === '' ? 'json' : 'jsonl';
  return /^(\[\s*[[{"\]]|\{\s*")/.test(start) ? 'json' : null;
}

function parseDocument(text: string, path: string, findings: Finding[]): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const mended = withoutTrailingCommas(text);
    if (mended.removed.length > 0) {
      try {
        const value: unknown = JSON.parse(mended.text);
        findings.push(
          finding('json-trailing-comma', 'care', { count: mended.removed.length, lines: listed(mended.removed) }),
        );
        return value;
      } catch {
        // The first fault is the one to report.
      }
    }
    throw new StudioError('data.broken-row', { path, ...fault(error, text) }, { cause: error });
  }
}

function fault(error: unknown, text: string): { line: number; reason: string } {
  const message = error instanceof Error ? error.message : String(error);
  const line = text.slice(0, faultPosition(message, text)).split('\n').length;
  return {
    line,
    reason: message.replace(/ in JSON at position.*| \(line.*|, (?:\.\.\.)?".*is not valid JSON$/s, '').slice(0, 160),
  };
}

/** V8 gives the position, or ten characters either side of it, or neither at the end of the text. */
function faultPosition(message: string, text: string): number {
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return Number(position);
  const around = /, (?:\.\.\.)?"(.*?)"(?:\.\.\.)? is not valid JSON$/s.exec(message)?.[1];
  const at = around === undefined ? -1 : text.indexOf(around);
  return at < 0 ? text.length : at + Math.min(10, around?.length ?? 0);
}

/** The object a line holds, or why it holds none. */
function parseObject(source: string): object | string {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    return fault(error, source).reason;
  }
  if (!isObject(value)) return 'not an object';
  return deeperThan(value, deepest) ? `nested more than ${String(deepest)} levels deep` : value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether arrays and objects are nested deeper than `limit`; walks level by level, so that it cannot overflow the
 * stack.
 */
function deeperThan(root: unknown, limit: number): boolean {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) next.push(inner);
    }
    level = next;
  }
  return false;
}

/** The nearest list of objects: the root itself, or the longest one of the nearest level of keys. */
function findObjects(root: unknown): readonly object[] | null {
  let level: unknown[] = [root];
  for (let depth = 0; depth < 6 && level.length > 0; depth += 1) {
    const lists = level.filter(
      (value): value is object[] => Array.isArray(value) && value.length > 0 && value.every(isObject),
    );
    const longest = lists.toSorted((a, b) => b.length - a.length)[0];
    if (longest) return longest;
    if (depth === 0 && Array.isArray(root)) return root.length === 0 ? [] : null;
    level = level.flatMap((value): unknown[] => (isObject(value) ? Object.values(value) : []));
  }
  return null;
}

/**
 * `{"text": ["a", "b"], "label": ["x", "y"]}`: lists of equal length, a column each. Failing that, one object is one
 * row.
 */
function fromColumns(root: unknown): readonly object[] | null {
  if (!isObject(root)) return null;
  const entries = Object.entries(root) as [string, unknown][];
  const length = Array.isArray(entries[0]?.[1]) ? entries[0][1].length : 0;
  const equal =
    entries.length > 1 && length > 0 && entries.every(([, list]) => Array.isArray(list) && list.length === length);
  if (!equal) return entries.length > 0 && entries.every(([, value]) => !isObject(value)) ? [root] : null;
  return Array.from({ length }, (_, index) =>
    Object.fromEntries(entries.map(([name, list]) => [name, (list as readonly unknown[])[index]])),
  );
}

function tableOf(objects: readonly object[], format: 'json' | 'jsonl', findings: readonly Finding[]): TablePart {
  const names = new Set<string>();
  const rows = objects.map((source): Row => {
    const row = emptyRow();
    for (const [name, value] of Object.entries(source)) {
      names.add(name);
      row[name] = value;
    }
    return row;
  });
  const columns = [...names];
  const more = columns.length > 500 ? [finding('many-columns', 'note', { count: columns.length })] : [];
  return joinInstruction({ format, delimiter: null, columns, rows, findings: [...findings, ...more] });
}

const joined = 'instruction + input';

/** Alpaca's two halves of a question, as one column. */
function joinInstruction(part: TablePart): TablePart {
  if (!['instruction', 'input', 'output'].every((name) => part.columns.includes(name)) || part.columns.includes(joined))
    return part;
  const rows = part.rows.map((source): Row => {
    const row = Object.assign(emptyRow(), source);
    row[joined] = [source.instruction, source.input]
      .filter((half) => typeof half === 'string' && half !== '')
      .join('\n');
    return row;
  });
  return {
    ...part,
    columns: [...part.columns, joined],
    rows,
    findings: [...part.findings, finding('instruction-joined', 'note', { column: joined })],
  };
}

/** Objects one after the other, over several lines each; null if anything else stands between them. */
function spreadObjects(text: string): object[] | null {
  const objects: object[] = [];
  let depth = 0;
  let start = -1;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') {
      if (depth === 0) start = at;
      depth += 1;
    } else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth < 0) return null;
      if (depth === 0) {
        const parsed = parseObject(text.slice(start, at + 1));
        if (typeof parsed === 'string') return null;
        objects.push(parsed);
      }
    } else if (depth === 0 && char !== ',' && !/\s/.test(char ?? '')) return null;
  }
  return depth === 0 && objects.length > 0 ? objects : null;
}

/** The text without commas that stand right before a closing bracket, and the lines they stood on. */
function withoutTrailingCommas(text: string): { text: string; removed: number[] } {
  const removed: number[] = [];
  const pieces: string[] = [];
  let from = 0;
  let line = 1;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\\n]|\\.)*"|,(?=\s*[\]}])|\n/g)) {
    if (token === '\n') line += 1;
    if (token !== ',') continue;
    pieces.push(text.slice(from, index));
    from = index + 1;
    removed.push(line);
  }
  return { text: pieces.join('') + text.slice(from), removed };
}
