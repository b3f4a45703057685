/** What the charts share beside the scale: thinning, SVG path data, where a label may stand. */
import { bytes } from './format.ts';

/** Bytes as a tick writes them: 5 GB, not 5.0 GB; nothing is 0. */
export function roundBytes(value: number): string {
  return value === 0 ? '0' : bytes(value).replace(/[.,]0(?=\u00a0)/, '');
}

/** How far a ruler reaches: past its limit, unless that is so far off that the bars could not be read. */
export function rulerEnd(
  largest: number,
  limit: number | null,
): { readonly end: number; readonly limitBeyond: boolean } {
  if (limit === null || limit <= largest * 3) return { end: Math.max(largest, limit ?? 0) * 1.12, limitBeyond: false };
  return { end: largest * 1.6, limitBeyond: true };
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export function linePath(points: readonly Point[]): string {
  return points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('');
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** At most `most` points: of each stretch the lowest and the highest, so that no peak is lost. */
export function thin(
  values: readonly number[],
  most: number,
): readonly { readonly index: number; readonly value: number }[] {
  if (values.length <= most) return values.map((value, index) => ({ index, value }));
  const stretches = Math.max(1, Math.floor(most / 2));
  const kept: { index: number; value: number }[] = [];
  for (let stretch = 0; stretch < stretches; stretch += 1) {
    const start = Math.floor((stretch * values.length) / stretches);
    const end = Math.floor(((stretch + 1) * values.length) / stretches);
    let low = start;
    let high = start;
    for (let index = start; index < end; index += 1) {
      if ((values[index] ?? 0) < (values[low] ?? 0)) low = index;
      if ((values[index] ?? 0) > (values[high] ?? 0)) high = index;
    }
    for (const index of low === high ? [low] : [Math.min(low, high), Math.max(low, high)])
      kept.push({ index, value: values[index] ?? 0 });
  }
  return kept;
}

/** A label's place on a line of the given width: pushed inside where it would leave it. */
export function anchorOf(x: number, width: number, margin = 24): 'start' | 'middle' | 'end' {
  if (x < margin) return 'start';
  return x > width - margin ? 'end' : 'middle';
}
