/** A row's scores of the next token, in double precision, and what search and its processors compute from them. */

/** Logits or log-probabilities, one a token of the vocabulary; −∞ is a token that cannot be chosen. */
export type Scores = Float64Array;

export function logSoftmax(scores: ArrayLike<number>): Scores {
  const values = Float64Array.from(scores);
  const top = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const total = Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
  return values.map((value) => value - top - total);
}

export function probabilities(scores: ArrayLike<number>): Scores {
  return logSoftmax(scores).map(Math.exp);
}

/** In nats. */
export function entropy(logProbabilities: Scores): number {
  return -logProbabilities.reduce((sum, value) => (value === -Infinity ? sum : sum + value * Math.exp(value)), 0);
}

/** The k-th largest value, counted from 1. */
export function kthLargest(scores: Scores, k: number): number {
  return scores.toSorted()[scores.length - Math.min(k, scores.length)] ?? -Infinity;
}

/** The most likely token; of several the first. */
export function likeliest(scores: ArrayLike<number>): number {
  let best = 0;
  for (let id = 1; id < scores.length; id += 1) if ((scores[id] ?? -Infinity) > (scores[best] ?? -Infinity)) best = id;
  return best;
}

/** The first token up to which the probabilities sum to more than `u`, a number in [0, 1). */
export function drawAt(scores: ArrayLike<number>, u: number): number {
  const chances = probabilities(scores);
  let sum = 0;
  for (let id = 0; id < chances.length; id += 1) {
    sum += chances[id] ?? 0;
    if (sum > u) return id;
  }
  // Rounding may leave the sum a little short of 1.
  return chances.findLastIndex((chance) => chance > 0);
}
