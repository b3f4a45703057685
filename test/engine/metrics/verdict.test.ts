/** Promises: the verdict says yes only when the paired interval lies beyond 0, and never praises less than the majority guess. */
import { expect, test } from 'vitest';
import { wilson } from '../../../engine/metrics/intervals.ts';
import { verdict } from '../../../engine/metrics/verdict.ts';
import type { AccuracyFigure, Metrics, PerplexityFigure } from '../../../engine/spec/metrics.ts';

const train = {
  steps: 40,
  rows: 640,
  tokens: 9000,
  seconds: 4,
  peakMemoryBytes: 3e8,
  finalLoss: 0.1,
  precision: 'float32',
  device: 'cpu',
};
const share = (correct: number, n = 100): AccuracyFigure => ({
  accuracy: correct / n,
  n,
  interval: wilson(correct, n),
});
const loss = (value: number): PerplexityFigure => ({ loss: value, perplexity: Math.exp(value), n: 50 });
const shares = (tuned: number, untrained: number, majority = 20): Metrics => ({
  task: 'text-classification',
  metric: 'accuracy',
  measuredOn: 'test',
  tuned: share(tuned),
  baselines: { untrained: share(untrained), majority: share(majority) },
  train,
});
const losses = (tuned: number, untrained: number | null): Metrics => ({
  task: 'chat',
  metric: 'perplexity',
  measuredOn: 'test',
  tuned: loss(tuned),
  baselines: { untrained: untrained === null ? null : loss(untrained), majority: null },
  train,
});

/** Nothing was learned: asked with so many examples, beside the same without them. */
const asked = (tuned: number, zeroShot: number | null): Metrics => ({
  ...shares(tuned, zeroShot ?? 0),
  baselines: { untrained: zeroShot === null ? null : share(zeroShot), majority: share(20) },
  prompted: { shots: zeroShot === null ? 0 : 4 },
});

test.each([
  ['share.helped', shares(90, 60), { value: 0.3, interval: [0.2, 0.4] }],
  ['share.hurt', shares(50, 60), { value: -0.1, interval: [-0.15, -0.05] }],
  ['share.chance', shares(62, 60), { value: 0.02, interval: [-0.05, 0.09] }],
  ['share.below-majority', shares(20, 5, 20), { value: 0.15, interval: [0.1, 0.2] }],
  ['share.alone', { ...shares(90, 60), baselines: null }, null],
  ['loss.helped', losses(1.5, 3), { value: -1.5, interval: [-1.7, -1.3] }],
  ['loss.hurt', losses(3, 1.5), { value: 1.5, interval: [1.3, 1.7] }],
  ['loss.chance', losses(1.5, 1.6), { value: -0.1, interval: [-0.3, 0.1] }],
  ['loss.chance', losses(1.7, 1.6), { value: -0.1, interval: [-0.2, -0.05] }],
  ['loss.alone', losses(1.5, null), null],
  ['unmeasured', { ...shares(1, 1), tuned: null, baselines: null, measuredOn: null }, null],
] as const)('%s', (code, metrics, gain) => {
  expect(verdict(metrics, gain).code).toBe(code);
});

test.each([
  [
    { code: 'share.helped', data: { by: 'examples', untrained: 0.6 } },
    asked(90, 60),
    { value: 0.3, interval: [0.2, 0.4] },
  ],
  [{ code: 'share.hurt', data: { by: 'examples' } }, asked(50, 60), { value: -0.1, interval: [-0.15, -0.05] }],
  [{ code: 'share.below-majority', data: { majority: 0.2 } }, asked(15, 60), { value: -0.45, interval: [-0.5, -0.4] }],
  [{ code: 'share.above-majority', data: { majority: 0.2 } }, asked(50, null), null],
  [{ code: 'share.near-majority', data: { majority: 0.2 } }, asked(25, null), null],
  [{ code: 'share.below-majority', data: { majority: 0.2 } }, asked(20, null), null],
  [{ code: 'share.alone', data: { by: 'examples' } }, { ...asked(50, null), baselines: null }, null],
  [{ code: 'loss.alone', data: { by: 'examples' } }, { ...losses(1.5, null), prompted: { shots: 0 } }, null],
  [
    { code: 'unmeasured', data: { by: 'examples' } },
    { ...asked(1, null), tuned: null, baselines: null, measuredOn: null },
    null,
  ],
] as const)('asked in a prompt: %j', (expected, metrics, gain) => {
  expect(verdict(metrics, gain)).toMatchObject(expected);
});
