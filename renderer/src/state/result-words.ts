/** A result in words and lengths: the verdict, the bars with their intervals, the rows it changed. */
import type { AccuracyFigure, Figure, Metrics, PerplexityFigure } from '../../../engine/spec/metrics.ts';
import type { ResultView } from '../../../main/contract/views.ts';
import { commonestMistake } from '../lib/chart-confusion.ts';
import { count, counted, figure, percent, points } from '../lib/format.ts';

export interface IntervalRow {
  readonly label: string;
  readonly value: number;
  readonly interval: readonly [number, number] | null;
  readonly words: string;
  readonly taught: boolean;
}

function isAccuracy(figures: Figure | null | undefined): figures is AccuracyFigure {
  return figures !== null && figures !== undefined && 'accuracy' in figures;
}

function isPerplexity(figures: Figure | null | undefined): figures is PerplexityFigure {
  return figures !== null && figures !== undefined && 'perplexity' in figures;
}

/** Shares right on the same rows, the baselines first; empty for language models. */
export function shareRows(metrics: Metrics): readonly IntervalRow[] {
  const row = (label: string, figures: Figure | null | undefined, taught = false): readonly IntervalRow[] =>
    isAccuracy(figures)
      ? [
          {
            label,
            value: figures.accuracy,
            interval: figures.interval,
            words: percent(figures.accuracy, figures.n),
            taught,
          },
        ]
      : [];
  return [
    ...row('Always the commonest answer', metrics.baselines?.majority),
    ...row('The model as it came', metrics.baselines?.untrained),
    ...row('After training', metrics.tuned, true),
  ];
}

export interface LossRow {
  readonly label: string;
  readonly loss: string;
  readonly perplexity: string;
  readonly value: number;
  readonly taught: boolean;
}

/** Errors a token on the same rows; empty for categories. */
export function lossRows(metrics: Metrics): readonly LossRow[] {
  const row = (label: string, figures: Figure | null | undefined, taught: boolean): readonly LossRow[] =>
    isPerplexity(figures)
      ? [{ label, loss: figures.loss.toFixed(3), perplexity: figure(figures.perplexity), value: figures.loss, taught }]
      : [];
  return [
    ...row('The model as it came', metrics.baselines?.untrained, false),
    ...row('After training', metrics.tuned, true),
  ];
}

/** How many rows were measured. */
export function measuredRows(metrics: Metrics): number {
  return metrics.tuned?.n ?? 0;
}

/** Under the verdict: counts before shares, then the gain with its interval. */
export function resultLead({ metrics, gain, totals }: ResultView): string {
  const { tuned } = metrics;
  if (tuned === null) return 'No rows were held back, so there is nothing to measure it on.';
  const held = metrics.measuredOn === 'validation' ? 'check rows' : 'rows it never saw';
  if (isAccuracy(tuned)) {
    const right = Math.round(tuned.accuracy * tuned.n);
    const changed = metrics.baselines?.untrained
      ? ` It put right ${count(totals.fixed)} that the untrained model got wrong, and broke ${count(totals.broken)}.`
      : '';
    return `${count(right)} of ${count(tuned.n)} ${held}.${changed}${gainWords(gain)}`;
  }
  return `Measured on ${counted(tuned.n, 'answer', 'answers')} it never saw: the lower, the less your answers surprise it.${lossGainWords(gain)}`;
}

function gainWords(gain: ResultView['gain']): string {
  if (gain === null) return '';
  const [low, high] = gain.interval;
  if (low <= 0 && high >= 0)
    return ` The difference is ${points(gain.value)}; with other rows of this kind it would lie between ${points(low)} and ${points(high)}, so the two cannot be told apart.`;
  if (high < 0)
    return ` It lost ${plainPoints(-gain.value)}\u00a0points; with other rows of this kind it would most likely lose between ${plainPoints(-high)} and ${plainPoints(-low)}.`;
  return ` The gain is ${points(gain.value).replace('+', '')}; with other rows of this kind it would most likely be between ${plainPoints(low)} and ${plainPoints(high)}.`;
}

function plainPoints(difference: number): string {
  return points(difference).replace('+', '').replace('\u00a0points', '');
}

function lossGainWords(gain: ResultView['gain']): string {
  if (gain === null) return '';
  const [low, high] = gain.interval;
  const between = (from: number, to: number) => `between ${figure(from)} and ${figure(to)}`;
  if (high < 0)
    return ` The error a token fell by ${figure(-gain.value)}; with other questions of this kind it would most likely be ${between(-high, -low)}.`;
  if (low > 0)
    return ` The error a token rose by ${figure(gain.value)}; with other questions of this kind it would most likely be ${between(low, high)}.`;
  return ` The error a token changed by ${figure(gain.value)}, ${between(low, high)} with other questions of this kind, so the two cannot be told apart.`;
}

/** The serif sentence under the matrix; empty where it makes no mistake. */
export function confusionWords(confusion: NonNullable<ResultView['confusion']>): string {
  const mistake = commonestMistake(confusion.labels, confusion.counts);
  if (mistake === null) return 'It confuses nothing on these rows.';
  const back = mistake.back > 0 ? `, and ${count(mistake.back)} the other way` : '';
  return `Its commonest mistake: ${counted(mistake.count, `${mistake.expected} row`, `${mistake.expected} rows`)} taken for ${mistake.predicted}${back}.`;
}

export type RowKind = 'broken' | 'fixed' | 'wrong';

export function rowTabs({ totals }: ResultView): readonly { readonly value: RowKind; readonly label: string }[] {
  return [
    { value: 'broken', label: `Broken ${count(totals.broken)}` },
    { value: 'fixed', label: `Fixed ${count(totals.fixed)}` },
    { value: 'wrong', label: `Wrong now ${count(totals.wrong)}` },
  ];
}

/** Test rows to ask again, from what changed most: fixed first, then broken, then wrong, without repeats. */
export function examplePrompts(result: ResultView, most = 4): readonly string[] {
  const texts = [...result.fixed, ...result.broken, ...result.wrong].map((row) => row.text);
  return [...new Set(texts)].slice(0, most);
}

/** What stands where an untrained model has no categories to answer with: how it was compared, and what it took this row for. */
export function untrainedWords(result: ResultView | null, prompt: string): string {
  const untrained = result?.metrics.baselines?.untrained;
  const measured = isAccuracy(untrained)
    ? ` By the nearest class centre of what it sees, it sorted ${percent(untrained.accuracy, untrained.n)} of the held-out rows right.`
    : '';
  const row = [...(result?.fixed ?? []), ...(result?.broken ?? []), ...(result?.wrong ?? [])].find(
    ({ text }) => text === prompt,
  );
  const said = row === undefined || row.untrained === '' ? '' : ` This row it took for ${row.untrained}.`;
  return `As it came, it has no categories to answer with.${measured}${said}`;
}
