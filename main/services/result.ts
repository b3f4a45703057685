/** What a finished run measured, row by row: the verdict, the gain, the confusion, rows it fixed and rows it broke. */
import type * as Engine from '../../engine/index.ts';
import { StudioError } from '../../engine/spec/errors.ts';
import type { Metrics, Prediction, ScoredPrediction } from '../../engine/spec/metrics.ts';
import type { ResultRow, ResultView } from '../contract/views.ts';
import type { Parts, Services } from './parts.ts';
import { readPredictions } from './run-folder.ts';
import type { Views } from './views.ts';

/** Rows of each kind that the page is handed; the totals count all. */
const rowsShown = 200;
/** Points of the chart of true and predicted numbers. */
const numbersShown = 2000;

type Statistics = Pick<typeof Engine, 'pairedGain' | 'pairedMeanGain' | 'verdict'>;
type Labelled = Extract<Prediction, { readonly label: string }>;
type Answered = Extract<Prediction, { readonly prompt: string }>;
type Rows = Pick<ResultView, 'gain' | 'confusion' | 'numbers' | 'fixed' | 'broken' | 'wrong' | 'totals'>;

export function resultServices(_parts: Parts, views: Views): Pick<Services, 'runResult'> {
  return {
    runResult: async ({ runId }): Promise<ResultView> => {
      const run = views.runRecord(runId);
      if (run.metrics === null)
        throw new StudioError('run.state', { state: run.state, wanted: 'looked at for its result' });
      return resultOf(run.metrics, run.folder);
    },
  };
}

/** From a finished run's metrics and its folder, where its predictions lie. */
export async function resultOf(metrics: Metrics, folder: string): Promise<ResultView> {
  // The engine's library comes with its runtime: loaded when a result is first looked at, not at the start.
  const statistics: Statistics = await import('../../engine/index.ts');
  const rows = metrics.measuredOn === null ? nothing : measuredRows(await readPredictions(folder), statistics);
  const said = statistics.verdict(metrics, rows.gain);
  return { metrics, verdict: { code: said.code, data: { ...said.data } }, ...rows };
}

const nothing: Rows = {
  gain: null,
  confusion: null,
  numbers: null,
  fixed: [],
  broken: [],
  wrong: [],
  totals: { fixed: 0, broken: 0, wrong: 0, rows: 0 },
};

/** From the lines of `predictions.jsonl`, which are all of one kind: with a label, a score, or an expected answer's loss. */
export function measuredRows(predictions: readonly Prediction[], statistics: Statistics): Rows {
  const scored = predictions.filter((line): line is ScoredPrediction => 'score' in line);
  if (scored.length > 0) return scoredRows(scored, statistics);
  const labelled = predictions.filter((line): line is Labelled => 'label' in line);
  return labelled.length > 0
    ? labelledRows(labelled, statistics)
    : answeredRows(
        predictions.filter((line): line is Answered => 'prompt' in line),
        statistics,
      );
}

function labelledRows(lines: readonly Labelled[], { pairedGain }: Statistics): Rows {
  const compared = lines.filter(
    (line): line is Labelled & { readonly untrained: string } => line.untrained !== undefined,
  );
  const isRight = (line: Labelled) => line.prediction === line.label;
  const wasRight = (line: Labelled) => line.untrained === line.label;
  const fixed = compared.filter((line) => isRight(line) && !wasRight(line));
  const broken = compared.filter((line) => !isRight(line) && wasRight(line));
  const wrong = lines.filter((line) => !isRight(line));
  const both = compared.filter((line) => isRight(line) && wasRight(line)).length;
  const neither = compared.length - both - fixed.length - broken.length;
  const shown = (line: Labelled): ResultRow => ({
    row: line.row,
    text: line.text,
    expected: line.label,
    tuned: line.prediction,
    untrained: line.untrained ?? '',
    pair: line.pair ?? null,
    detail: null,
  });
  return {
    gain: pairedGain({ both, onlyFirst: fixed.length, onlySecond: broken.length, neither }),
    confusion: confusionOf(lines),
    numbers: null,
    fixed: fixed.slice(0, rowsShown).map(shown),
    broken: broken.slice(0, rowsShown).map(shown),
    wrong: wrong.slice(0, rowsShown).map(shown),
    totals: { fixed: fixed.length, broken: broken.length, wrong: wrong.length, rows: lines.length },
  };
}

