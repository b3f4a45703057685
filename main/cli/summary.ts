/** What a run or a measurement came to, in a few lines. */
import type { Figure, InContextFigures, MetricName, Metrics } from '../../engine/spec/metrics.ts';
import { bytes, count, figure, percent } from '../../engine/spec/wording/format.ts';
import { metricWords, scoreText } from '../../engine/spec/wording/en/metrics.ts';
import { duration } from './format.ts';

export function figureText(metric: MetricName, measured: Figure): string {
  if ('accuracy' in measured) {
    const [low, high] = measured.interval;
    return `${percent(measured.accuracy)} of ${count(measured.n)} rows right (95 % interval ${percent(low)} to ${percent(high)})`;
  }
  if ('score' in measured)
    return `${metricWords[metric]}: ${scoreText(metric, measured.score)} on ${count(measured.n)} rows`;
  return `perplexity ${figure(measured.perplexity)}, loss ${figure(measured.loss)} on ${count(measured.n)} rows`;
}

export function metricsText({ metric, measuredOn, tuned, baselines, train }: Metrics): string {
  const lines = [
    ...(tuned
      ? [`Tuned: ${figureText(metric, tuned)}${measuredOn === 'validation' ? ', measured on the check rows' : ''}`]
      : []),
    ...(baselines?.untrained ? [`Untrained: ${figureText(metric, baselines.untrained)}`] : []),
    ...inContextLines(metric, baselines?.inContext),
    ...(baselines?.majority ? [`Always the most frequent answer: ${percent(baselines.majority.accuracy)}`] : []),
    ...(tuned ? [] : ['No rows were held back, so nothing was measured.']),
    [
      `Trained ${count(train.steps)} steps over ${count(train.rows)} rows in ${duration(train.seconds)}`,
      `peak memory ${bytes(train.peakMemoryBytes)}`,
      train.device,
    ].join(', '),
  ];
  return lines.join('\n');
}

function inContextLines(metric: MetricName, figures: InContextFigures | undefined): readonly string[] {
  const line = (shots: number, measured: Figure | null): readonly string[] =>
    measured ? [`Asked with ${count(shots)} examples: ${figureText(metric, measured)}`] : [];
  return figures ? [...line(0, figures.zeroShot), ...line(figures.shots, figures.fewShot)] : [];
}
