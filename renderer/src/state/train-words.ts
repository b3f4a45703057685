/** A run in training, in words: one sentence made by a rule over its numbers, and the few figures beside it. */
import { learns, type MethodName } from '../../../engine/spec/methods/index.ts';
import type { ComputerView, RunSeries, RunView } from '../../../main/contract/views.ts';
import {
  bytes,
  capital,
  clock,
  count,
  counted,
  countedInWords,
  duration,
  figure,
  inWords,
  percent,
  scientific,
} from '../lib/format.ts';
import { dipOf, directionOf, hasGrown, jumpOf, keptCheck, trendOf, type Sample, type Trend } from '../lib/series.ts';
import { figureWords } from './ticket.ts';
import { methodLabels } from './words.ts';
import { phaseWords } from './strip.ts';

export interface TrainWords {
  readonly title: string;
  readonly lead: string;
}

export function trainWords(run: RunView, series: RunSeries, guessing: number | null): TrainWords {
  const kept = keptWords(run, series);
  switch (run.state) {
    case 'queued':
      return {
        title: `${methodLabels[run.method]} waits for its turn.`,
        lead: 'It begins as soon as the run before it is done.',
      };
    case 'starting':
    case 'running':
      return runningWords(run, series, guessing);
    case 'paused':
      return { title: `Paused at ${stepWords(run)}.`, lead: `${kept} It goes on from here, on the same curve.` };
    case 'finished':
      if (!learns(run.method))
        return {
          title: `Every held-out row was asked: ${figureWords(run)}.`,
          lead: 'Nothing was trained. The prompt is kept, with its template and its examples.',
        };
      return {
        title: `Trained: ${counted(run.step, 'step', 'steps')}${tookWords(run)}. ${kept}`,
        lead: endTrend(series, guessing),
      };
    case 'stopped':
      return {
        title: `Stopped at ${stepWords(run)}. ${kept}`,
        lead: 'You can ask it, measure it and export it like any other.',
      };
    case 'cancelled':
      return {
        title: `Cancelled at ${stepWords(run)}.`,
        lead: 'The last safe point lies in the run’s folder; it was not measured and is not offered for use.',
      };
    case 'failed':
      return {
        title: `Training broke off at ${stepWords(run)}.`,
        lead: 'Nothing else was touched; the data and the settings are as they were.',
      };
    case 'interrupted':
      return {
        title: `The run was interrupted at ${stepWords(run)}.`,
        lead: 'Its curve and its last safe point are kept. It can go on from there and ends as if nothing had happened.',
      };
  }
}

function stepWords(run: RunView): string {
  return run.steps > 0 ? `step ${count(run.step)} of ${count(run.steps)}` : 'the start';
}

function keptWords(run: RunView, series: RunSeries): string {
  const step = run.keptStep ?? keptCheck(series.evaluations)?.step ?? null;
  return step === null ? 'No version is kept yet.' : `The version of step ${count(step)} is kept.`;
}

function tookWords(run: RunView): string {
  return run.metrics === null ? '' : ` in ${duration(run.metrics.train.seconds)}`;
}

function runningWords(run: RunView, series: RunSeries, guessing: number | null): TrainWords {
  if (!learns(run.method))
    return {
      title: `Asking it in your prompt: ${phaseWords(run.phase)}.`,
      lead: 'Nothing is trained. Where the prompt has examples, the same rows are asked without them first, so that there is something to compare with.',
    };
  if (run.step === 0)
    return {
      title: `Before the first step: ${phaseWords(run.phase)}.`,
      lead: 'The untrained model answers the same rows first, so that there is something to compare with.',
    };
  if (run.phase === 'testing' || run.phase === 'saving')
    return { title: `The steps are done. Now ${phaseWords(run.phase)}.`, lead: keptWords(run, series) };
  return trendWords(trendOf(series.evaluations, guessing), run, series);
}

function endTrend(series: RunSeries, guessing: number | null): string {
  const trend = trendOf(series.evaluations, guessing);
  if (trend.kind === 'memorising')
    return `It began memorising after step ${count(trend.kept)}; later versions were worse on rows it must not learn from.`;
  if (trend.kind === 'improving') return 'It was still improving at the end: more passes might help.';
  if (trend.kind === 'not-learning') return `${notLearningTitle(trend)} ${notLearningCause(trend)}`;
  return '';
}

