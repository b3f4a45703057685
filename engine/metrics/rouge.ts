/** ROUGE-1, -2, -L and -Lsum (Lin, 2004, W04-1013) as rouge-score 0.1.2 computes them. */
import type { Scores } from './classification.ts';
import { stem } from './porter.ts';
import { counts, ngrams, overlap } from './text.ts';

export interface RougeScores {
  readonly rouge1: Scores;
  readonly rouge2: Scores;
  /** Longest common subsequence of the texts as one sentence each. */
  readonly rougeL: Scores;
  /** Union of the longest common subsequences of each target line with every predicted line; a line is a sentence. */
  readonly rougeLsum: Scores;
}

export interface RougeOptions {
  /** Compares the stems of words longer than three letters. */
  readonly stemmer: boolean;
}

export function rouge(target: string, prediction: string, options: RougeOptions): RougeScores {
  const [truth, ours] = [rougeTokens(target, options), rougeTokens(prediction, options)];
  const lines = (text: string): readonly (readonly string[])[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => rougeTokens(line, options));
  return {
    rouge1: ngramScores(truth, ours, 1),
    rouge2: ngramScores(truth, ours, 2),
    rougeL: scores(common(truth, ours).length, truth.length, ours.length),
    rougeLsum: summaryScores(lines(target), lines(prediction)),
  };
}

/** Runs of a–z and 0–9, lower case: letters of other scripts, and those with accents, are dropped. */
export function rougeTokens(text: string, { stemmer }: RougeOptions): readonly string[] {
  const tokens = text.toLowerCase().match(/[a-z0-9]+/gu) ?? [];
  return stemmer ? tokens.map((token) => (token.length > 3 ? stem(token) : token)) : tokens;
}

function scores(right: number, truth: number, ours: number): Scores {
  return {
    precision: right / Math.max(ours, 1),
    recall: right / Math.max(truth, 1),
    f1: right === 0 ? 0 : (2 * right) / (truth + ours),
  };
}

function ngramScores(truth: readonly string[], ours: readonly string[], n: number): Scores {
  const [theirGrams, ourGrams] = [ngrams(truth, n, ' '), ngrams(ours, n, ' ')];
  return scores(overlap(counts(theirGrams), counts(ourGrams)), theirGrams.length, ourGrams.length);
}

function summaryScores(truth: readonly (readonly string[])[], ours: readonly (readonly string[])[]): Scores {
  const left = new Map(counts(ours.flat()));
  const wanted = new Map(counts(truth.flat()));
  let hits = 0;
  for (const line of truth) {
    const union = new Set(ours.flatMap((other) => common(line, other)));
    for (const place of [...union].sort((a, b) => a - b)) {
      const token = line[place] ?? '';
      const [available, asked] = [left.get(token) ?? 0, wanted.get(token) ?? 0];
      if (available === 0 || asked === 0) continue;
      hits += 1;
      left.set(token, available - 1);
      wanted.set(token, asked - 1);
    }
  }
  return scores(hits, truth.flat().length, ours.flat().length);
}

/** Places in `truth` of one longest common subsequence: the one that rouge-score's walk back finds. */
function common(truth: readonly string[], ours: readonly string[]): readonly number[] {
  const width = ours.length + 1;
  const lengths = new Uint32Array((truth.length + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = 1; row <= truth.length; row += 1) {
    for (let column = 1; column < width; column += 1) {
      lengths[row * width + column] =
        truth[row - 1] === ours[column - 1]
          ? at(row - 1, column - 1) + 1
          : Math.max(at(row - 1, column), at(row, column - 1));
    }
  }
  const places: number[] = [];
  for (let row = truth.length, column = ours.length; row > 0 && column > 0;) {
    if (truth[row - 1] === ours[column - 1]) {
      places.push(row - 1);
      row -= 1;
      column -= 1;
    } else if (at(row, column - 1) > at(row - 1, column)) column -= 1;
    else row -= 1;
  }
  return places.reverse();
}
