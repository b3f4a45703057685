/** What can be told of labels: missing, misspelt, rare, only numbers, several in a cell, at odds with each other. */
import type { Finding } from '../spec/dataset.ts';
import { isBlank, isMissing } from './cells.ts';
import { finding, listed } from './table.ts';
import type { Pair } from './text-findings.ts';

/** Below this many rows every class is rare, and that there are few rows has been said. */
const fewRows = 20;

/** Labels with the number of their rows, most frequent first; ties in the order of their code points. */
export function countLabels(labels: Iterable<string>): { name: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .toSorted((a, b) => b.count - a.count || byCodePoint(a.name, b.name));
}

/** The order of Python's `sorted`, which JavaScript's own has only inside the basic plane. */
export function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Labels that stand for no label: blanks, and the usual spellings of "missing" where they are much rarer than a class.
 * A class that is truly called "none" has the rows of a class.
 */
export function missingLabels(labels: readonly { name: string; count: number }[]): ReadonlySet<string> {
  const classes = labels.filter(({ name }) => !isMissing(name)).map(({ count }) => count);
  const usual = classes[Math.floor(classes.length / 2)] ?? 0;
  return new Set(
    labels
      .filter(({ name, count }) => isMissing(name) && (name.trim() === '' || count < usual / 4))
      .map(({ name }) => name),
  );
}

/** Findings about the labels of the rows to learn from; `rows` counts those rows. */
export function labelFindings(labels: readonly { name: string; count: number }[], column: string): Finding[] {
  const rows = labels.reduce((sum, { count }) => sum + count, 0);
  const [first] = labels;
  if (!first) return [];
  if (labels.length === 1) return [finding('one-class', 'fault', { label: first.name, column, rows })];
  if (rows >= 20 && labels.length >= rows * 0.9) {
    return [finding('label-is-id', labels.length === rows ? 'fault' : 'care', { unique: labels.length, rows, column })];
  }
  const misspelt = variants(labels);
  // A misspelt label is rare because it is misspelt.
  const uneven = misspelt.length > 0 ? [] : imbalance(labels);
  return [...rareClasses(labels), ...uneven, ...numericLabels(labels), ...multiLabels(labels), ...misspelt];
}

/** Labels of few rows. */
export function rareClasses(labels: readonly { name: string; count: number }[]): Finding[] {
  const rare = labels.filter(({ count }) => count < 5);
  if (rare.length === 0) return [];
  const rows = labels.reduce((sum, { count }) => sum + count, 0);
  const severity = rows >= fewRows && rare.some(({ count }) => count === 1) ? 'care' : 'note';
  return [
    finding('rare-class', severity, {
      count: rare.length,
      labels: listed(rare.map(({ name, count }) => `${name} (${String(count)})`)),
    }),
  ];
}

function imbalance(labels: readonly { name: string; count: number }[]): Finding[] {
  const largest = labels[0];
  const smallest = labels.at(-1);
  if (!largest || !smallest || largest.count < smallest.count * 10 || largest.count < 50) return [];
  const data = {
    largest: largest.name,
    largestCount: largest.count,
    smallest: smallest.name,
    smallestCount: smallest.count,
  };
  return [finding('imbalanced', 'note', data)];
}

function numericLabels(labels: readonly { name: string; count: number }[]): Finding[] {
  if (!labels.every(({ name }) => /^-?\d+([.,]\d+)?$/.test(name.trim()))) return [];
  const values = labels
    .map(({ name }) => name.trim())
    .toSorted((a, b) => Number(a.replace(',', '.')) - Number(b.replace(',', '.')));
  return [finding('numeric-labels', 'care', { count: labels.length, values: listed(values) })];
}

function multiLabels(labels: readonly { name: string; count: number }[]): Finding[] {
  const names = new Set(labels.map(({ name }) => name.trim()));
  const separators = [';', '|', ',', '/'].filter((separator) =>
    labels.some(({ name }) => joinsLabels(name, separator, names)),
  );
  if (separators.length === 0) return [];
  const rows = labels
    .filter(({ name }) => separators.some((separator) => name.includes(separator)))
    .reduce((sum, { count }) => sum + count, 0);
  return [finding('multi-label', 'care', { count: rows, separators: separators.join(' ') })];
}

/** One side of the separator is a label by itself. */
function joinsLabels(name: string, separator: string, names: ReadonlySet<string>): boolean {
  const parts = name.split(separator).map((part) => part.trim());
  return parts.length > 1 && parts.every((part) => part !== '') && parts.some((part) => names.has(part));
}

/** Labels that are likely one, written in several ways. */
export function variants(labels: readonly { name: string; count: number }[]): Finding[] {
  const groups = new Map<string, { names: string[]; count: number }>();
  for (const { name, count } of labels) {
    const key = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
    const group = groups.get(key === '' ? name : key) ?? { names: [], count: 0 };
    group.names.push(name);
    group.count += count;
    groups.set(key === '' ? name : key, group);
  }
  if (groups.size <= 200) joinMisspelt(groups);
  const several = [...groups.values()].filter(({ names }) => names.length > 1);
  if (several.length === 0) return [];
  const shown = several.map(({ names }) => names.map((name) => JSON.stringify(name)).join(' = '));
  return [finding('label-variants', 'care', { count: several.length, groups: listed(shown) })];
}

/** A rare label one slip of the finger from a frequent one joins it. */
function joinMisspelt(groups: Map<string, { names: string[]; count: number }>): void {
  for (const [key, group] of [...groups].toSorted((a, b) => a[1].count - b[1].count)) {
    const target = [...groups].find(
      ([other, { count }]) => other !== key && group.count <= count / 4 && isSlip(key, other),
    );
    if (!target) continue;
    target[1].names.push(...group.names);
    target[1].count += group.count;
    groups.delete(key);
  }
}

/** One letter more, less, other, or two swapped; digits are never slips. */
function isSlip(a: string, b: string): boolean {
  if (Math.max(a.length, b.length) < 4 || /\d/.test(a + b) || Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const left = a.slice(start, a.length - end);
  const right = b.slice(start, b.length - end);
  return (
    (left.length <= 1 && right.length <= 1) ||
    (left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0])
  );
}

/** The same input with different answers. */
export function conflictFindings(pairs: readonly Pair[]): Finding[] {
  const answers = new Map<string, { answer: string; rows: number; conflict: boolean }>();
  for (const { input, answer } of pairs) {
    if (isBlank(input)) continue;
    const known = answers.get(input);
    if (!known) answers.set(input, { answer, rows: 1, conflict: false });
    else {
      known.rows += 1;
      known.conflict ||= known.answer !== answer;
    }
  }
  const conflicts = [...answers.values()].filter(({ conflict }) => conflict);
  const rows = conflicts.reduce((sum, conflict) => sum + conflict.rows, 0);
  return conflicts.length > 0 ? [finding('conflicting-labels', 'care', { texts: conflicts.length, rows })] : [];
}

/** Missing values of one column, however they are spelled; a spelling might be meant, an empty cell is what it is. */
export function missingFindings(column: string, cells: readonly string[]): Finding[] {
  const found = cells.filter(isMissing);
  if (found.length === 0) return [];
  const spellings = [...new Set(found.map((cell) => (isBlank(cell) ? '(empty)' : cell.trim())))];
  const spelled = spellings.some((spelling) => spelling !== '(empty)');
  return [
    finding('missing-values', spelled ? 'care' : 'note', { column, count: found.length, spellings: listed(spellings) }),
  ];
}
