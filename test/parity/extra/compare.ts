/** Compares a tree of numbers and strings with the reference's, number by number. */
import type { ExtraResult } from './registry.ts';

/**
 * Every key of `expected` is looked for in `found`; keys of `found` alone are not compared.
 * @param found what our code says, laid out as the reference has it; null where a figure is undefined
 * @param tolerance largest |found − expected| / max(1, |expected|) that passes
 */
export function compare(found: unknown, expected: unknown, tolerance: number): ExtraResult {
  let worst = 0;
  const failures: string[] = [];
  const walk = (ours: unknown, theirs: unknown, where: string): void => {
    if (typeof theirs === 'number' && typeof ours === 'number') {
      const off = Math.abs(ours - theirs);
      if (!(off <= worst)) worst = off;
      if (!(off <= tolerance * Math.max(1, Math.abs(theirs)))) failures.push(`${where} is ${ours}, not ${theirs}`);
    } else if (isList(theirs)) {
      if (!isList(ours) || ours.length !== theirs.length)
        failures.push(`${where} has ${isList(ours) ? ours.length : 'no'} entries, not ${theirs.length}`);
      else theirs.forEach((entry, index) => walk(ours[index], entry, `${where}[${index}]`));
    } else if (isRecord(theirs)) {
      const entries = isRecord(ours) ? ours : {};
      for (const [key, entry] of Object.entries(theirs))
        walk(entries[key], entry, where === '' ? key : `${where}.${key}`);
    } else if (ours !== theirs) failures.push(`${where} is ${JSON.stringify(ours)}, not ${JSON.stringify(theirs)}`);
  };
  walk(found, expected, '');
  const [first] = failures;
  const rest = failures.length > 1 ? ` (and ${failures.length - 1} more)` : '';
  return { worst, failure: first === undefined ? null : first + rest };
}

/** The largest deviation of several, or NaN where one has none, and the first failure. */
export function worstOf(results: readonly ExtraResult[]): ExtraResult {
  return {
    worst: results.reduce(
      (worst, result) => (result.worst > worst || Number.isNaN(result.worst) ? result.worst : worst),
      0,
    ),
    failure: results.find(({ failure }) => failure !== null)?.failure ?? null,
  };
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !isList(value);
}
