/** Curves: joining news, lining up, and the one thing the checks say. */
import { describe, expect, it } from 'vitest';
import {
  alignSeries,
  dipOf,
  directionOf,
  emptySeries,
  guessingLoss,
  hasGrown,
  joinSeries,
  jumpOf,
  memorisingBand,
  orderSamples,
  passTicks,
  trendOf,
  type Evaluation,
} from '../../../renderer/src/lib/series.ts';
import type { RunSeries } from '../../../main/contract/views.ts';

const point = (step: number, loss = 1) => ({
  step,
  loss,
  learningRate: 1e-3,
  gradNorm: 1,
  rowsPerSecond: 10,
  memoryBytes: 1,
});
const series = (steps: readonly number[], over: Partial<RunSeries> = {}): RunSeries => ({
  ...emptySeries,
  steps: steps.map((step) => point(step)),
  ...over,
});

/** Checks every ten steps; the best so far is kept, as the trainer does. */
function checks(...losses: readonly number[]): readonly Evaluation[] {
  let best = Infinity;
  return losses.map((loss, index) => {
    const kept = loss < best;
    best = Math.min(best, loss);
    return { step: (index + 1) * 10, epoch: index + 1, loss, metrics: {}, kept };
  });
}

describe('joinSeries', () => {
  it('appends what is new and keeps what the news does not tell', () => {
    const known = series([1, 2], {
      stepsPerEpoch: 5,
      truncatedRows: 3,
      samples: [{ row: 1, text: 'a', expected: 'x', prediction: 'x', confidence: 1 }],
    });
    expect(joinSeries(known, series([3]))).toEqual({ ...known, steps: [point(1), point(2), point(3)] });
  });

  it('replaces steps that are told again after a run went on from a checkpoint', () => {
    const joined = joinSeries(series([1, 2, 3, 4]), { ...emptySeries, steps: [point(3, 9)] });
    expect(joined.steps).toEqual([point(1), point(2), point(3, 9)]);
  });
});

it('lines up checks with steps, also a check between two told steps', () => {
  const evaluations = checks(0.5).map((check) => ({ ...check, step: 2 }));
  expect(alignSeries(series([1, 3], { evaluations }))).toEqual({
    steps: [1, 2, 3],
    loss: [1, null, 1],
    checks: [null, 0.5, null],
  });
});

describe('trendOf', () => {
  it.each([
    ['no check yet', [], { kind: 'waiting' }],
    ['one check', [0.9], { kind: 'first-check', step: 10, loss: 0.9 }],
    ['each check better', [0.9, 0.7, 0.6], { kind: 'improving', checks: 2 }],
    ['one check no better', [0.9, 0.5, 0.6], { kind: 'paused-improving', kept: 20 }],
    ['checks that only rose', [0.9, 0.5, 0.6, 0.7], { kind: 'memorising', kept: 20, since: 2 }],
    ['checks about the same', [0.9, 0.5, 0.502, 0.501], { kind: 'level', kept: 20, since: 2 }],
    ['worse, but falling again', [0.9, 0.5, 0.8, 0.6], { kind: 'level', kept: 20, since: 2 }],
  ])('%s', (_, losses, trend) => {
    expect(trendOf(checks(...losses), null)).toEqual(trend);
  });

  it('says that it is not learning only against a known guess and after two checks', () => {
    const guess = guessingLoss(6);
    expect(guess).toBeCloseTo(1.7918, 4);
    expect(trendOf(checks(1.79, 1.79), guess)).toMatchObject({ kind: 'not-learning', step: 20 });
    expect(trendOf(checks(1.79), guess).kind).toBe('first-check');
    expect(trendOf(checks(1.79, 1.2), guess).kind).toBe('improving');
    expect(guessingLoss(0)).toBeNull();
  });

  it('marks from the kept check to the last one as memorising', () => {
    expect(memorisingBand(checks(0.9, 0.5, 0.6, 0.7))).toEqual({ from: 20, to: 40 });
    expect(memorisingBand(checks(0.9, 0.5))).toBeNull();
  });
});

it('names the ends of passes, the last one always', () => {
  expect(passTicks(400, 100)).toEqual([1, 2, 3, 4].map((pass) => ({ at: pass * 100, pass })));
  expect(passTicks(2000, 100, 4).map(({ pass }) => pass)).toEqual([5, 10, 15, 20]);
  expect([passTicks(50, 100), passTicks(10, 0)]).toEqual([[], []]);
});

it('orders samples by certainty, the wrong ones or the right ones', () => {
  const sample = (row: number, prediction: string, confidence: number) => ({
    row,
    text: '',
    expected: 'a',
    prediction,
    confidence,
  });
  const samples = [sample(1, 'b', 0.6), sample(2, 'a', 0.7), sample(3, 'b', 0.9), sample(4, 'a', 0.8)];
  expect(orderSamples(samples, 'most-wrong').map(({ row }) => row)).toEqual([3, 1]);
  expect(orderSamples(samples, 'surest').map(({ row }) => row)).toEqual([4, 2]);
});

it('finds the latest jump and dip, and none where all is calm', () => {
  const calm = Array.from({ length: 50 }, () => 1);
  expect([jumpOf(calm), dipOf(calm)]).toEqual([null, null]);
  expect(jumpOf(calm.with(30, 9))).toBe(30);
  const dipped = calm.map((value, index) => (index >= 20 && index < 30 ? 0.2 : value));
  expect(dipOf(dipped)).toBe(29);
  expect(dipOf(calm.with(30, 0.2))).toBeNull();
  expect(dipOf(dipped.slice(0, 29))).toBeNull();
  expect([hasGrown([1, 1, 1, 1.3]), hasGrown(calm)]).toEqual([true, false]);
});

it('tells rising from falling from level', () => {
  const ramp = Array.from({ length: 20 }, (_, index) => index + 1);
  expect([directionOf(ramp), directionOf(ramp.toReversed()), directionOf([1, 1, 1]), directionOf([1])]).toEqual([
    'rising',
    'falling',
    'level',
    'unknown',
  ]);
});
