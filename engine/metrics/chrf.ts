/** chrF (Popović, 2015, W15-3049) and chrF++ (2017, W17-4770) of a corpus as sacrebleu 2.6 computes them. */
import { signature } from './sacrebleu.ts';
import { asciiPunctuation, counts, ngrams, overlap, words } from './text.ts';

export interface Chrf {
  /** 0 … 100. */
  readonly score: number;
  readonly signature: string;
}

const characterOrder = 6;
/** Recall counts β² as much as precision. */
const beta = 2;

/**
 * @param references the lists of references of each hypothesis, at least one each; the best is taken
 * @param options wordOrder 0: chrF; 2: chrF++
 */
export function chrf(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  { wordOrder = 0 }: { wordOrder?: number } = {},
): Chrf {
  const total = Array.from({ length: characterOrder + wordOrder }, () => ({ ours: 0, theirs: 0, common: 0 }));
  for (const [row, hypothesis] of hypotheses.entries()) {
    const ours = gramsOf(hypothesis, wordOrder);
    const candidates = (references[row] ?? []).map((reference) => statisticsOf(ours, gramsOf(reference, wordOrder)));
    const best = candidates.reduce<readonly OrderStatistics[]>(
      (kept, candidate) => (kept.length === 0 || fScore(candidate) > fScore(kept) ? candidate : kept),
      [],
    );
    for (const [order, sums] of total.entries()) {
      sums.ours += best[order]?.ours ?? 0;
      sums.theirs += best[order]?.theirs ?? 0;
      sums.common += best[order]?.common ?? 0;
    }
  }
  return {
    score: fScore(total),
    signature: signature(references, {
      case: 'mixed',
      eff: 'yes',
      nc: String(characterOrder),
      nw: String(wordOrder),
      space: 'no',
    }),
  };
}

type Bag = ReadonlyMap<string, number>;

/** N-grams by order: of the characters without white space, then of the words. */
function gramsOf(text: string, wordOrder: number): readonly Bag[] {
  const characters = [...words(text).join('')];
  const apart = words(text).flatMap(separatePunctuation);
  return [
    ...Array.from({ length: characterOrder }, (_, order) => counts(ngrams(characters, order + 1, ''))),
    ...Array.from({ length: wordOrder }, (_, order) => counts(ngrams(apart, order + 1, ' '))),
  ];
}

/** One ASCII punctuation mark off the end, else off the front. */
function separatePunctuation(word: string): readonly string[] {
  const letters = [...word];
  const [first = '', last = ''] = [letters[0], letters.at(-1)];
  if (letters.length === 1) return [word];
  if (asciiPunctuation.has(last)) return [letters.slice(0, -1).join(''), last];
  if (asciiPunctuation.has(first)) return [first, letters.slice(1).join('')];
  return [word];
}

interface OrderStatistics {
  readonly ours: number;
  readonly theirs: number;
  readonly common: number;
}

function statisticsOf(ours: readonly Bag[], theirs: readonly Bag[]): readonly OrderStatistics[] {
  const size = (bag: Bag): number => [...bag.values()].reduce((sum, count) => sum + count, 0);
  return ours.map((bag, order) => {
    const other: Bag = theirs[order] ?? new Map();
    // An order the reference lacks is not held against the hypothesis.
    return { ours: other.size === 0 ? 0 : size(bag), theirs: size(other), common: overlap(bag, other) };
  });
}

/** F of the mean precision and the mean recall over the orders that both sides have. */
function fScore(statistics: readonly OrderStatistics[]): number {
  const present = statistics.filter(({ ours, theirs }) => ours > 0 && theirs > 0);
  if (present.length === 0) return 0;
  const mean = (of: (order: OrderStatistics) => number): number =>
    present.reduce((sum, order) => sum + of(order), 0) / present.length;
  const precision = mean(({ common, ours }) => common / ours);
  const recall = mean(({ common, theirs }) => common / theirs);
  return precision + recall === 0 ? 0 : (100 * (1 + beta ** 2) * precision * recall) / (beta ** 2 * precision + recall);
}
