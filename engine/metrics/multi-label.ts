/** Figures of a classifier that gives each row any number of labels: the definitions of scikit-learn with zero_division = 0. */
import { averages, scoresOf, type LabelCounts, type Scores } from './classification.ts';

export interface MultiLabelReport {
  /** Share of rows with exactly the true labels. */
  readonly subsetAccuracy: number;
  /** Share of the row–label cells that are wrong. */
  readonly hammingLoss: number;
  readonly macro: Scores;
  readonly micro: Scores;
  readonly weighted: Scores;
  /** Mean over rows of the scores between the true and the given labels of a row. */
  readonly samples: Scores;
  readonly perLabel: readonly (Scores & { readonly support: number })[];
}

/**
 * @param truth,predicted whether a row has a label: rows × labels, at least one row
 */
export function multiLabelReport(
  truth: readonly (readonly boolean[])[],
  predicted: readonly (readonly boolean[])[],
): MultiLabelReport {
  const width = truth[0]?.length ?? 0;
  const rows = truth.map((row, index) => countsOf(row, predicted[index] ?? []));
  const labels = Array.from({ length: width }, (_, label) =>
    countsOf(
      truth.map((row) => row[label] ?? false),
      predicted.map((row) => row[label] ?? false),
    ),
  );
  const wrong = rows.map(({ right, given, truly }) => given + truly - 2 * right);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    subsetAccuracy: mean(wrong.map((count) => (count === 0 ? 1 : 0))),
    hammingLoss: mean(wrong) / width,
    ...averages(labels),
    samples: averages(rows).macro,
    perLabel: labels.map((counts) => ({ ...scoresOf(counts), support: counts.truly })),
  };
}

function countsOf(truth: readonly boolean[], predicted: readonly boolean[]): LabelCounts {
  return {
    right: truth.filter((has, index) => has && predicted[index] === true).length,
    given: predicted.filter(Boolean).length,
    truly: truth.filter(Boolean).length,
  };
}
