/** A result in words and lengths: the verdict, the bars with their intervals, the rows it changed. */
import type {
  AccuracyFigure,
  Figure,
  MetricName,
  PerplexityFigure,
  ScoreFigure,
} from '../../../engine/spec/metrics.ts';
import { writesText, type TaskName } from '../../../engine/spec/tasks.ts';
import { measureText, measureWords, metricWords, scoreText } from '../../../engine/spec/wording/en/metrics.ts';
import type { MeasuredView, ResultRow, ResultView } from '../../../main/contract/views.ts';
import { commonestMistake } from '../lib/chart-confusion.ts';
import { capital, count, counted, figure, percent, points } from '../lib/format.ts';
import { ticks } from '../lib/scale.ts';

type Figures = MeasuredView['metrics'];

export interface IntervalRow {
  readonly label: string;
  readonly value: number;
  readonly interval: readonly [number, number] | null;
  readonly words: string;
  readonly taught: boolean;
}

/** What is compared, in words: the model before and after its training, or a prompt without and with its examples. */
export interface SideWords {
  readonly before: string;
  readonly after: string;
  /** Nothing was learned. */
  readonly asked: boolean;
}

export function sideWords({ prompted }: Pick<Figures, 'prompted'>): SideWords {
  if (!prompted) return { before: 'The model as it came', after: 'After training', asked: false };
  const before = 'Asked without examples';
  const after = prompted.shots === 0 ? before : `Asked with ${counted(prompted.shots, 'example', 'examples')}`;
  return { before, after, asked: true };
}

function isAccuracy(figures: Figure | null | undefined): figures is AccuracyFigure {
  return figures !== null && figures !== undefined && 'accuracy' in figures;
}

function isPerplexity(figures: Figure | null | undefined): figures is PerplexityFigure {
  return figures !== null && figures !== undefined && 'perplexity' in figures;
}

