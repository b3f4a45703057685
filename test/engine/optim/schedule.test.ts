/** Learning-rate schedules: Transformers' own numbers, update by update. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scheduleFactor } from '../../../engine/optim/schedule.ts';
import { shared } from '../../support/engine-fixtures.ts';

const { schedules } = JSON.parse(readFileSync(join(shared, 'golden-extra/optimizers/schedules.json'), 'utf8')) as {
  readonly schedules: readonly {
    readonly id: string;
    readonly lr: number;
    readonly kw: { readonly num_warmup_steps?: number; readonly num_training_steps?: number };
    readonly lr_at_step: readonly number[];
  }[];
};

test.each([
  ['linear', 'linear'],
  ['linear-no-warmup', 'linear'],
  ['cosine', 'cosine'],
  ['constant', 'constant'],
  ['constant-warmup', 'constant'],
] as const)('%s', (id, schedule) => {
  const golden = schedules.find((one) => one.id === id);
  if (!golden) throw new RangeError(`no schedule ${id}`);
  const length = { warmup: golden.kw.num_warmup_steps ?? 0, total: golden.kw.num_training_steps ?? 50 };
  // Behind the last update Transformers' cosine rises again; ours is never asked there.
  const steps = golden.lr_at_step.slice(0, length.total);
  const far = steps.filter((rate, step) => {
    const own = golden.lr * scheduleFactor(schedule, step, length);
    return Math.abs(own - rate) > 1e-12;
  });
  expect({ count: steps.length, far }).toEqual({ count: 50, far: [] });
});

test.each([
  ['a run of one update without warm-up takes the whole rate', 'linear', 0, { warmup: 0, total: 1 }, 1],
  ['warm-up as long as the run never gets there', 'cosine', 3, { warmup: 4, total: 4 }, 0.75],
  ['the middle of the cosine is half', 'cosine', 5, { warmup: 0, total: 10 }, 0.5],
  ['the last linear update is not zero', 'linear', 9, { warmup: 0, total: 10 }, 0.1],
] as const)('%s', (...[, schedule, step, length, factor]) => {
  expect(scheduleFactor(schedule, step, length)).toBeCloseTo(factor, 12);
});
