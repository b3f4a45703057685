/** Reads a family's keys of a GGUF file: each one of the right kind, or refused by its name and value. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import type { GgufFile } from './gguf.ts';

/** Keys go without the family's prefix: `block_count` is `llama.block_count`. */
export interface KeyReader {
  readonly path: string;
  /** A whole number above 0. */
  count(key: string): number;
  /** Null where the file does not say. */
  number(key: string): number | null;
  text(key: string): string | null;
  value(key: string): Json | undefined;
  refuse(key: string, legal: string): never;
}

export function readKeys(path: string, { keys }: GgufFile, architecture: string): KeyReader {
  const value = (key: string): Json | undefined => keys.get(`${architecture}.${key}`);
  const refuse = (key: string, legal: string): never => {
    throw new StudioError('model.config', {
      path,
      field: `${architecture}.${key}`,
      value: JSON.stringify(value(key) ?? 'missing').slice(0, 80),
      legal,
    });
  };
  const number = (key: string): number | null => {
    const found = value(key);
    if (found === undefined) return null;
    return typeof found === 'number' && Number.isFinite(found) ? shortest(found) : refuse(key, 'a number');
  };
  return {
    path,
    value,
    refuse,
    number,
    count(key) {
      const found = value(key);
      return typeof found === 'number' && Number.isSafeInteger(found) && found >= 1
        ? found
        : refuse(key, 'a whole number above 0');
    },
    text(key) {
      const found = value(key);
      return found === undefined ? null : typeof found === 'string' ? found : refuse(key, 'a text');
    },
  };
}

/** A float32 as the shortest decimal that means it: 9.999999747e-6 is 1e-5. */
export function shortest(value: number): number {
  const short = Number(value.toPrecision(7));
  return Math.fround(short) === value ? short : value;
}
