/** A run's curves: joining news to what is known, lining up steps and checks, and what the last check says. */
import type { RunSeries } from '../../../main/contract/views.ts';

export type Evaluation = RunSeries['evaluations'][number];
export type Sample = RunSeries['samples'][number];

export const emptySeries: RunSeries = { steps: [], evaluations: [], samples: [], stepsPerEpoch: 0, truncatedRows: 0 };

/** Appends news; steps that are told again (a run that went on from a checkpoint) replace what was known from there on. */
export function joinSeries(known: RunSeries, news: RunSeries): RunSeries {
  return {
    steps: append(known.steps, news.steps),
    evaluations: append(known.evaluations, news.evaluations),
    samples: news.samples.length > 0 ? news.samples : known.samples,
    stepsPerEpoch: news.stepsPerEpoch || known.stepsPerEpoch,
    truncatedRows: news.truncatedRows || known.truncatedRows,
  };
}

function append<P extends { readonly step: number }>(known: readonly P[], news: readonly P[]): readonly P[] {
  const first = news[0];
  if (first === undefined) return known;
  const last = known.at(-1);
  const kept = last === undefined || last.step < first.step ? known : known.filter(({ step }) => step < first.step);
  return [...kept, ...news];
}

/** Steps and checks on one axis, as a chart with shared positions wants them. */
export interface Aligned {
  readonly steps: readonly number[];
  readonly loss: readonly (number | null)[];
  readonly checks: readonly (number | null)[];
}

export function alignSeries(series: RunSeries): Aligned {
  const loss = new Map(series.steps.map((point) => [point.step, point.loss]));
  const checks = new Map(series.evaluations.map((point) => [point.step, point.loss]));
  const steps = [...new Set([...loss.keys(), ...checks.keys()])].sort((a, b) => a - b);
  return {
    steps,
    loss: steps.map((step) => loss.get(step) ?? null),
    checks: steps.map((step) => checks.get(step) ?? null),
  };
}

/** The check whose version is kept: the last one that was the best so far. */
export function keptCheck(evaluations: readonly Evaluation[]): Evaluation | null {
  return evaluations.findLast(({ kept }) => kept) ?? null;
}

export type Trend =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'first-check'; readonly step: number; readonly loss: number }
  | { readonly kind: 'improving'; readonly checks: number }
  | { readonly kind: 'paused-improving'; readonly kept: number }
  | { readonly kind: 'memorising'; readonly kept: number; readonly since: number }
  | { readonly kind: 'level'; readonly kept: number; readonly since: number }
  | { readonly kind: 'not-learning'; readonly step: number; readonly loss: number; readonly guessing: number };

/** What counts as a change of the error between two checks, as a share of it. */
const noticeable = 0.01;

/** The one thing the checks say now. `guessing`: the error of guessing evenly, or null where it is not known. */
export function trendOf(evaluations: readonly Evaluation[], guessing: number | null): Trend {
  const last = evaluations.at(-1);
  const first = evaluations[0];
  if (last === undefined || first === undefined) return { kind: 'waiting' };
  if (guessing !== null && evaluations.length >= 2 && last.loss > guessing * (1 - noticeable)) {
    return { kind: 'not-learning', step: last.step, loss: last.loss, guessing };
  }
  if (evaluations.length === 1) return { kind: 'first-check', step: last.step, loss: last.loss };
  const kept = keptCheck(evaluations);
  if (kept === null || kept.step === last.step) return { kind: 'improving', checks: improvingChecks(evaluations) };
  const since = evaluations.filter(({ step }) => step > kept.step);
  if (since.length === 1) return { kind: 'paused-improving', kept: kept.step };
  const rising = since.every(({ loss }) => loss > kept.loss * (1 + noticeable)) && last.loss >= (since[0]?.loss ?? 0);
  return { kind: rising ? 'memorising' : 'level', kept: kept.step, since: since.length };
}

function improvingChecks(evaluations: readonly Evaluation[]): number {
  let count = 0;
  for (let index = evaluations.length - 1; index > 0; index -= 1) {
    if ((evaluations[index]?.loss ?? 0) >= (evaluations[index - 1]?.loss ?? 0)) break;
    count += 1;
  }
  return count;
}

