/** Learning-rate schedules as Transformers has them (transformers/optimization.py). */

export const scheduleNames = [
  'linear',
  'cosine',
  'constant',
  'cosine-with-restarts',
  'cosine-with-min-lr',
  'polynomial',
  'inverse-sqrt',
  'warmup-stable-decay',
] as const;
export type ScheduleName = (typeof scheduleNames)[number];

/** What a schedule may be told; each has its own default. Rates are shares of the learning rate, times are updates. */
export interface ScheduleOptions {
  /** Waves: of the cosine ½, which ends at its foot; of the one with restarts 3. */
  readonly cycles?: number;
  /** Where the cosine with a floor (0.1) and the decay at the end (0) stop, and the latter's warm-up begins. */
  readonly minRate?: number;
  /** Of the polynomial: 2. */
  readonly power?: number;
  /** Where the polynomial ends: 0. */
  readonly endRate?: number;
  /** Of the inverse root: the warm-up, 10,000 without one. */
  readonly timescale?: number;
  /** How long the stable rate falls at the end: a fifth of the run. */
  readonly decay?: number;
}

export interface ScheduleRun extends ScheduleOptions {
  readonly warmup: number;
  readonly total: number;
}

/** Factor of the learning rate at update `step`, counted from 0. */
export function scheduleFactor(schedule: ScheduleName, step: number, run: ScheduleRun): number {
  const { warmup, total } = run;
  if (step < warmup) {
    const foot = schedule === 'warmup-stable-decay' ? (run.minRate ?? 0) : 0;
    return foot + (1 - foot) * (step / Math.max(1, warmup));
  }
  const at = { step, progress: (step - warmup) / Math.max(1, total - warmup) };
  return factors[schedule](at, run);
}

interface Place {
  readonly step: number;
  /** Share of the updates behind the warm-up that are done. */
  readonly progress: number;
}

/** What follows the warm-up. */
const factors: Readonly<Record<ScheduleName, (at: Place, run: ScheduleRun) => number>> = {
  constant: () => 1,
  linear: ({ step }, { warmup, total }) => Math.max(0, total - step) / Math.max(1, total - warmup),
  cosine: ({ progress }, { cycles = 0.5 }) => wave(2 * cycles * progress),
  'cosine-with-restarts': ({ progress }, { cycles = 3 }) => (progress >= 1 ? 0 : wave((cycles * progress) % 1)),
  'cosine-with-min-lr': ({ progress }, { cycles = 0.5, minRate = 0.1 }) =>
    minRate + (1 - minRate) * wave(2 * cycles * progress),
  polynomial: ({ progress }, { power = 2, endRate = 0 }) =>
    endRate + (1 - endRate) * Math.max(0, 1 - progress) ** power,
  'inverse-sqrt': ({ step }, { warmup, timescale = warmup === 0 ? 10_000 : warmup }) =>
    1 / Math.sqrt((step + timescale - warmup) / timescale),
  'warmup-stable-decay': ({ step }, { total, decay = Math.ceil(total / 5), minRate = 0 }) => {
    const fallen = Math.min(1, Math.max(0, (step - (total - decay)) / Math.max(1, decay)));
    return minRate + (1 - minRate) * wave(fallen);
  },
};

/** Half a cosine wave from 1 (at 0) to 0 (at 1) and up again. */
function wave(place: number): number {
  return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * place)));
}