/** Shares right on the same rows, the baselines first; empty for language models. */
export function shareRows(metrics: Figures): readonly IntervalRow[] {
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
  const inContext = metrics.baselines?.inContext;
  const { before, after } = sideWords(metrics);
  const measured = measuredRows(metrics);
  // Of many rows only some are asked in a prompt.
  const asked = (label: string, figures: AccuracyFigure | null | undefined) =>
    row(isAccuracy(figures) && figures.n < measured ? `${label}, ${count(figures.n)} of them` : label, figures);
  return [
    ...row('Always the commonest answer', metrics.baselines?.majority),
    ...row(before, metrics.baselines?.untrained),
    ...asked('Asked in a prompt', inContext?.zeroShot),
    ...asked(`With ${counted(inContext?.shots ?? 0, 'example', 'examples')} in it`, inContext?.fewShot),
    ...row(after, metrics.tuned, true),
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
export function lossRows(metrics: Figures): readonly LossRow[] {
  const row = (label: string, figures: Figure | null | undefined, taught: boolean): readonly LossRow[] =>
    isPerplexity(figures)
      ? [{ label, loss: figures.loss.toFixed(3), perplexity: figure(figures.perplexity), value: figures.loss, taught }]
      : [];
  const { before, after } = sideWords(metrics);
  return [...row(before, metrics.baselines?.untrained, false), ...row(after, metrics.tuned, true)];
}

function isScore(figures: Figure | null | undefined): figures is ScoreFigure {
  return figures !== null && figures !== undefined && 'score' in figures;
}

export interface ScoreRow {
  readonly label: string;
  readonly value: number;
  readonly words: string;
  readonly taught: boolean;
}

/** Scores on the same rows; empty for other figures. */
export function scoreRows(metrics: Figures): readonly ScoreRow[] {
  const { metric, baselines, tuned } = metrics;
  const row = (label: string, figures: Figure | null | undefined, taught: boolean): readonly ScoreRow[] =>
    isScore(figures)
      ? [{ label, value: Math.max(0, figures.score), words: scoreText(metric, figures.score), taught }]
      : [];
  const { before, after } = sideWords(metrics);
  return [...row(before, baselines?.untrained, false), ...row(after, tuned, true)];
}

/** "Spans found (entity F1)". */
export function metricTitle({ metric }: Figures): string {
  return capital(metricWords[metric]);
}

/** The other measures of the same answers, before where it was measured and after. */
export function measureRows({
  tuned,
  baselines,
}: Figures): readonly { readonly label: string; readonly before: string; readonly after: string }[] {
  const valuesOf = (figures: Figure | null | undefined) =>
    figures && 'values' in figures ? (figures.values ?? {}) : {};
  const before = valuesOf(baselines?.untrained);
  return Object.entries(valuesOf(tuned)).map(([name, value]) => ({
    label: measureWords(name),
    before: before[name] === undefined ? '–' : measureText(name, before[name]),
    after: measureText(name, value),
  }));
}

/** True and predicted numbers as points on one round scale. */
export function numberPoints(numbers: NonNullable<ResultView['numbers']>): {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly range: readonly [number, number];
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
} {
  const values = numbers.flatMap(({ expected, predicted }) => [expected, predicted]);
  const low = Math.min(...values);
  const steps = ticks(Math.max(Number.MIN_VALUE, Math.max(...values) - low));
  const unit = steps[1] ?? 1;
  const start = Math.floor(low / unit) * unit;
  const places = [...steps, (steps.at(-1) ?? 0) + unit].map((step) => Number((start + step).toPrecision(12)));
  return {
    points: numbers.map(({ expected, predicted }) => ({ x: expected, y: predicted })),
    range: [places[0] ?? 0, places.at(-1) ?? 1],
    ticks: places.map((at) => ({ at, label: figure(at) })),
  };
}

/** From the untrained share to the tuned one, as the gain of the same rows; null where there is none. */
export function gainBand({ metrics, gain }: MeasuredView): {
  readonly from: number;
  readonly to: number;
  readonly words: string;
} | null {
  const { tuned, baselines } = metrics;
  return gain !== null && isAccuracy(tuned) && isAccuracy(baselines?.untrained)
    ? { from: baselines.untrained.accuracy, to: tuned.accuracy, words: points(gain.value) }
    : null;
}

/** "86.5 % of the 200 rows of test.csv are right." */
export function evaluationTitle({ metrics }: MeasuredView, file: string): string {
  const { metric, tuned } = metrics;
  const rows = `the ${counted(measuredRows(metrics), 'row', 'rows')} of ${file}`;
  if (isAccuracy(tuned)) return `${percent(tuned.accuracy, tuned.n)} of ${rows} are right.`;
  if (isPerplexity(tuned)) return `Perplexity ${figure(tuned.perplexity)} on ${rows}.`;
  return isScore(tuned)
    ? `${metricTitle(metrics)} ${scoreText(metric, tuned.score)} on ${rows}.`
    : `Nothing to measure in ${file}.`;
}

/** How many rows were measured. */
export function measuredRows(metrics: Figures): number {
  return metrics.tuned?.n ?? 0;
}

/** Whether the verdict is a yes. */
export function speaksForIt({ verdict }: ResultView): boolean {
  return verdict.code.endsWith('.helped') || verdict.code === 'share.above-majority';
}

/** Under the verdict: counts before shares, then the gain with its interval. */
export function resultLead({ metrics, gain, totals }: ResultView): string {
  const { tuned } = metrics;
  if (tuned === null) return 'No rows were held back, so there is nothing to measure it on.';
  const held = metrics.measuredOn === 'validation' ? 'check rows' : 'rows it never saw';
  const { asked } = sideWords(metrics);
  if (isAccuracy(tuned)) {
    const right = Math.round(tuned.accuracy * tuned.n);
    const changed = metrics.baselines?.untrained
      ? asked
        ? ` The examples put right ${count(totals.fixed)} that were wrong without them, and broke ${count(totals.broken)}.`
        : ` It put right ${count(totals.fixed)} that the untrained model got wrong, and broke ${count(totals.broken)}.`
      : '';
    return `${count(right)} of ${count(tuned.n)} ${held}.${changed}${gainWords(gain)}`;
  }
  if (isScore(tuned)) {
    const changed =
      totals.fixed + totals.broken > 0
        ? ` It came closer on ${counted(totals.fixed, 'row', 'rows')} than ${asked ? 'without examples' : 'untrained'}, and fell behind on ${count(totals.broken)}.`
        : '';
    return `Measured on ${counted(tuned.n, held === 'check rows' ? 'check row' : 'row it never saw', held)}.${changed}${scoreGainWords(metrics.metric, gain)}`;
  }
  return `Measured on ${counted(tuned.n, 'answer', 'answers')} it never saw: the lower, the less your answers surprise it.${lossGainWords(gain)}`;
}

/** The mean of rows, which need not be the difference of the two scores. */
function scoreGainWords(metric: MetricName, gain: ResultView['gain']): string {
  if (gain === null) return '';
  const [low, high] = gain.interval;
  const write = (value: number) => (metric === 'pearson' ? figure(value) : points(value));
  const between = `between ${write(low)} and ${write(high)}`;
  return low <= 0 && high >= 0
    ? ` Row by row the difference is ${write(gain.value)}, ${between} with other rows of this kind, so the two cannot be told apart.`
    : ` Row by row the difference is ${write(gain.value)}; with other rows of this kind it would most likely be ${between}.`;
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

export function rowTabs({ totals }: MeasuredView): readonly { readonly value: RowKind; readonly label: string }[] {
  return [
    { value: 'broken', label: `Broken ${count(totals.broken)}` },
    { value: 'fixed', label: `Fixed ${count(totals.fixed)}` },
    { value: 'wrong', label: `Wrong now ${count(totals.wrong)}` },
  ];
}

/** A row whose answer has parts to be marked. */
export function isMarked({ detail }: ResultRow): boolean {
  return detail !== null && detail.kind !== 'text' && detail.kind !== 'number';
}

/** The answers are texts, of which none is right or wrong as such. */
export function writesAnswers({ metrics }: MeasuredView): boolean {
  return writesText(metrics.task);
}

const headsOf = {
  'text-classification': { input: 'Row', expected: 'Yours' },
  'token-classification': { input: 'Text', expected: 'Yours' },
  'question-answering': { input: 'Question', expected: 'Yours' },
  'multiple-choice': { input: 'Question', expected: 'Yours' },
  'text-generation': { input: 'Beginning', expected: 'How it went on' },
  chat: { input: 'Question', expected: 'Your answer' },
  translation: { input: 'Text', expected: 'Your translation' },
  summarization: { input: 'Text', expected: 'Your summary' },
} satisfies Record<TaskName, { readonly input: string; readonly expected: string }>;

/** Headings over the rows. */
export function rowWords(view: MeasuredView): {
  readonly title: string;
  readonly small: string;
  readonly heads: { readonly input: string; readonly expected: string };
} {
  const heads = headsOf[view.metrics.task];
  if (!writesAnswers(view) && view.gain === null)
    return { title: 'Rows it gets wrong', small: 'of those it never saw', heads };
  if (!writesAnswers(view))
    return sideWords(view.metrics).asked
      ? { title: 'Rows the examples changed', small: 'against the same prompt without them', heads }
      : { title: 'Rows it changed', small: 'against the model as it came', heads };
  return view.metrics.task === 'chat'
    ? { title: 'What it answers', small: 'to questions it never saw', heads }
    : { title: 'What it writes', small: 'beside yours, for rows it never saw', heads };
}

/** "Before: PLACE Panama." under a row; empty where the untrained model was not asked. */
export function beforeWords({ untrained }: ResultRow, { asked }: SideWords): string {
  return untrained === '' ? '' : `${asked ? 'Without examples' : 'Untrained'}, it said: ${untrained}`;
}

/** A question of one's own or a test row's, as it is asked again. */
export interface Asked {
  readonly prompt: string;
  readonly pair?: string;
  readonly context?: string;
  readonly choices?: readonly string[];
}

function askedOf({ text, pair, detail }: ResultRow): Asked {
  switch (detail?.kind) {
    case 'answer':
      return { prompt: detail.question, context: detail.context };
    case 'choice':
      return {
        prompt: detail.question,
        choices: detail.choices,
        ...(detail.context === undefined ? {} : { context: detail.context }),
      };
    default:
      return { prompt: text, ...(pair === null ? {} : { pair }) };
  }
}

/** Test rows to ask again, from what changed most: fixed first, then broken, then wrong, without repeats. */
export function examplePrompts(result: MeasuredView, most = 4): readonly Asked[] {
  const asked = [...result.fixed, ...result.broken, ...result.wrong].map(askedOf);
  return [...new Map(asked.map((one) => [JSON.stringify(one), one])).values()].slice(0, most);
}

/** What stands where an untrained model has nothing to answer with: how it was compared, and what it took this row for. */
export function untrainedWords(result: MeasuredView | null, question: Asked | null): string {
  const untrained = result?.metrics.baselines?.untrained;
  if (result !== null && (result.metrics.task !== 'text-classification' || result.numbers !== null))
    return 'As it came, it has no answer layer for this goal: nothing in it was made to answer such a question.';
  const measured = isAccuracy(untrained)
    ? ` By the nearest class centre of what it sees, it sorted ${percent(untrained.accuracy, untrained.n)} of the held-out rows right.`
    : '';
  const row = [...(result?.fixed ?? []), ...(result?.broken ?? []), ...(result?.wrong ?? [])].find(
    ({ text }) => text === question?.prompt,
  );
  const said = row === undefined || row.untrained === '' ? '' : ` This row it took for ${row.untrained}.`;
  return `As it came, it has no categories to answer with.${measured}${said}`;
}
