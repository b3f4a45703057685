/** Learning-rate schedules as Transformers has them (transformers/optimization.py). */
import type { TrainingConfig } from '../spec/training.ts';

/** Factor of the learning rate at update `step`, counted from 0, of `total` updates. */
export function scheduleFactor(
  schedule: TrainingConfig['schedule'],
  step: number,
  length: { warmup: number; total: number },
): number {
  const { warmup, total } = length;
  if (step < warmup) return step / Math.max(1, warmup);
  const progress = (step - warmup) / Math.max(1, total - warmup);
  switch (schedule) {
    case 'constant':
      return 1;
    case 'linear':
      return Math.max(0, 1 - progress);
    case 'cosine':
      return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
  }
}
