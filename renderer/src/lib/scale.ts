/** Scales with ticks: round positions for an axis, and pixels for values. */

/** Round steps of 1, 2 or 5 times a power of ten, about `wished` of them, from 0 to at least `maximum`. */
export function ticks(maximum: number, wished = 5): readonly number[] {
  if (!(maximum > 0) || !Number.isFinite(maximum)) return [0, 1];
  const rough = maximum / wished;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const last = Math.ceil(maximum / step - 1e-9);
  return Array.from({ length: last + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** A value's place between two pixels; values outside stay at the ends. */
export function place(value: number, from: readonly [number, number], to: readonly [number, number]): number {
  const span = from[1] - from[0];
  const share = span === 0 ? 0 : Math.min(1, Math.max(0, (value - from[0]) / span));
  return to[0] + share * (to[1] - to[0]);
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