/** counts[expected][predicted]; labels by how often they are expected. */
function confusionOf(lines: readonly Labelled[]): NonNullable<ResultView['confusion']> {
  const expected = new Map<string, number>();
  for (const { label, prediction } of lines) {
    expected.set(label, (expected.get(label) ?? 0) + 1);
    expected.set(prediction, expected.get(prediction) ?? 0);
  }
  const labels = [...expected]
    .toSorted(([left, n], [right, m]) => m - n || (left < right ? -1 : 1))
    .map(([label]) => label);
  const place = new Map(labels.map((label, index) => [label, index]));
  const counts = labels.map(() => labels.map(() => 0));
  for (const { label, prediction } of lines) {
    const row = counts[place.get(label) ?? -1];
    const column = place.get(prediction);
    if (row !== undefined && column !== undefined) row[column] = (row[column] ?? 0) + 1;
  }
  return { labels, counts };
}

/** Rows are fixed where their score rose against the untrained model's, most first; wrong where it could be better. */
function scoredRows(lines: readonly ScoredPrediction[], { pairedMeanGain }: Statistics): Rows {
  const compared = lines.flatMap((line) =>
    line.untrainedScore === undefined ? [] : [{ line, difference: line.score - line.untrainedScore }],
  );
  const shown = (line: ScoredPrediction): ResultRow => ({
    row: line.row,
    text: line.input,
    expected: line.expected,
    tuned: line.prediction,
    untrained: line.untrained ?? '',
    pair: 'pair' in line.detail ? (line.detail.pair ?? null) : null,
    detail: line.detail,
  });
  const of = (list: typeof compared, sign: 1 | -1): ResultRow[] =>
    list
      .filter(({ difference }) => Math.sign(difference) === sign)
      .toSorted((left, right) => sign * (right.difference - left.difference))
      .map(({ line }) => shown(line));
  const fixed = of(compared, 1);
  const broken = of(compared, -1);
  const wrong = lines
    .filter(({ score, detail }) => score < perfect(detail))
    .toSorted((left, right) => left.score - right.score);
  return {
    gain: pairedMeanGain(compared.map(({ difference }) => difference)),
    confusion: null,
    numbers: numbersOf(lines),
    fixed: fixed.slice(0, rowsShown),
    broken: broken.slice(0, rowsShown),
    wrong: wrong.slice(0, rowsShown).map(shown),
    totals: { fixed: fixed.length, broken: broken.length, wrong: wrong.length, rows: lines.length },
  };
}

/** The score of a row that could not be better: of a number it is minus the squared error. */
function perfect({ kind }: ScoredPrediction['detail']): number {
  return kind === 'number' ? 0 : 1;
}

function numbersOf(lines: readonly ScoredPrediction[]): ResultView['numbers'] {
  const numbers = lines.flatMap(({ detail }) =>
    detail.kind === 'number' ? [{ expected: detail.expected, predicted: detail.predicted }] : [],
  );
  return numbers.length > 0 ? numbers.slice(0, numbersShown) : null;
}

/** A language model has no right and wrong: rows are fixed where the expected answer became likelier, most first. */
function answeredRows(lines: readonly Answered[], { pairedMeanGain }: Statistics): Rows {
  const compared = lines.flatMap((line) =>
    line.loss === undefined || line.untrainedLoss === undefined
      ? []
      : [{ line, difference: line.loss - line.untrainedLoss }],
  );
  const shown = ({ line }: { line: Answered }): ResultRow => ({
    row: line.row,
    text: line.prompt,
    expected: line.expected,
    tuned: line.prediction,
    untrained: line.untrained ?? '',
    pair: null,
    detail: null,
  });
  const fixed = compared
    .filter(({ difference }) => difference < 0)
    .toSorted((left, right) => left.difference - right.difference);
  const broken = compared
    .filter(({ difference }) => difference > 0)
    .toSorted((left, right) => right.difference - left.difference);
  return {
    gain: pairedMeanGain(compared.map(({ difference }) => difference)),
    confusion: null,
    numbers: null,
    fixed: fixed.slice(0, rowsShown).map(shown),
    broken: broken.slice(0, rowsShown).map(shown),
    wrong: [],
    totals: { fixed: fixed.length, broken: broken.length, wrong: 0, rows: lines.length },
  };
}
