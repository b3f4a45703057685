/** What stands around a setting's row: the heading it belongs under, and what its next sensible move would cost. */
import type { Json } from '../../../engine/spec/json.ts';
import type { Estimate } from '../../../engine/spec/metrics.ts';
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

/** The heading a setting stands under; a method's own settings stand under the new weights. */
export function headingOf(group: 'method' | 'training', key: string): string {
  if (group === 'method') return 'The new weights';
  return Object.entries(headings).find(([, keys]) => (keys as readonly string[]).includes(key))?.[0] ?? 'How it learns';
}

export const headingOrder = ['How long it learns', 'How it learns', 'The new weights', 'The rows'] as const;

type Values = Readonly<Record<string, Json>>;

/** The consequence in seconds, rows or steps where it can be reckoned; null where the help must do. */
export function consequenceOf(key: string, values: Values, estimate: Estimate | null): string | null {
  const number = (name: string) => (typeof values[name] === 'number' ? values[name] : null);
  const epochs = number('epochs');
  switch (key) {
    case 'epochs':
      return estimate === null || !epochs ? null : `One more pass: +${duration(estimate.seconds / epochs)}.`;
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
    default:
      return null;
  }
}

/** Step sizes over the run as the schedule has them, 0 to 1, for a small drawing. */
export function scheduleShape(schedule: Json | undefined, warmup: Json | undefined, points = 60): readonly number[] {
  const rise = typeof warmup === 'number' ? warmup : 0;
  return Array.from({ length: points + 1 }, (_, index) => {
    const at = index / points;
    if (at < rise) return at / rise;
    const rest = rise >= 1 ? 0 : (at - rise) / (1 - rise);
    if (schedule === 'cosine') return (1 + Math.cos(Math.PI * rest)) / 2;
    return schedule === 'constant' ? 1 : 1 - rest;
  });
}

export function scheduleWords(schedule: Json | undefined, warmup: Json | undefined): string {
  const isGentle = typeof warmup === 'number' && warmup > 0;
  if (schedule === 'constant')
    return isGentle ? 'It starts gently, then keeps its size.' : 'It keeps its size throughout.';
  return isGentle ? 'It starts gently, moves boldly, then settles.' : 'It starts at full size and settles.';
}
