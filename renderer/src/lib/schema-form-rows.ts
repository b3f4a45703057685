/** What stands around a setting's row: the heading it belongs under, and what its next sensible move would cost. */
import type { Json } from '../../../engine/spec/json.ts';
import type { Estimate } from '../../../engine/spec/metrics.ts';
import { scheduleFactor, scheduleNames, type ScheduleName } from '../../../engine/spec/schedule.ts';
import { count, counted, duration, figure } from './format.ts';

const headings = {
  'How long it learns': [
    'epochs',
    'maxSteps',
    'batchSize',
    'gradientAccumulation',
    'earlyStopping',
    'evaluationsPerEpoch',
    'checkpointSeconds',
  ],
  'How it learns': ['learningRate', 'schedule', 'warmup', 'weightDecay', 'maxGradNorm', 'optimizer', 'seed'],
  'The rows': ['maxLength'],
} as const;

/** The heading a setting stands under; a method's own settings stand under the new weights, or the prompt where none are. */
export function headingOf(group: 'method' | 'training', key: string, learns: boolean): string {
  if (group === 'method') return learns ? 'The new weights' : 'The prompt';
  return Object.entries(headings).find(([, keys]) => (keys as readonly string[]).includes(key))?.[0] ?? 'How it learns';
}

export const headingOrder = [
  'How long it learns',
  'How it learns',
  'The new weights',
  'The prompt',
  'The rows',
] as const;

type Values = Readonly<Record<string, Json>>;

/** The consequence in seconds, rows or steps where it can be reckoned; null where the help must do. */
export function consequenceOf(key: string, values: Values, estimate: Estimate | null): string | null {
  const number = (name: string) => (typeof values[name] === 'number' ? values[name] : null);
  const epochs = number('epochs');
  switch (key) {
    case 'epochs':
      return estimate === null || !epochs ? null : `One more pass: ${moreTime(estimate.seconds / epochs)}.`;
    case 'warmup': {
      const steps = Math.round((estimate?.steps ?? 0) * (number('warmup') ?? 0));
      return steps === 0
        ? null
        : `The first ${count(steps)} of ${counted(estimate?.steps ?? 0, 'step grows', 'steps grow')} to full size.`;
    }
    case 'alpha': {
      const [alpha, r] = [number('alpha'), number('r')];
      return alpha === null || !r ? null : `Multiplies the correction by alpha ÷ rank = ${figure(alpha / r)}.`;
    }
    case 'gradientAccumulation': {
      const rows = (number('batchSize') ?? 0) * (number('gradientAccumulation') ?? 0);
      return rows === 0 ? null : `${counted(rows, 'row moves', 'rows move')} the weights once.`;
    }
    case 'evaluationsPerEpoch': {
      const checks = Math.floor((epochs ?? 0) * (number('evaluationsPerEpoch') ?? 0));
      return checks === 0 ? null : `About ${counted(checks, 'check', 'checks')} in all.`;
    }
    case 'maxLength':
      return estimate?.prompt === undefined
        ? null
        : 'A longer prompt loses its beginning, the first examples. Room that is not needed costs nothing.';
    default:
      return null;
  }
}

function moreTime(seconds: number): string {
  return seconds < 1 ? `${duration(seconds)} more` : `+${duration(seconds)}`;
}

/** Step sizes over a run of `steps` as the schedule has them, 0 to 1, for a small drawing. */
export function scheduleShape(
  schedule: Json | undefined,
  warmup: Json | undefined,
  { steps, points = 60 }: { steps: number; points?: number },
): readonly number[] {
  const name = scheduleNames.find((known) => known === schedule) ?? 'linear';
  const rise = typeof warmup === 'number' ? warmup : 0;
  return Array.from({ length: points + 1 }, (_, index) =>
    scheduleFactor(name, (index / points) * steps, { warmup: rise * steps, total: steps }),
  );
}

const courses: Readonly<Record<ScheduleName, string>> = {
  linear: 'settles',
  cosine: 'settles',
  constant: 'keeps its size',
  'cosine-with-restarts': 'settles, and twice begins anew',
  'cosine-with-min-lr': 'settles at a tenth',
  polynomial: 'settles early',
  'inverse-sqrt': 'falls ever more slowly',
  'warmup-stable-decay': 'keeps its size until the last fifth',
};

export function scheduleWords(schedule: Json | undefined, warmup: Json | undefined): string {
  const course = courses[scheduleNames.find((known) => known === schedule) ?? 'linear'];
  return typeof warmup === 'number' && warmup > 0
    ? `It starts gently, moves boldly, then ${course}.`
    : `It starts at full size, then ${course}.`;
}
