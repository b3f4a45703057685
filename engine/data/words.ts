/** Words of a text, each with its place: what gets a tag where no one has parted the text yet. */
import { codePoints } from './code-points.ts';

export interface WordPlace {
  readonly text: string;
  /** In Unicode code points, the end exclusive. */
  readonly start: number;
  readonly end: number;
}

/** Letters and digits in a row, or one sign; a character of a script that writes no blanks stands alone. */
const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])[\p{L}\p{N}\p{M}])+|\S/gu;

/** Parts a text into words; `cuts`, in code points, are places where a word has to end. */
export function wordsOf(text: string, cuts: readonly number[] = []): WordPlace[] {
  const points = codePoints(text);
  const sorted = [...new Set(cuts)].toSorted((a, b) => a - b);
  return [...text.matchAll(word)].flatMap(({ 0: found, index }) => {
    const start = points.fromUnits(index);
    const end = start + codePoints(found).length;
    const edges = [start, ...sorted.filter((cut) => cut > start && cut < end), end];
    return edges.slice(1).map((edge, at) => {
      const from = edges[at] ?? start;
      return { text: points.slice(from, edge), start: from, end: edge };
    });
  });
}
