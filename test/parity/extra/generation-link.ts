/** Transformers' logits processors by the arguments of their classes, as golden-extra's chains name them. */
import * as processors from '../../../engine/generate/processors.ts';
import type { Processor } from '../../../engine/generate/processors.ts';
import * as warpers from '../../../engine/generate/warpers.ts';

/** A processor as Transformers' class takes it. */
export type Link =
  | { readonly kind: 'temperature'; readonly temperature: number }
  | { readonly kind: 'top_k'; readonly top_k: number; readonly min_tokens_to_keep?: number }
  | { readonly kind: 'top_p'; readonly top_p: number; readonly min_tokens_to_keep?: number }
  | { readonly kind: 'min_p'; readonly min_p: number; readonly min_tokens_to_keep?: number }
  | { readonly kind: 'typical'; readonly mass: number; readonly min_tokens_to_keep?: number }
  | { readonly kind: 'epsilon'; readonly epsilon: number; readonly min_tokens_to_keep?: number }
  | { readonly kind: 'eta'; readonly epsilon: number; readonly min_tokens_to_keep?: number }
  | { readonly kind: 'repetition_penalty'; readonly penalty: number }
  | { readonly kind: 'no_repeat_ngram'; readonly ngram_size: number }
  | { readonly kind: 'suppress'; readonly suppress_tokens: readonly number[] }
  | { readonly kind: 'sequence_bias'; readonly sequence_bias: readonly (readonly [readonly number[], number])[] }
  | {
      readonly kind: 'min_new_tokens';
      readonly prompt_length_to_skip: number;
      readonly min_new_tokens: number;
      readonly eos_token_id: number | readonly number[];
    }
  | { readonly kind: 'normalise' };

export function processorOf(link: Link): Processor {
  const keep = 'min_tokens_to_keep' in link ? link.min_tokens_to_keep : 1;
  switch (link.kind) {
    case 'temperature':
      return warpers.temperature(link.temperature);
    case 'top_k':
      return warpers.topK(link.top_k, keep);
    case 'top_p':
      return warpers.topP(link.top_p, keep);
    case 'min_p':
      return warpers.minP(link.min_p, keep);
    case 'typical':
      return warpers.typical(link.mass, keep);
    case 'epsilon':
      return warpers.epsilonCutoff(link.epsilon, keep);
    case 'eta':
      return warpers.etaCutoff(link.epsilon, keep);
    case 'repetition_penalty':
      return processors.repetitionPenalty(link.penalty);
    case 'no_repeat_ngram':
      return processors.noRepeatNgram(link.ngram_size);
    case 'suppress':
      return processors.suppress(link.suppress_tokens);
    case 'sequence_bias':
      return processors.sequenceBias(link.sequence_bias);
    case 'min_new_tokens': {
      const inner = processors.minNewTokens(link.min_new_tokens, [link.eos_token_id].flat());
      return (scores, row) => inner(scores, { ...row, promptLength: link.prompt_length_to_skip });
    }
    case 'normalise':
      return processors.normalise();
    default:
      throw new Error(`no processor is called ${JSON.stringify(link satisfies never)}`);
  }
}
