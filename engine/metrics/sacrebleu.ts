/** What BLEU, chrF and TER share: sacrebleu's tokenisers, and the signature that says how a figure was computed. */
import { words } from './text.ts';

/** The release whose figures these are. */
const version = '2.6.0';

/** sacrebleu's signature of a figure over `references`, the lists of references of each hypothesis. */
export function signature(
  references: readonly (readonly string[])[],
  settings: Readonly<Record<string, string>>,
): string {
  const numbers = new Set(references.map(({ length }) => length));
  const [only] = numbers;
  const nrefs = numbers.size === 1 ? String(only) : 'var';
  return Object.entries({ nrefs, ...settings, version })
    .map(([name, value]) => `${name}:${value}`)
    .join('|');
}

/** mteval-v13a, mteval-v14 international, single characters, white space alone. */
export const tokenizers = {
  '13a': (line: string) => words(separateWestern(` ${unescape(line)} `)),
  intl: (line: string) => words(separateEverywhere(line)),
  char: (line: string) => words([...line].join(' ')),
  none: words,
} as const satisfies Readonly<Record<string, (line: string) => readonly string[]>>;
export type TokenizerName = keyof typeof tokenizers;

function unescape(line: string): string {
  return line
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
}

/** ASCII punctuation apart; full stops and commas stay between digits, a dash stays unless a digit precedes it. */
function separateWestern(line: string): string {
  return line
    .replace(/[{-~[-` -&(-+:-@/]/gu, ' $& ')
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/gu, '$1 $2 ');
}

/** Unicode's punctuation apart unless it stands between numbers, and its symbols always. */
function separateEverywhere(line: string): string {
  return line
    .replace(/(\P{N})(\p{P})/gu, '$1 $2 ')
    .replace(/(\p{P})(\P{N})/gu, ' $1 $2')
    .replace(/\p{S}/gu, ' $& ');
}
