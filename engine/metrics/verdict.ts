/** Did training help? From what was measured to one code with its numbers. */
import type { AccuracyFigure, Figure, MetricName, Metrics, PerplexityFigure, ScoreFigure } from '../spec/metrics.ts';
import type { Verdict } from '../spec/verdict.ts';
import type { Gain } from './paired.ts';

/**
 * @param gain paired difference tuned − untrained on the measured rows: shares right, or mean losses a row in nats;
 *   null where the untrained model was not asked
 */
export function verdict(metrics: Metrics, gain: Gain | null): Verdict {
  const { tuned, baselines } = metrics;
  if (tuned === null) return { code: 'unmeasured', data: { steps: metrics.train.steps } };
  const untrained = baselines?.untrained ?? null;
  if (isShare(tuned)) return shareVerdict(tuned, { untrained, majority: baselines?.majority ?? null, gain });
  if (isScore(tuned)) return scoreVerdict(metrics.metric, tuned, { untrained, gain });
  return lossVerdict(tuned, { untrained, gain });
}

function scoreVerdict(
  metric: MetricName,
  { score, n }: ScoreFigure,
  { untrained, gain }: { untrained: Figure | null; gain: Gain | null },
): Verdict {
  if (untrained === null || !isScore(untrained) || gain === null)
    return { code: 'score.alone', data: { metric, tuned: score, n } };
  const [low, high] = gain.interval;
  const data = { metric, tuned: score, untrained: untrained.score, gain: gain.value, low, high, n };
  // Rows count alike in the gain; the figures weigh them otherwise: where the two disagree, nothing is claimed.
  if (Math.sign(gain.value) !== Math.sign(score - untrained.score)) return { code: 'score.chance', data };
  return { code: low > 0 ? 'score.helped' : high < 0 ? 'score.hurt' : 'score.chance', data };
}

function shareVerdict(
  tuned: AccuracyFigure,
  { untrained, majority, gain }: { untrained: Figure | null; majority: AccuracyFigure | null; gain: Gain | null },
): Verdict {
  const { accuracy, n } = tuned;
  if (majority !== null && accuracy <= majority.accuracy) {
    return { code: 'share.below-majority', data: { tuned: accuracy, majority: majority.accuracy, n } };
  }
  if (untrained === null || !isShare(untrained) || gain === null)
    return { code: 'share.alone', data: { tuned: accuracy, n } };
  const [low, high] = gain.interval;
  const data = { tuned: accuracy, untrained: untrained.accuracy, gain: gain.value, low, high, n };
  return { code: low > 0 ? 'share.helped' : high < 0 ? 'share.hurt' : 'share.chance', data };
}

function lossVerdict(
  tuned: PerplexityFigure,
  { untrained, gain }: { untrained: Figure | null; gain: Gain | null },
): Verdict {
  const { perplexity, n } = tuned;
  if (untrained === null || isShare(untrained) || isScore(untrained) || gain === null)
    return { code: 'loss.alone', data: { tuned: perplexity, n } };
  const [low, high] = gain.interval;
  const data = { tuned: perplexity, untrained: untrained.perplexity, gain: gain.value, low, high, n };
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
