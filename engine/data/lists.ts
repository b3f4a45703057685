/** Cells that hold a list or an object: as JSON has them, or as a text that spells one. */

/** The value of a cell; a text that spells a list or an object is read as one, as JSON or as Python writes it. */
export function cellValue(cell: unknown): unknown {
  if (typeof cell !== 'string' || !/^\s*[[{]/.test(cell)) return cell;
  return parsed(cell) ?? parsed(asJson(cell) ?? '') ?? cell;
}

/** What is nested deeper was made to break its reader. */
const deepest = 64;

function parsed(text: string): unknown {
  if (deeperThan(text, deepest)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Counts brackets within texts too, of which no cell has that many unclosed. */
function deeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (const bracket of text.match(/[[\]{}]/g) ?? []) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > limit) return true;
  }
  return false;
}

const pythonToken = /'([^'\\]*(?:\\.[^'\\]*)*)'|"[^"\\]*(?:\\.[^"\\]*)*"|None|True|False|[^'"NTF]+|[NTF]/sy;
const pythonNames: Readonly<Record<string, string>> = { None: 'null', True: 'true', False: 'false' };

/** Python's `['it', "isn't", None]` as JSON; null: a quote is never closed. */
function asJson(text: string): string | null {
  const pieces: string[] = [];
  pythonToken.lastIndex = 0;
  while (pythonToken.lastIndex < text.length) {
    const token = pythonToken.exec(text);
    if (token === null) return null;
    const [whole, inner] = token;
    pieces.push(
      inner === undefined ? (pythonNames[whole] ?? whole) : JSON.stringify(inner.replace(/\\(['\\])/g, '$1')),
    );
  }
  return pieces.join('');
}

/** The list of a cell, or null: it holds none. */
export function listOf(cell: unknown): readonly unknown[] | null {
  const value = cellValue(cell);
  return Array.isArray(value) ? value : null;
}

/** A field of an object under the first of several names it has. */
export function fieldOf(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const name = names.find((one) => Object.hasOwn(value, one));
  return name === undefined ? undefined : (value as Readonly<Record<string, unknown>>)[name];
}
