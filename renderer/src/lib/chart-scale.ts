/** Scales, ticks and paths that the charts share: numbers in, positions and SVG path data out. */

/** A linear map from a domain to a range; a domain without width maps to the start of the range. */
export interface Scale {
  readonly domain: readonly [number, number];
  readonly range: readonly [number, number];
  at(value: number): number;
}

export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const width = domain[1] - domain[0];
  const slope = width === 0 ? 0 : (range[1] - range[0]) / width;
  return { domain, range, at: (value) => range[0] + (value - domain[0]) * slope };
}

/** The smallest of 1, 2, 2.5 and 5 times a power of ten that makes at most `count` intervals of `span`. */
export function niceStep(span: number, count: number): number {
  if (!(span > 0) || count < 1) return 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Round values from 0 to the first one at or above `highest`, in at most `count` intervals. */
export function ticksFromZero(highest: number, count = 4): readonly number[] {
  const step = niceStep(highest > 0 ? highest : 1, count);
  const intervals = Math.max(1, Math.ceil((highest > 0 ? highest : 1) / step - 1e-9));
  return Array.from({ length: intervals + 1 }, (_, index) => Number((index * step).toPrecision(12)));
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
export function thin(values: readonly number[], most: number): readonly { readonly index: number; readonly value: number }[] {
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
    for (const index of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) kept.push({ index, value: values[index] ?? 0 });
  }
  return kept;
}

/** A label's place on a line of the given width: pushed inside where it would leave it. */
export function anchorOf(x: number, width: number, margin = 24): 'start' | 'middle' | 'end' {
  if (x < margin) return 'start';
  return x > width - margin ? 'end' : 'middle';
}
