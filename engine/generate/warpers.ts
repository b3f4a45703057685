/**
 * Cuts in the tail of a distribution that is sampled from, each as Transformers 5 computes it: top-k (Fan et al., 2018), top-p
 * (Holtzman et al., 2020), min-p (Nguyen et al., 2024), typical (Meister et al., 2023), epsilon and eta (Hewitt et al., 2022).
 */
import { entropy, kthLargest, logSoftmax, probabilities, type Scores } from './scores.ts';

type Warper = (scores: Scores) => Scores;

function removed(scores: Scores, drop: (id: number) => boolean): Scores {
  return scores.map((score, id) => (drop(id) ? -Infinity : score));
}

/** Ids by a figure, the smallest first; equal ones in their order. */
function sortedIds(by: ArrayLike<number>): number[] {
  return Array.from(by, (_, id) => id).sort((a, b) => (by[a] ?? 0) - (by[b] ?? 0) || a - b);
}

export function temperature(value: number): Warper {
  return (scores) => scores.map((score) => score / value);
}

/** Tokens as likely as the k-th stay too. */
export function topK(k: number, keep = 1): Warper {
  return (scores) => {
    const least = kthLargest(scores, Math.max(k, keep));
    return removed(scores, (id) => (scores[id] ?? 0) < least);
  };
}

/** The fewest tokens that together have at least the probability `p`. */
export function topP(p: number, keep = 1): Warper {
  return (scores) => {
    const chances = probabilities(scores);
    // A token that is out already adds nothing: only the others need sorting.
    const order = sortedIds(scores).filter((id) => scores[id] !== -Infinity);
    const out = new Set<number>();
    let sum = 0;
    for (const id of order.slice(0, Math.max(0, order.length - keep))) {
      sum += chances[id] ?? 0;
      if (sum > 1 - p) break;
      out.add(id);
    }
    return removed(scores, (id) => out.has(id));
  };
}

/** Tokens with at least the share `p` of the likeliest one's probability. */
export function minP(p: number, keep = 1): Warper {
  return (scores) => {
    const chances = probabilities(scores);
    const kept = new Set(sortedIds(chances.map((chance) => -chance)).slice(0, keep));
    const least = p * chances.reduce((most, chance) => Math.max(most, chance), 0);
    return removed(scores, (id) => (chances[id] ?? 0) < least && !kept.has(id));
  };
}

/** The tokens whose surprise is nearest to the expected one, until they have the probability `mass`. */
export function typical(mass: number, keep = 1): Warper {
  return (scores) => {
    const logs = logSoftmax(scores);
    const expected = entropy(logs);
    const distances = logs.map((value) => Math.abs(-value - expected));
    const order = sortedIds(distances);
    let sum = 0;
    const last = order.findIndex((id) => {
      sum += Math.exp(logs[id] ?? -Infinity);
      return sum >= mass;
    });
    const most = distances[order.at(last) ?? 0] ?? Infinity;
    const kept = new Set(order.slice(0, keep));
    return removed(scores, (id) => (distances[id] ?? 0) > most && !kept.has(id));
  };
}

/** Tokens with at least the probability `least`, which may depend on the entropy. */
function cutoff(scores: Scores, least: number, keep: number): Scores {
  const chances = probabilities(scores);
  const safe = kthLargest(scores, keep);
  return removed(scores, (id) => (chances[id] ?? 0) < least && (scores[id] ?? 0) < safe);
}

export function epsilonCutoff(epsilon: number, keep = 1): Warper {
  return (scores) => cutoff(scores, epsilon, keep);
}

export function etaCutoff(epsilon: number, keep = 1): Warper {
  return (scores) =>
    cutoff(scores, Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropy(logSoftmax(scores)))), keep);
}