function trendWords(trend: Trend, run: RunView, series: RunSeries): TrainWords {
  switch (trend.kind) {
    case 'waiting': {
      const next = series.stepsPerEpoch > 0 ? ` The first pass ends at step ${count(series.stepsPerEpoch)}.` : '';
      return {
        title: `Learning from your rows: ${stepWords(run)}.`,
        lead: `No check yet.${next} Checks are made on rows it must not learn from.`,
      };
    }
    case 'first-check':
      return {
        title: `The first check: an error of ${figure(trend.loss)} at step ${count(trend.step)}.`,
        lead: 'From the next check on it shows whether the error falls. I kept this version.',
      };
    case 'improving': {
      const checks =
        trend.checks === 1
          ? 'the last check was better than the one before'
          : `each of the last ${inWords(trend.checks)} checks was better`;
      return {
        title: trend.checks === 0 ? `The best check so far is the last one.` : `Still learning: ${checks}.`,
        lead: `${keptWords(run, series)} The error on rows it must not learn from is still falling.`,
      };
    }
    case 'paused-improving':
      return {
        title: `The last check was no better than step ${count(trend.kept)}.`,
        lead: 'I keep that version for now. One check alone says little.',
      };
    case 'level':
      return {
        title: `No better since step ${count(trend.kept)}. I kept that version.`,
        lead: `The error on rows it must not learn from has stayed about the same at ${countedInWords(trend.since, 'check', 'checks')} since.`,
      };
    case 'memorising':
      return {
        title: `It began memorising at step ${count(trend.kept)}. I kept that version.`,
        lead: `The error on rows it must not learn from was lowest at step ${count(trend.kept)} and has risen at ${trend.since === 2 ? 'both checks' : `all ${inWords(trend.since)} checks`} since.`,
      };
    case 'not-learning':
      return {
        title: notLearningTitle(trend),
        lead: `At step ${count(trend.step)} the error is ${figure(trend.loss)}. ${notLearningCause(trend)}`,
      };
  }
}

type NotLearning = Extract<Trend, { kind: 'not-learning' }>;

const isAdrift = ({ loss, guessing }: NotLearning): boolean => loss > 1.2 * guessing;

function notLearningTitle(trend: NotLearning): string {
  return isAdrift(trend)
    ? 'It is not learning. The error is worse than guessing.'
    : 'It is not learning. The error is where guessing would be.';
}

function notLearningCause(trend: NotLearning): string {
  const guess = `Guessing evenly gives ${figure(trend.guessing)}.`;
  return `${guess} Most often the step size is ${isAdrift(trend) ? 'too large' : 'too small'}.`;
}

export interface SmallMultiple {
  readonly key: string;
  readonly label: string;
  readonly values: readonly number[];
  readonly now: string;
  readonly sentence: string;
  /** Writes one value, for the table. */
  readonly write: (value: number) => string;
}

export function smallMultiples(series: RunSeries, computer: ComputerView | null): readonly SmallMultiple[] {
  const { steps } = series;
  const of = (pick: (point: RunSeries['steps'][number]) => number) => steps.map(pick);
  const stepAt = (index: number) => count(steps[index]?.step ?? 0);
  const rates = of((point) => point.learningRate);
  const norms = of((point) => point.gradNorm);
  const speeds = of((point) => point.rowsPerSecond);
  const memory = of((point) => point.memoryBytes);
  const [jump, dip] = [jumpOf(norms), dipOf(speeds)];
  const rateWords = {
    rising: 'Rising, as planned.',
    falling: 'Settling, as planned.',
    level: 'Steady, as planned.',
    unknown: '',
  };
  const rate = (value: number) => (value === 0 ? '0' : scientific(value));
  const speed = (value: number) => `${figure(value)}\u00a0rows/s`;
  return [
    {
      key: 'rate',
      label: 'Step size',
      values: rates,
      write: rate,
      ...now(rates, rate),
      sentence: rateWords[directionOf(rates)],
    },
    {
      key: 'norm',
      label: 'Size of corrections',
      values: norms,
      write: figure,
      ...now(norms, figure),
      sentence: norms.length < 3 ? '' : jump === null ? 'Calm: no jumps.' : `Jumped at step ${stepAt(jump)}.`,
    },
    {
      key: 'speed',
      label: 'Speed',
      values: speeds,
      write: speed,
      ...now(speeds, speed),
      sentence: speeds.length < 30 ? '' : dip === null ? 'Steady.' : `Dipped at step ${stepAt(dip)}.`,
    },
    {
      key: 'memory',
      label: 'Memory',
      values: memory,
      write: (value) => bytes(value),
      ...now(memory, (value) => bytes(value)),
      sentence: memoryWords(memory, computer),
    },
  ];
}

