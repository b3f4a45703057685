/** Learning-rate schedules: Transformers' own numbers, update by update. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scheduleFactor } from '../../../engine/spec/schedule.ts';
import { shared } from '../../support/engine-fixtures.ts';

const { schedules } = JSON.parse(readFileSync(join(shared, 'golden-extra/optimizers/schedules.json'), 'utf8')) as {
  readonly schedules: readonly {
    readonly id: string;
    readonly lr: number;
    readonly lr_at_step: readonly number[];
  }[];
};

const warmed = { warmup: 5, total: 50 };
test.each([
  ['linear', 'linear', warmed],
  ['linear-no-warmup', 'linear', { ...warmed, warmup: 0 }],
  ['cosine', 'cosine', warmed],
  ['cosine-1.5cycles', 'cosine', { ...warmed, cycles: 1.5 }],
  ['cosine-restarts-3', 'cosine-with-restarts', warmed],
  ['cosine-min-lr', 'cosine-with-min-lr', warmed],
  ['constant', 'constant', { ...warmed, warmup: 0 }],
  ['constant-warmup', 'constant', warmed],
  ['polynomial-2', 'polynomial', { ...warmed, endRate: 0.01 }],
  ['inverse-sqrt', 'inverse-sqrt', warmed],
  ['inverse-sqrt-timescale', 'inverse-sqrt', { ...warmed, timescale: 20 }],
  ['wsd', 'warmup-stable-decay', { ...warmed, decay: 15, minRate: 0.1 }],
] as const)('%s', (id, schedule, run) => {
  const golden = schedules.find((one) => one.id === id);
  if (!golden) throw new RangeError(`no schedule ${id}`);
  const far = golden.lr_at_step.filter(
    (rate, step) => Math.abs(golden.lr * scheduleFactor(schedule, step, run) - rate) > 1e-12,
  );
  expect({ count: golden.lr_at_step.length, far }).toEqual({ count: 55, far: [] });
});

test.each([
  ['a run of one update without warm-up takes the whole rate', 'linear', 0, { warmup: 0, total: 1 }, 1],
  ['warm-up as long as the run never gets there', 'cosine', 3, { warmup: 4, total: 4 }, 0.75],
  ['the middle of the cosine is half', 'cosine', 5, { warmup: 0, total: 10 }, 0.5],
  ['the stable rate holds for four fifths', 'warmup-stable-decay', 7, { warmup: 0, total: 10 }, 1],
  ['and then falls', 'warmup-stable-decay', 9, { warmup: 0, total: 10 }, 0.5],
  ['behind a run that was all warm-up nothing is left', 'linear', 4, { warmup: 4, total: 4 }, 0],
  ['the last linear update is not zero', 'linear', 9, { warmup: 0, total: 10 }, 0.1],
] as const)('%s', (...[, schedule, step, length, factor]) => {
  expect(scheduleFactor(schedule, step, length)).toBeCloseTo(factor, 12);
});
