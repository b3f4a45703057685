/** Scores of options from the likelihoods of their tokens: by length, by PMI (Holtzman et al., 2021, arXiv 2104.08315), calibrated (Zhao et al., 2021, arXiv 2102.09690, section 5). */
import type { Scoring } from '../../spec/methods/in-context.ts';

export interface OptionLikelihood {
  /** Without what stands between prompt and answer. */
  readonly option: string;
  /** log p of each of its tokens. */
  readonly tokens: ArrayLike<number>;
}

/** log p of each option elsewhere, in the order of the options; asked only where a scoring needs them. */
export interface References {
  /** Behind the template's last words alone. */
  readonly premise: readonly number[];
  /** Behind nothing. */
  readonly unconditional: readonly number[];
  /** Behind the whole prompt with each content-free text in the row's place. */
  readonly contentFree: readonly (readonly number[])[];
}

/** One score an option, higher is better, all in nats. */
export function optionScores(
  scoring: Scoring,
  options: readonly OptionLikelihood[],
  references: References,
): readonly number[] {
  const sums = options.map(({ tokens }) => sumOf(tokens));
  switch (scoring) {
    case 'sum':
      return sums;
    case 'per-token':
      return divided(sums, options, ({ tokens }) => tokens.length);
    case 'per-character':
      return divided(sums, options, ({ option }) => [...option].length);
    case 'per-byte':
      return divided(sums, options, ({ option }) => new TextEncoder().encode(option).length);
    case 'pmi':
      return sums.map((sum, index) => sum - (references.premise[index] ?? 0));
    case 'pmi-unconditional':
      return sums.map((sum, index) => sum - (references.unconditional[index] ?? 0));
    case 'calibrated': {
      const bias = contentFreeBias(references.contentFree);
      const known = logNormalised(sums);
      return known.map((own, index) => own - Math.log(bias[index] ?? 1));
    }
  }
}

export function sumOf(tokens: ArrayLike<number>): number {
  return Array.from(tokens).reduce((sum, value) => sum + value, 0);
}

/** An option of nothing has the length 1, so that it has a score. */
function divided(
  sums: readonly number[],
  options: readonly OptionLikelihood[],
  length: (option: OptionLikelihood) => number,
): readonly number[] {
  return sums.map((sum, index) => {
    const option = options[index];
    return sum / Math.max(1, option ? length(option) : 1);
  });
}

/** p_cf: the mean over the content-free texts of each option's probability, then as shares. */
export function contentFreeBias(contentFree: readonly (readonly number[])[]): readonly number[] {
  // Probabilities of whole options are too small for their exponentials; a common factor leaves the shares as they are.
  const largest = Math.max(...contentFree.flat());
  const [first = []] = contentFree;
  const sums = first.map((_, option) =>
    contentFree.reduce((sum, own) => sum + Math.exp((own[option] ?? -Infinity) - largest), 0),
  );
  const total = sums.reduce((sum, value) => sum + value, 0);
  return sums.map((sum) => sum / total);
}

/** log of each option's probability among the options. */
export function logNormalised(logs: readonly number[]): readonly number[] {
  const largest = Math.max(...logs);
  const total = Math.log(logs.reduce((sum, own) => sum + Math.exp(own - largest), 0));
  return logs.map((own) => own - largest - total);
}