function now(values: readonly number[], write: (value: number) => string): { readonly now: string } {
  const last = values.at(-1);
  return { now: last === undefined ? '' : write(last) };
}

function memoryWords(memory: readonly number[], computer: ComputerView | null): string {
  if (memory.length < 3) return '';
  const trend = hasGrown(memory) ? 'Rising' : 'Steady';
  return computer === null ? `${trend}.` : `${trend}, ${bytes(computer.freeMemoryBytes)} free beside it.`;
}

/** The ledger beside the chart. */
export function trainFacts(
  run: RunView,
  series: RunSeries,
  at: Date,
): readonly { readonly term: string; readonly strong: string; readonly note: string }[] {
  const last = series.evaluations.at(-1);
  const kept = keptCheck(series.evaluations);
  const facts: { term: string; strong: string; note: string }[] = [];
  const accuracy = kept?.metrics['accuracy'];
  const latest = last?.metrics['accuracy'];
  if (kept && accuracy !== undefined) {
    const changed = last && last.step !== kept.step && latest !== undefined;
    facts.push({
      term: 'Check rows right',
      strong: percent(accuracy),
      note: `at step ${count(kept.step)}${changed ? `, ${percent(latest)} now` : ''}`,
    });
  }
  const perplexity = kept?.metrics['perplexity'];
  if (kept && accuracy === undefined && perplexity !== undefined)
    facts.push({
      term: 'Perplexity',
      strong: figure(perplexity),
      note: `on the check rows at step ${count(kept.step)}`,
    });
  if (run.secondsLeft !== null && run.state === 'running') {
    facts.push({
      term: 'Finish',
      strong: clock(new Date(at.getTime() + run.secondsLeft * 1000)),
      note: `${duration(run.secondsLeft)} left`,
    });
  }
  if (run.steps > 0) facts.push({ term: 'Steps', strong: count(run.step), note: `of ${count(run.steps)}` });
  if (run.memoryBytes > 0)
    facts.push({
      term: 'Memory',
      strong: bytes(run.memoryBytes),
      note: run.state === 'running' ? 'the whole engine, now' : 'the whole engine, at its last step',
    });
  if (series.truncatedRows > 0)
    facts.push({
      term: 'Cut off',
      strong: counted(series.truncatedRows, 'row', 'rows'),
      note: cutWords(run.method, series.truncatedRows === 1),
    });
  return facts;
}

function cutWords(method: MethodName, isOne: boolean): string {
  if (learns(method)) return isOne ? 'loses its end at the longest text' : 'lose their end at the longest text';
  return isOne ? 'loses the beginning of its prompt' : 'lose the beginning of their prompt';
}

/** What stands under a sample: what it says, how sure, and whether that is right. */
export function sampleWords(sample: Sample): { readonly right: boolean; readonly words: string } {
  const right = sample.prediction === sample.expected;
  const sure = sample.confidence === null ? '' : `, ${percent(sample.confidence, 100)} sure`;
  return { right, words: `${right ? '' : 'says '}${sample.prediction || 'nothing'}${sure}` };
}

/** What is lost by cancelling, for the dialog. */
export function cancelLoss(run: RunView): string {
  if (!learns(run.method)) return 'What was asked so far would not be measured or offered for use.';
  const minutes = (Date.now() - new Date(run.startedAt).getTime()) / 1000;
  return `${capital(countedInWords(run.step, 'step', 'steps'))} of ${count(run.steps)}, ${duration(minutes)} of work, would not be measured or offered for use. The last safe point stays in the run’s folder.`;
}
