/** Llama 2 and 3 (Touvron et al., 2023, arXiv 2307.09288), and SmolLM2, which is one. */
import type { Architecture } from '../model.ts';
import { parseLlamaConfig, type LlamaConfig } from './config.ts';
import { llamaForward, llamaHead } from './forward.ts';
import { llamaHeadWeights, llamaWeights } from './weights.ts';

export const llama: Architecture<LlamaConfig> = {
  type: 'llama',
  prefix: 'model',
  causal: true,
  heads: ['causal-lm', 'sequence-classification', 'token-classification'],
  taskClasses: {
    'causal-lm': 'LlamaForCausalLM',
    'sequence-classification': 'LlamaForSequenceClassification',
    'token-classification': 'LlamaForTokenClassification',
  },
  aliases: new Map([['lm_head.weight', 'model.embed_tokens.weight']]),
  parseConfig: parseLlamaConfig,
  weights: llamaWeights,
  headWeights: llamaHeadWeights,
  positions: (_config, mask) => mask.map((_, position) => position),
  forward: llamaForward,
  head: llamaHead,
};
