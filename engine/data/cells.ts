/** Cells as text: what the model reads of a value, and what counts as nothing. */

/** The text of a cell. A missing value is empty; what is no text is written as JSON. Nothing is trimmed. */
export function cellText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value);
}

/** Nothing to be seen: blanks, no-break blanks, marks of no width. */
export function isBlank(text: string): boolean {
  return /^[\s\u200b-\u200f\u2060\ufeff]*$/.test(text);
}

const missing: ReadonlySet<string> = new Set([
  'na',
  'n/a',
  'n.a.',
  'null',
  'none',
  'nan',
  '-',
  '--',
  '—',
  '?',
  '#n/v',
  '#nv',
  '#n/a',
  'tbd',
  'nil',
  '(null)',
  '<na>',
]);

/** One of the ways people and programs write that a value is missing. */
export function isMissing(text: string): boolean {
  return isBlank(text) || missing.has(text.trim().toLowerCase());
}

/** Texts that differ only in case, blanks and punctuation have the same key. */
export function looseKey(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