/** The error of guessing evenly among `labels` categories, in nats; null where there is nothing to guess among. */
export function guessingLoss(labels: number): number | null {
  return labels > 1 ? Math.log(labels) : null;
}

/** Where a stretch of checks that only rose begins and ends, for the band behind the chart. */
export function memorisingBand(
  evaluations: readonly Evaluation[],
): { readonly from: number; readonly to: number } | null {
  const trend = trendOf(evaluations, null);
  const last = evaluations.at(-1);
  return trend.kind === 'memorising' && last !== undefined ? { from: trend.kept, to: last.step } : null;
}

/** Ends of the passes over the rows: `{ at, pass }`, at most `most` of them, the last pass always among them. */
export function passTicks(
  steps: number,
  stepsPerEpoch: number,
  most = 5,
): readonly { readonly at: number; readonly pass: number }[] {
  if (stepsPerEpoch <= 0 || steps <= 0) return [];
  const passes = Math.floor(steps / stepsPerEpoch + 1e-9);
  if (passes < 1) return [];
  const stride = Math.max(1, Math.ceil(passes / most));
  const ticks: { at: number; pass: number }[] = [];
  for (let pass = passes; pass > 0; pass -= stride) ticks.unshift({ at: pass * stepsPerEpoch, pass });
  return ticks;
}

export type SampleOrder = 'most-wrong' | 'surest' | 'all';

/** Samples of the last check in the order asked for; where there is no certainty, as they came. */
export function orderSamples(samples: readonly Sample[], order: SampleOrder): readonly Sample[] {
  const certainty = ({ confidence }: Sample) => confidence ?? 0;
  const wrong = (sample: Sample) => sample.prediction !== sample.expected;
  switch (order) {
    case 'most-wrong':
      return samples.filter(wrong).toSorted((a, b) => certainty(b) - certainty(a));
    case 'surest':
      return samples.filter((sample) => !wrong(sample)).toSorted((a, b) => certainty(b) - certainty(a));
    case 'all':
      return samples;
  }
}

/** The latest place where a value rose far above everything before it, the first ten left out; null when all is calm. */
export function jumpOf(values: readonly number[], factor = 2.5): number | null {
  let highest = Math.max(0, ...values.slice(0, 10));
  let found: number | null = null;
  for (const [index, value] of values.entries()) {
    if (index < 10) continue;
    if (highest > 0 && value > factor * highest) found = index;
    highest = Math.max(highest, value);
  }
  return found;
}

/**
 * The latest place where nine values in a row, taken by their middle one, fell under `share` of what is usual, leaving out
 * the first tenth; null when they did not, or where there are too few to tell.
 */
export function dipOf(values: readonly number[], share = 0.5): number | null {
  const reach = 4;
  const start = Math.max(reach, Math.ceil(values.length / 10));
  if (values.length < 30) return null;
  const usual = median(values.slice(start));
  for (let index = values.length - 1 - reach; index >= start; index -= 1) {
    if (median(values.slice(index - reach, index + reach + 1)) < share * usual) return index;
  }
  return null;
}

/** Whether the values grew since their first fifth. */
export function hasGrown(values: readonly number[], factor = 1.1): boolean {
  const early = values[Math.floor(values.length / 5)] ?? 0;
  return early > 0 && (values.at(-1) ?? 0) > factor * early;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export type Direction = 'rising' | 'falling' | 'level' | 'unknown';

/** Whether the last tenth of the values goes up, down or neither. */
export function directionOf(values: readonly number[], tolerance = 0.02): Direction {
  if (values.length < 2) return 'unknown';
  const from = values[Math.max(0, values.length - 1 - Math.max(1, Math.floor(values.length / 10)))] ?? 0;
  const to = values.at(-1) ?? 0;
  const scale = Math.max(Math.abs(from), Math.abs(to));
  if (scale === 0 || Math.abs(to - from) <= tolerance * scale) return 'level';
  return to > from ? 'rising' : 'falling';
}
