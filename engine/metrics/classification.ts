/** Figures of a classifier that gives each row one label: the definitions of scikit-learn with zero_division = 0. */

type Label = string | number;

/** Precision, recall and F1 of one label, or an average of them; all 0 … 1. */
export interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface LabelScores<L extends Label = Label> extends Scores {
  readonly label: L;
  /** Rows that truly have it. */
  readonly support: number;
}

export interface ClassificationReport<L extends Label = Label> {
  readonly accuracy: number;
  /** Mean over the labels asked for; a label that never occurs counts as 0. */
  readonly macro: Scores;
  /** From the counts of all labels together. */
  readonly micro: Scores;
  /** Mean weighted by support. */
  readonly weighted: Scores;
  readonly perLabel: readonly LabelScores<L>[];
  /** Mean recall of the labels that truly occur. */
  readonly balancedAccuracy: number;
  /** Matthews correlation coefficient, −1 … 1 (Gorodkin, 2004, for several labels); 0 where one side is constant. */
  readonly mcc: number;
  /** Cohen's κ over the labels asked for; null where chance agreement is complete. */
  readonly kappa: number | null;
  /** Rows truly (first index) of a label that were given (second) a label, in the order asked for. */
  readonly confusion: readonly (readonly number[])[];
}

/**
 * @param truth,predicted a label a row
 * @param labels the labels that are averaged over, in the order of the report
 */
export function classificationReport<L extends Label>(
  truth: readonly L[],
  predicted: readonly L[],
  labels: readonly L[],
): ClassificationReport<L> {
  const counts = labels.map((label) => ({ label, ...countsOf(truth, predicted, label) }));
  const seen = confusionMatrix(truth, predicted, [...new Set([...truth, ...predicted])]);
  const confusion = confusionMatrix(truth, predicted, labels);
  return {
    accuracy: ratio(truth.filter((label, row) => label === predicted[row]).length, truth.length),
    ...averages(counts),
    perLabel: counts.map((count) => ({ label: count.label, ...scoresOf(count), support: count.truly })),
    balancedAccuracy: balancedAccuracy(seen),
    mcc: mcc(seen),
    kappa: kappa(confusion),
    confusion,
  };
}

/** What precision, recall and F1 of a label are made of: rows. */
export interface LabelCounts {
  readonly right: number;
  readonly given: number;
  readonly truly: number;
}

export function scoresOf({ right, given, truly }: LabelCounts): Scores {
  return { precision: ratio(right, given), recall: ratio(right, truly), f1: ratio(2 * right, given + truly) };
}

/** The three averages of the labels' scores; of no labels, and weighted without any true row: 0. */
export function averages(counts: readonly LabelCounts[]): { macro: Scores; micro: Scores; weighted: Scores } {
  const total = (key: keyof LabelCounts): number => sum(counts.map((count) => count[key]));
  const mean = (weights: readonly number[]): Scores => {
    const of = (key: keyof Scores): number =>
      ratio(sum(counts.map((count, index) => scoresOf(count)[key] * (weights[index] ?? 0))), sum(weights));
    return { precision: of('precision'), recall: of('recall'), f1: of('f1') };
  };
  return {
    macro: mean(counts.map(() => 1)),
    micro: scoresOf({ right: total('right'), given: total('given'), truly: total('truly') }),
    weighted: mean(counts.map(({ truly }) => truly)),
  };
}

/** Scores of one label against the rest, as GLUE's F1 of the positive label. */
export function binaryScores<L extends Label>(truth: readonly L[], predicted: readonly L[], positive: L): Scores {
  return scoresOf(countsOf(truth, predicted, positive));
}

function countsOf<L extends Label>(truth: readonly L[], predicted: readonly L[], label: L): LabelCounts {
  return {
    right: truth.filter((value, row) => value === label && predicted[row] === label).length,
    given: predicted.filter((value) => value === label).length,
    truly: truth.filter((value) => value === label).length,
  };
}

/** Rows by true (first index) and given (second) label; rows with a label not asked for are left out. */
function confusionMatrix<L extends Label>(
  truth: readonly L[],
  predicted: readonly L[],
  labels: readonly L[],
): number[][] {
  const at = new Map(labels.map((label, index) => [label, index]));
  const matrix = labels.map(() => labels.map(() => 0));
  truth.forEach((label, row) => {
    const given = predicted[row];
    const line = matrix[at.get(label) ?? -1];
    const column = given === undefined ? undefined : at.get(given);
    if (line !== undefined && column !== undefined) line[column] = (line[column] ?? 0) + 1;
  });
  return matrix;
}

function balancedAccuracy(confusion: readonly (readonly number[])[]): number {
  const recalls = confusion.flatMap((line, index) => {
    const support = sum(line);
    return support === 0 ? [] : [(line[index] ?? 0) / support];
  });
  return ratio(sum(recalls), recalls.length);
}

function mcc(confusion: readonly (readonly number[])[]): number {
  const { n, diagonal, rows, columns } = margins(confusion);
  const dot = (left: readonly number[], right: readonly number[]): number =>
    sum(left.map((value, index) => value * (right[index] ?? 0)));
  const spread = (n * n - dot(rows, rows)) * (n * n - dot(columns, columns));
  return spread === 0 ? 0 : (diagonal * n - dot(rows, columns)) / Math.sqrt(spread);
}

function kappa(confusion: readonly (readonly number[])[]): number | null {
  const { n, diagonal, rows, columns } = margins(confusion);
  const chance = sum(rows.map((row, index) => (row * (columns[index] ?? 0)) / n));
  return n === chance || n === 0 ? null : (diagonal - chance) / (n - chance);
}

function margins(confusion: readonly (readonly number[])[]): {
  n: number;
  diagonal: number;
  rows: readonly number[];
  columns: readonly number[];
} {
  const rows = confusion.map(sum);
  const columns = confusion.map((_, column) => sum(confusion.map((line) => line[column] ?? 0)));
  return { n: sum(rows), diagonal: sum(confusion.map((line, index) => line[index] ?? 0)), rows, columns };
}

/** 0 where the denominator is. */
function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
