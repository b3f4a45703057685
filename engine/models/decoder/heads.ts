/** Heads of Transformers' decoders: `lm_head`, `score`, `qa_outputs`; older families call a tagger's `classifier`. */
import type { Tensor } from '../../autodiff/graph.ts';
import { BugError } from '../../spec/errors.ts';
import type { Head, HeadName, ModelConfig, Module } from '../model.ts';
import type { Scope } from '../scope.ts';

interface DecoderHeads {
  readonly modules: (config: ModelConfig, head: Head) => readonly Module[];
  readonly apply: (scope: Scope, head: Head, hidden: Tensor) => Tensor;
}

export function decoderHeads(tagger: 'score' | 'classifier' = 'score'): DecoderHeads {
  const names: Readonly<Partial<Record<HeadName, string>>> = {
    'causal-lm': 'lm_head',
    'sequence-classification': 'score',
    'token-classification': tagger,
    'question-answering': 'qa_outputs',
  };
  const nameOf = (head: Head): string => {
    const name = names[head.name];
    if (name === undefined) throw new BugError(`a decoder has no head for ${head.name}`);
    return name;
  };
  return {
    modules: ({ hidden, embeddingSize, tied }, head) => {
      if (head.name === 'causal-lm' && tied) return [];
      const biased = head.name === 'token-classification' || head.name === 'question-answering';
      // Embeddings of another size than the layers: states are projected to it at the end.
      const shape = [head.labels, embeddingSize ?? hidden];
      return [{ name: nameOf(head), kind: 'linear', shape, bias: biased }];
    },
    apply: (scope, head, hidden) => scope.linear(hidden, nameOf(head)),
  };
}

/** Place of the last token that is no padding, which answers for the row: Transformers looks for the id, not at the mask. */
export function lastWord({ padTokenId }: ModelConfig, ids: readonly number[]): number {
  return padTokenId === null
    ? ids.length - 1
    : Math.max(
        0,
        ids.findLastIndex((id) => id !== padTokenId),
      );
}
