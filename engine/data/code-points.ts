/** Places in a text counted in Unicode code points, as Python and the tokenizers count them. */

export interface CodePoints {
  readonly length: number;
  /** The text between two places, in code points. */
  slice(start: number, end: number): string;
  /** The place of an index of JavaScript's, which counts UTF-16 units. */
  fromUnits(index: number): number;
}

export function codePoints(text: string): CodePoints {
  // Without a surrogate, units are code points.
  if (!/[\ud800-\udfff]/.test(text)) {
    return { length: text.length, slice: (start, end) => text.slice(start, end), fromUnits: (index) => index };
  }
  const points = Array.from(text);
  return {
    length: points.length,
    slice: (start, end) => points.slice(start, end).join(''),
    fromUnits: (index) => Array.from(text.slice(0, index)).length,
  };
}
