/**
 * What can be told of the texts a model would learn from: empty, repeated, very long, in another language, seen in
 * the test.
 */
import type { Finding } from '../spec/dataset.ts';
import { isBlank, isMissing, looseKey } from './cells.ts';
import { foreignTexts } from './languages.ts';
import { finding } from './table.ts';

/** What is compared of an example: what it reads, and what it should answer. */
export interface Pair {
  readonly row: number;
  readonly input: string;
  readonly answer: string;
}

const longText = 20_000;
const mostRowsForWords = 20_000;
/** Texts of a few letters are alike by chance. */
const shortKey = 10;
/** Looking for a word more or less costs the length of the text squared. */
const mostWords = 40;

/** Findings about the inputs of the rows to learn from. */
export function textFindings(pairs: readonly Pair[]): Finding[] {
  const findings: Finding[] = [];
  const count = (code: string, severity: Finding['severity'], number: number): void => {
    if (number > 0) findings.push(finding(code, severity, { count: number }));
  };
  count('empty-text', 'care', pairs.filter(({ input }) => isBlank(input)).length);
  count(
    'very-short-text',
    'note',
    pairs.filter(({ input }) => !isBlank(input) && !isMissing(input) && !/[\p{L}\p{N}]/u.test(input)).length,
  );
  const longest = pairs.reduce<Pair | null>(
    (most, pair) => (pair.input.length > (most?.input.length ?? longText) ? pair : most),
    null,
  );
  if (longest)
    findings.push(finding('very-long-text', 'care', { row: longest.row, characters: [...longest.input].length }));
  const { exact, near } = repeats(pairs);
  count('duplicates', 'care', exact);
  count('near-duplicates', 'care', near);
  count('other-language', 'note', foreignTexts(pairs.map(({ input }) => input)));
  return findings;
}

/**
 * Rows that repeat an earlier one: exactly, or up to case, punctuation, blanks or, in sets that are not large, a word
 * more.
 */
function repeats(pairs: readonly Pair[]): { exact: number; near: number } {
  const answers = new Map<string, Set<string>>();
  const loose = new Set<string>();
  const words = pairs.length <= mostRowsForWords;
  let exact = 0;
  let near = 0;
  for (const { input, answer } of pairs) {
    if (isBlank(input)) continue;
    const known = answers.get(input);
    if (known) {
      if (known.has(answer)) exact += 1;
      else known.add(answer);
      continue;
    }
    answers.set(input, new Set([answer]));
    const key = looseKey(input);
    if (key.length >= shortKey && (loose.has(key) || (words && oneWordLess(key).some((shorter) => loose.has(shorter)))))
      near += 1;
    loose.add(key);
  }
  return { exact, near };
}

function oneWordLess(key: string): string[] {
  const words = key.split(' ');
  if (words.length < 6 || words.length > mostWords) return [];
  return words.map((_, index) => words.filter((__, other) => other !== index).join(' '));
}

/** Test rows whose input stands among the rows to learn from: exactly, or up to case, blanks and punctuation. */
export function leakFindings(train: readonly Pair[], held: readonly Pair[], role: 'validation' | 'test'): Finding[] {
  if (held.length === 0) return [];
  const inputs = new Set(train.map(({ input }) => input));
  const loose = new Set(train.map(({ input }) => looseKey(input)));
  let exact = 0;
  let near = 0;
  for (const { input } of held) {
    if (isBlank(input)) continue;
    const key = looseKey(input);
    if (inputs.has(input)) exact += 1;
    else if (key !== '' && loose.has(key)) near += 1;
  }
  return exact + near > 0 ? [finding('leak', 'care', { exact, near, of: held.length, role })] : [];
}
