/** Writes a config.json whose decimal numbers stay decimal: Transformers 5 refuses `1` where a field is a float. */
import type { Json } from '../spec/json.ts';

/** Names of the fields whose numbers a JSON text writes with a point or an exponent, alone or in a list. */
export function decimalFields(text: string): ReadonlySet<string> {
  const number = String.raw`-?\d[\d.eE+-]*`;
  const field = new RegExp(String.raw`"((?:[^"\\]|\\.)+)"\s*:\s*(${number}|\[[\s\d.,eE+-]*\])`, 'g');
  return new Set(
    [...text.matchAll(field)].filter(([, , value = '']) => /[.eE]/.test(value)).map(([, name = '']) => name),
  );
}

/** Stands for a number while the rest is written. */
const mark = (value: number): string => `decimal number ${String(value)}.0`;
const marked = /"decimal number (-?\d+\.0)"/g;

/** JSON with two spaces, whole numbers of `decimals` written with `.0`. */
export function stringifyExactly(value: unknown, decimals: ReadonlySet<string>): string {
  const exact = (own: unknown): unknown => (typeof own === 'number' && Number.isSafeInteger(own) ? mark(own) : own);
  const text = JSON.stringify(
    value,
    (key, own: Json) => {
      if (!decimals.has(key)) return own;
      return Array.isArray(own) ? (own as readonly Json[]).map(exact) : exact(own);
    },
    2,
  );
  return `${text.replaceAll(marked, '$1')}\n`;
}
