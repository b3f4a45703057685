/** Did training help, or examples in a prompt? The codes of the answer and the numbers each one carries; worded by `engine/spec/wording`. */

import type { MetricName } from './metrics.ts';

/** What a run changed: the model by training, or the prompt by examples. */
export type Cause = 'training' | 'examples';

interface Shares {
  readonly by: Cause;
  readonly tuned: number;
  readonly untrained: number;
  /** tuned − untrained, as a share. */
  readonly gain: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

interface Perplexities {
  readonly by: Cause;
  /** Perplexities. */
  readonly tuned: number;
  readonly untrained: number;
  /** Mean loss a row, tuned − untrained, in nats; below 0 is better. */
  readonly gain: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

/** Scores where 1 is perfect; the gain and its interval are means of rows. */
interface Scores extends Shares {
  readonly metric: MetricName;
}

export interface VerdictData {
  'score.helped': Scores;
  'score.hurt': Scores;
  'score.chance': Scores;
  'score.alone': { readonly by: Cause; readonly metric: MetricName; readonly tuned: number; readonly n: number };
  'share.helped': Shares;
  'share.hurt': Shares;
  /** The interval of the gain holds 0. */
  'share.chance': Shares;
  /** Not better than always answering the most frequent category. */
  'share.below-majority': { readonly tuned: number; readonly majority: number; readonly n: number };
  /** Asked without training or examples: better than that, its interval beyond it or not. */
  'share.above-majority': { readonly tuned: number; readonly majority: number; readonly n: number };
  'share.near-majority': { readonly tuned: number; readonly majority: number; readonly n: number };
  'share.alone': { readonly by: Cause; readonly tuned: number; readonly n: number };
  'loss.helped': Perplexities;
  'loss.hurt': Perplexities;
  'loss.chance': Perplexities;
  'loss.alone': { readonly by: Cause; readonly tuned: number; readonly n: number };
  /** No test rows and no check rows. */
  unmeasured: { readonly by: Cause; readonly steps: number };
}
export type VerdictCode = keyof VerdictData;

export type Verdict = { readonly [C in VerdictCode]: { readonly code: C; readonly data: VerdictData[C] } }[VerdictCode];
