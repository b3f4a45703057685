/** Llama 2 and 3 (Touvron et al., 2023, arXiv 2307.09288), and SmolLM2, which is one. */
import { countedPositions, type Architecture, type HeadName } from '../model.ts';
import { parseLlamaConfig, type LlamaConfig } from './config.ts';
import { decoderHead, llamaForward } from './forward.ts';
import { decoderHeadModules, llamaModules, llamaPrefix } from './weights.ts';

/** Names of a base model's file: `model.…`, or bare, whatever the task model calls it; a tied head is the embedding. */
function storedNames(name: string, head: HeadName): readonly string[] {
  const prefix = `${llamaPrefix(head)}.`;
  if (name === 'lm_head.weight') return [name, 'model.embed_tokens.weight', 'embed_tokens.weight'];
  if (!name.startsWith(prefix)) return [name];
  const bare = name.slice(prefix.length);
  return [`model.${bare}`, bare];
}

export const llama: Architecture<LlamaConfig> = {
  type: 'llama',
  kind: 'decoder',
  taskClasses: {
    'causal-lm': 'LlamaForCausalLM',
    'sequence-classification': 'LlamaForSequenceClassification',
    'token-classification': 'LlamaForTokenClassification',
    'question-answering': 'LlamaForQuestionAnswering',
  },
  wordEmbeddings: (head) => `${llamaPrefix(head)}.embed_tokens`,
  takesPast: true,
  tokenTypes: false,
  parseConfig: parseLlamaConfig,
  modules: llamaModules,
  headModules: decoderHeadModules,
  ties: ({ tied }) => new Map(tied ? [['lm_head.weight', 'model.embed_tokens.weight']] : []),
  stored: storedNames,
  positions: (_config, mask, options) => countedPositions(mask, options),
  pooled: (_config, ids) => ids.length - 1,
  decoderInput: () => 'none',
  forward: llamaForward,
  head: decoderHead,
};
