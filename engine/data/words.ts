/** Words of a text, each with its place: what gets a tag where no one has parted the text yet. */
import { codePoints, type CodePoints } from './code-points.ts';

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
  const sorted = [...new Set(cuts)].toSorted((a, b) => a - b);
  const places: WordPlace[] = [];
  let unit = 0;
  let point = 0;
  let cut = 0;
  for (const { 0: found, index } of text.matchAll(word)) {
    point += codePoints(text.slice(unit, index)).length;
    unit = index + found.length;
    const points = codePoints(found);
    let start = point;
    point += points.length;
    while ((sorted[cut] ?? Infinity) <= start) cut += 1;
    for (let edge = sorted[cut]; edge !== undefined && edge < point; edge = sorted[cut]) {
      places.push(placeIn(points, { start, end: edge, from: point - points.length }));
      start = edge;
      cut += 1;
    }
    places.push(placeIn(points, { start, end: point, from: point - points.length }));
  }
  return places;
}

function placeIn(
  points: CodePoints,
  { start, end, from }: { readonly start: number; readonly end: number; readonly from: number },
): WordPlace {
  return { text: points.slice(start - from, end - from), start, end };
}
