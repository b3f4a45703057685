/** BLEU of a corpus (Papineni et al., 2002, P02-1040) as sacrebleu 2.6 computes it. */
import { signature, tokenizers, type TokenizerName } from './sacrebleu.ts';
import { counts, ngrams, overlap, trimEnd } from './text.ts';

export interface BleuOptions {
  readonly tokenize?: TokenizerName;
  readonly lowercase?: boolean;
  /** What an order without any match counts as: halved each time (exp), 0.1 matches (floor), nothing (none). */
  readonly smooth?: 'exp' | 'floor' | 'none';
  /** Leaves out orders that no hypothesis is long enough for: asked for where a single sentence is scored. */
  readonly effectiveOrder?: boolean;
}

export interface Bleu {
  /** 0 … 100. */
  readonly score: number;
  /** Of the orders 1 … 4, smoothed, 0 … 100; all 0 where nothing matches. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  /** Tokens of the hypotheses. */
  readonly systemLength: number;
  /** Tokens of each hypothesis's reference of the nearest length. */
  readonly referenceLength: number;
  /** Matched n-grams by order. */
  readonly counts: readonly number[];
  /** N-grams of the hypotheses by order. */
  readonly totals: readonly number[];
  readonly signature: string;
}

const orders = [1, 2, 3, 4] as const;
const floorMatches = 0.1;

/** @param references the lists of references of each hypothesis, at least one each */
export function bleu(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  options: BleuOptions = {},
): Bleu {
  const { tokenize = '13a', lowercase = false, smooth = 'exp', effectiveOrder = false } = options;
  const tokens = (text: string): readonly string[] =>
    tokenizers[tokenize](trimEnd(lowercase ? text.toLowerCase() : text));
  const rows = hypotheses.map((hypothesis, row) =>
    rowStatistics(tokens(hypothesis), (references[row] ?? []).map(tokens)),
  );
  const total = (of: (row: RowStatistics) => number): number => rows.reduce((sum, row) => sum + of(row), 0);
  const statistics: RowStatistics = {
    length: total(({ length }) => length),
    referenceLength: total(({ referenceLength }) => referenceLength),
    matches: orders.map((_, order) => total(({ matches }) => matches[order] ?? 0)),
    totals: orders.map((_, order) => total(({ totals }) => totals[order] ?? 0)),
  };
  const { length, referenceLength, matches, totals } = statistics;
  const { score, precisions, brevityPenalty } = scoreOf(statistics, { smooth, effectiveOrder });
  return {
    score,
    precisions,
    brevityPenalty,
    systemLength: length,
    referenceLength,
    counts: matches,
    totals,
    signature: signature(references, {
      case: lowercase ? 'lc' : 'mixed',
      eff: effectiveOrder ? 'yes' : 'no',
      tok: tokenize,
      smooth: smooth === 'floor' ? `floor[${floorMatches.toFixed(2)}]` : smooth,
    }),
  };
}

interface RowStatistics {
  readonly length: number;
  readonly referenceLength: number;
  readonly matches: readonly number[];
  readonly totals: readonly number[];
}

function rowStatistics(hypothesis: readonly string[], references: readonly (readonly string[])[]): RowStatistics {
  const distance = ({ length }: readonly string[]): number => Math.abs(length - hypothesis.length);
  const [nearest] = references.toSorted((a, b) => distance(a) - distance(b) || a.length - b.length);
  return {
    length: hypothesis.length,
    referenceLength: nearest?.length ?? 0,
    matches: orders.map((order) => {
      const most = new Map<string, number>();
      for (const reference of references)
        for (const [gram, count] of counts(ngrams(reference, order, ' ')))
          most.set(gram, Math.max(count, most.get(gram) ?? 0));
      return overlap(counts(ngrams(hypothesis, order, ' ')), most);
    }),
    totals: orders.map((order) => Math.max(0, hypothesis.length - order + 1)),
  };
}

function scoreOf(
  { length, referenceLength, matches, totals }: RowStatistics,
  { smooth, effectiveOrder }: { smooth: NonNullable<BleuOptions['smooth']>; effectiveOrder: boolean },
): Pick<Bleu, 'score' | 'precisions' | 'brevityPenalty'> {
  const brevityPenalty = length >= referenceLength ? 1 : length > 0 ? Math.exp(1 - referenceLength / length) : 0;
  const precisions = orders.map(() => 0);
  if (matches.every((count) => count === 0)) return { score: 0, precisions, brevityPenalty };
  let halvings = 1;
  let asked: number = orders.length;
  for (const [order, total] of totals.entries()) {
    if (total === 0) break;
    if (effectiveOrder) asked = order + 1;
    const matched = matches[order] ?? 0;
    if (matched === 0 && smooth === 'exp') halvings *= 2;
    const smoothed = { exp: 1 / halvings, floor: floorMatches, none: 0 }[smooth];
    precisions[order] = (100 * (matched === 0 ? smoothed : matched)) / total;
  }
  const logs = precisions.slice(0, asked).map(Math.log);
  return {
    score: brevityPenalty * Math.exp(logs.reduce((sum, log) => sum + log, 0) / asked),
    precisions,
    brevityPenalty,
  };
}
