/** Percentile intervals and p-values of a bootstrap over rows (Efron & Tibshirani, 1993, chapter 13; in pairs: Koehn, 2004, W04-3250). */
import type { Interval } from './intervals.ts';

export interface BootstrapOptions {
  /** The same seed gives the same interval. */
  readonly seed?: number;
  readonly resamples?: number;
}

/**
 * Means of the resamples, in the order drawn: rows with replacement, n a resample.
 * Differences of two systems, a row each, are resampled for both systems at once.
 */
function resampledMeans(values: readonly number[], { seed = 1, resamples = 2000 }: BootstrapOptions): number[] {
  const n = values.length;
  const random = mulberry32(seed);
  return Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let draw = 0; draw < n; draw += 1) sum += values[Math.floor(random() * n)] ?? 0;
    return sum / n;
  });
}

/** 95 % percentile interval of the mean; at least one value. */
export function bootstrapInterval(values: readonly number[], options: BootstrapOptions = {}): Interval {
  const means = resampledMeans(values, options).sort((left, right) => left - right);
  return [quantile(means, 0.025), quantile(means, 0.975)];
}

export interface BootstrapTest {
  /** Of the mean being at most 0: (1 + resamples at most 0) / (resamples + 1). */
  readonly oneSided: number;
  /** Of the mean being 0: twice the smaller tail, at most 1. */
  readonly twoSided: number;
}

/** @param differences of two systems, a row each; at least one */
export function pairedBootstrapTest(differences: readonly number[], options: BootstrapOptions = {}): BootstrapTest {
  const means = resampledMeans(differences, options);
  const tail = (beyond: (mean: number) => boolean): number => (1 + means.filter(beyond).length) / (means.length + 1);
  const [atMost, atLeast] = [tail((mean) => mean <= 0), tail((mean) => mean >= 0)];
  return { oneSided: atMost, twoSided: Math.min(1, 2 * Math.min(atMost, atLeast)) };
}

/** Linear between neighbours, as numpy's default. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
