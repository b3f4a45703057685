/** What a run or a measurement came to, in a few lines. */
import type { Figure, InContextFigures, MetricName, Metrics } from '../../engine/spec/metrics.ts';
import { bytes, count, counted, figure, percent } from '../../engine/spec/wording/format.ts';
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

export function metricsText({ metric, measuredOn, tuned, baselines, prompted, train }: Metrics): string {
  const checked = measuredOn === 'validation' ? ', measured on the check rows' : '';
  const lines = [
    ...(tuned ? [`${prompted ? askedWith(prompted.shots) : 'Tuned'}: ${figureText(metric, tuned)}${checked}`] : []),
    ...(baselines?.untrained
      ? [`${prompted ? askedWith(0) : 'Untrained'}: ${figureText(metric, baselines.untrained)}`]
      : []),
    ...inContextLines(metric, { figures: baselines?.inContext, of: tuned?.n ?? 0 }),
    ...(baselines?.majority ? [`Always the most frequent answer: ${percent(baselines.majority.accuracy)}`] : []),
    ...(tuned ? [] : ['No rows were held back, so nothing was measured.']),
    [
      prompted
        ? 'Nothing was trained'
        : `Trained ${count(train.steps)} steps over ${count(train.rows)} rows in ${duration(train.seconds)}`,
      `peak memory ${bytes(train.peakMemoryBytes)}`,
      train.device,
    ].join(', '),
  ];
  return lines.join('\n');
}

function askedWith(shots: number): string {
  return shots === 0 ? 'Asked without examples' : `Asked with ${counted(shots, 'example')}`;
}

/** Of many rows only some are asked in a prompt. */
function inContextLines(
  metric: MetricName,
  { figures, of }: { readonly figures: InContextFigures | undefined; readonly of: number },
): readonly string[] {
  const line = (shots: number, measured: Figure | null): readonly string[] => {
    if (!measured) return [];
    const some = measured.n < of ? `; ${count(measured.n)} of the ${count(of)} rows were asked` : '';
    return [`The model as it came, ${askedWith(shots).toLowerCase()}: ${figureText(metric, measured)}${some}`];
  };
  return figures ? [...line(0, figures.zeroShot), ...line(figures.shots, figures.fewShot)] : [];
}
