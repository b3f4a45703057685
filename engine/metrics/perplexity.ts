/** Perplexities of a text from the log-probabilities of its tokens (definitions of lm-evaluation-harness). */

/** Of a corpus: its total negative log-likelihood divided once. */
export interface Perplexities {
  /** exp(−Σ log p / tokens). */
  readonly token: number;
  /** exp(−Σ log p / words), words as the caller counts them. */
  readonly word: number;
  /** exp(−Σ log p / UTF-8 bytes). */
  readonly byte: number;
  /** −Σ log₂ p / UTF-8 bytes. */
  readonly bitsPerByte: number;
  /** Mean of the perplexities of the sequences, which weighs short ones as much as long ones. */
  readonly meanOfSequences: number;
  /** −Σ log p in nats. */
  readonly total: number;
}

/**
 * @param logProbs natural log-probabilities, a list a sequence, one a predicted token
 * @param text how long the text is that they cover
 */
export function perplexities(
  logProbs: readonly (readonly number[])[],
  text: { words: number; bytes: number },
): Perplexities {
  const totals = logProbs.map((sequence) => -sum(sequence));
  const total = sum(totals);
  const tokens = sum(logProbs.map(({ length }) => length));
  const each = totals.map((nll, index) => Math.exp(nll / (logProbs[index]?.length ?? 0)));
  return {
    token: Math.exp(total / tokens),
    word: Math.exp(total / text.words),
    byte: Math.exp(total / text.bytes),
    bitsPerByte: total / text.bytes / Math.LN2,
    meanOfSequences: sum(each) / each.length,
    total,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
