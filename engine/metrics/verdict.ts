/** Did training help, or examples in a prompt? From what was measured to one code with its numbers. */
import type { AccuracyFigure, Figure, MetricName, Metrics, PerplexityFigure, ScoreFigure } from '../spec/metrics.ts';
import type { Cause, Verdict } from '../spec/verdict.ts';
import type { Gain } from './paired.ts';

/**
 * @param gain paired difference tuned − untrained on the measured rows: shares right, or mean losses a row in nats;
 *   null where the untrained model was not asked. Of a prompt with examples, the untrained is the same without them.
 */
export function verdict(metrics: Metrics, gain: Gain | null): Verdict {
  const { tuned, baselines, prompted } = metrics;
  const by = prompted ? 'examples' : 'training';
  if (tuned === null) return { code: 'unmeasured', data: { by, steps: metrics.train.steps } };
  const compared = { by, untrained: baselines?.untrained ?? null, gain } as const;
  if (isShare(tuned)) return shareVerdict(tuned, { ...compared, majority: baselines?.majority ?? null });
  if (isScore(tuned)) return scoreVerdict(metrics.metric, tuned, compared);
  return lossVerdict(tuned, compared);
}

interface Compared {
  readonly by: Cause;
  readonly untrained: Figure | null;
  readonly gain: Gain | null;
}

function scoreVerdict(metric: MetricName, { score, n }: ScoreFigure, { by, untrained, gain }: Compared): Verdict {
  if (untrained === null || !isScore(untrained) || gain === null)
    return { code: 'score.alone', data: { by, metric, tuned: score, n } };
  const [low, high] = gain.interval;
  const data = { by, metric, tuned: score, untrained: untrained.score, gain: gain.value, low, high, n };
  // Rows count alike in the gain; the figures weigh them otherwise: where the two disagree, nothing is claimed.
  if (Math.sign(gain.value) !== Math.sign(score - untrained.score)) return { code: 'score.chance', data };
  return { code: low > 0 ? 'score.helped' : high < 0 ? 'score.hurt' : 'score.chance', data };
}

function shareVerdict(
  { accuracy, n, interval }: AccuracyFigure,
  { by, untrained, majority, gain }: Compared & { readonly majority: AccuracyFigure | null },
): Verdict {
  if (majority !== null && accuracy <= majority.accuracy) {
    return { code: 'share.below-majority', data: { tuned: accuracy, majority: majority.accuracy, n } };
  }
  if (untrained === null || !isShare(untrained) || gain === null) {
    if (by === 'training' || majority === null) return { code: 'share.alone', data: { by, tuned: accuracy, n } };
    const beyond = interval[0] > majority.accuracy ? 'share.above-majority' : 'share.near-majority';
    return { code: beyond, data: { tuned: accuracy, majority: majority.accuracy, n } };
  }
  const [low, high] = gain.interval;
  const data = { by, tuned: accuracy, untrained: untrained.accuracy, gain: gain.value, low, high, n };
  return { code: low > 0 ? 'share.helped' : high < 0 ? 'share.hurt' : 'share.chance', data };
}

function lossVerdict(tuned: PerplexityFigure, { by, untrained, gain }: Compared): Verdict {
  const { perplexity, n } = tuned;
  if (untrained === null || isShare(untrained) || isScore(untrained) || gain === null)
    return { code: 'loss.alone', data: { by, tuned: perplexity, n } };
  const [low, high] = gain.interval;
  const data = { by, tuned: perplexity, untrained: untrained.perplexity, gain: gain.value, low, high, n };
  // Rows count alike in the gain and tokens count alike in the figures: where the two disagree, nothing is claimed.
  const agrees = Math.sign(gain.value) === Math.sign(tuned.loss - untrained.loss);
  if (!agrees) return { code: 'loss.chance', data };
  return { code: high < 0 ? 'loss.helped' : low > 0 ? 'loss.hurt' : 'loss.chance', data };
}

function isScore(figure: Figure): figure is ScoreFigure {
  return 'score' in figure;
}

function isShare(figure: Figure): figure is AccuracyFigure {
  return 'accuracy' in figure;
}
