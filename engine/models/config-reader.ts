/** Reads fields of a config.json: each one honoured, or refused by its name, value and legal answers. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';

export interface ConfigReader {
  /** A whole number of at least 1; `fallback` where the field is absent or null. */
  count(field: string, fallback?: number): number;
  number(field: string, fallback: number): number;
  boolean(field: string, fallback: boolean): boolean;
  /** A token id, or null. An array's first entry counts. */
  tokenId(field: string): number | null;
  /** One of `legal`; anything else is refused. */
  choice<T extends string>(field: string, legal: readonly T[], fallback: T): T;
  object(field: string): Readonly<Record<string, Json>> | null;
  refuse(field: string, legal: string): never;
}

/** `aliases`: other names of fields, Transformers' `attribute_map`; as there, what the other name says is what counts. */
export function readConfig(
  written: Readonly<Record<string, Json>>,
  path: string,
  aliases: Readonly<Record<string, string>> = {},
): ConfigReader {
  const renamed = Object.entries(aliases).map(([alias, field]) => [field, written[alias] ?? written[field] ?? null]);
  const raw: Readonly<Record<string, Json>> = { ...written, ...(Object.fromEntries(renamed) as Record<string, Json>) };
  const refuse = (field: string, legal: string): never => {
    throw new StudioError('model.config', { path, field, value: JSON.stringify(raw[field] ?? null), legal });
  };
  const get = (field: string): Json | undefined => (raw[field] === null ? undefined : raw[field]);
  return {
    refuse,
    count: (field, fallback) => {
      const value = get(field) ?? fallback;
      return typeof value === 'number' && Number.isInteger(value) && value >= 1
        ? value
        : refuse(field, 'a whole number of at least 1');
    },
    number: (field, fallback) => {
      const value = get(field) ?? fallback;
      return typeof value === 'number' && Number.isFinite(value) ? value : refuse(field, 'a number');
    },
    boolean: (field, fallback) => {
      const value = get(field) ?? fallback;
      return typeof value === 'boolean' ? value : refuse(field, 'true or false');
    },
    tokenId: (field) => {
      const value = get(field);
      const first: Json | undefined = Array.isArray(value) ? (value as readonly Json[])[0] : value;
      if (first === undefined) return null;
      return typeof first === 'number' && Number.isInteger(first) ? first : refuse(field, 'a token id');
    },
    choice: (field, legal, fallback) => {
      const value = get(field) ?? fallback;
      return legal.find((option) => option === value) ?? refuse(field, legal.join(', '));
    },
    object: (field) => {
      const value = get(field);
      if (value === undefined) return null;
      return typeof value === 'object' && !Array.isArray(value)
        ? (value as Readonly<Record<string, Json>>)
        : refuse(field, 'an object');
    },
  };
}
