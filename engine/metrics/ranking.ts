/** Figures of scores and probabilities against true classes: the definitions of scikit-learn. */

/**
 * Area under the ROC curve: the chance that a positive row scores higher than a negative one, ties half
 * (Hanley & McNeil, 1982). Null where one class is absent.
 * @param positive whether a row is of the class
 * @param scores any scale, a row each
 */
export function auroc(positive: readonly boolean[], scores: readonly number[]): number | null {
  const positives = positive.filter(Boolean).length;
  const negatives = positive.length - positives;
  if (positives === 0 || negatives === 0) return null;
  const ranks = midranks(scores);
  const sum = ranks.reduce((total, rank, row) => total + (positive[row] ? rank : 0), 0);
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Ranks from 1, tied values share their mean rank. */
export function midranks(values: readonly number[]): readonly number[] {
  const order = values.map((_, index) => index).sort((left, right) => (values[left] ?? 0) - (values[right] ?? 0));
  const ranks = new Array<number>(values.length).fill(0);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end] ?? 0] === values[order[start] ?? 0]) end += 1;
    for (const index of order.slice(start, end)) ranks[index] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** Average precision: Σ (recallₙ − recallₙ₋₁)·precisionₙ over the distinct scores, highest first. Null without a positive row. */
export function averagePrecision(positive: readonly boolean[], scores: readonly number[]): number | null {
  const positives = positive.filter(Boolean).length;
  if (positives === 0) return null;
  const order = scores.map((_, index) => index).sort((left, right) => (scores[right] ?? 0) - (scores[left] ?? 0));
  let [found, counted, area] = [0, 0, 0];
  order.forEach((row, place) => {
    if (positive[row]) found += 1;
    if (scores[row] === scores[order[place + 1] ?? -1]) return;
    area += ((found - counted) / positives) * (found / (place + 1));
    counted = found;
  });
  return area;
}

/** Null where a class is absent: its area is undefined. */
export interface MulticlassAuroc {
  /** One class against the rest, mean over classes. */
  readonly ovrMacro: number | null;
  /** The same weighted by how often the class occurs. */
  readonly ovrWeighted: number | null;
  /** Each pair of classes both ways, mean over pairs (Hand & Till, 2001). */
  readonly ovoMacro: number | null;
}

/**
 * @param truth class index a row
 * @param probabilities rows × classes
 */
export function multiclassAuroc(
  truth: readonly number[],
  probabilities: readonly (readonly number[])[],
): MulticlassAuroc {
  const classes = (probabilities[0] ?? []).map((_, index) => index);
  const column = (of: number): readonly number[] => probabilities.map((row) => row[of] ?? 0);
  const rest = classes.map((of) =>
    auroc(
      truth.map((label) => label === of),
      column(of),
    ),
  );
  const between = (of: number, other: number): number | null => {
    const rows = truth.map((_, row) => row).filter((row) => truth[row] === of || truth[row] === other);
    return auroc(
      rows.map((row) => truth[row] === of),
      rows.map((row) => probabilities[row]?.[of] ?? 0),
    );
  };
  const pairs = classes.flatMap((of) => classes.filter((other) => other !== of).map((other) => between(of, other)));
  const support = classes.map((of) => truth.filter((label) => label === of).length);
  return {
    ovrMacro: mean(
      rest,
      classes.map(() => 1),
    ),
    ovrWeighted: mean(rest, support),
    ovoMacro: mean(
      pairs,
      pairs.map(() => 1),
    ),
  };
}

function mean(values: readonly (number | null)[], weights: readonly number[]): number | null {
  let [sum, weight] = [0, 0];
  for (const [index, value] of values.entries()) {
    if (value === null) return null;
    sum += value * (weights[index] ?? 0);
    weight += weights[index] ?? 0;
  }
  return weight === 0 ? null : sum / weight;
}

/** Mean negative log-probability of the true class in nats, probabilities kept 2⁻⁵² away from 0 and 1. */
export function logLoss(positive: readonly boolean[], probabilities: readonly number[]): number {
  const losses = probabilities.map((probability, row) => {
    const kept = Math.min(Math.max(probability, Number.EPSILON), 1 - Number.EPSILON);
    return -Math.log(positive[row] ? kept : 1 - kept);
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** Mean squared distance of the probability from 1 (positive) or 0 (Brier, 1950). */
export function brierScore(positive: readonly boolean[], probabilities: readonly number[]): number {
  const squares = probabilities.map((probability, row) => (probability - (positive[row] ? 1 : 0)) ** 2);
  return squares.reduce((sum, square) => sum + square, 0) / squares.length;
}
