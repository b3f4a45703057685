/** OPT's config.json (Transformers' OPTConfig). */
import type { Json } from '../../spec/json.ts';
import { activationNames, type Activation } from '../activations.ts';
import { readConfig } from '../config-reader.ts';
import type { ModelConfig } from '../model.ts';

export interface OptConfig extends ModelConfig {
  readonly intermediate: number;
  readonly activation: Activation;
  readonly biased: boolean;
  /** Norms have weights; without, they only centre and scale. */
  readonly normWeights: boolean;
  /** Norms stand before the sub-layers; of the 350M model behind. */
  readonly normsFirst: boolean;
  readonly finalNorm: boolean;
}

const defaults = { max_position_embeddings: 2048, pad_token_id: 1 };

export function parseOptConfig(given: Readonly<Record<string, Json>>, path: string): OptConfig {
  const raw = { ...defaults, ...given };
  const read = readConfig(raw, path);
  const hidden = read.count('hidden_size');
  const heads = read.count('num_attention_heads');
  if (hidden % heads !== 0) read.refuse('num_attention_heads', `a divisor of hidden_size ${String(hidden)}`);
  const embeddingSize = read.count('word_embed_proj_dim', hidden);
  const normsFirst = read.boolean('do_layer_norm_before', true);
  return {
    hidden,
    heads,
    keyValueHeads: heads,
    headSize: hidden / heads,
    layers: read.count('num_hidden_layers'),
    vocabulary: read.count('vocab_size'),
    ...(embeddingSize === hidden ? {} : { embeddingSize }),
    intermediate: read.count('ffn_dim'),
    maxLength: read.count('max_position_embeddings'),
    padTokenId: read.tokenId('pad_token_id'),
    initializerRange: read.number('init_std', 0.02),
    activation: read.choice('activation_function', activationNames, 'relu'),
    biased: read.boolean('enable_bias', true),
    normWeights: read.boolean('layer_norm_elementwise_affine', true),
    normsFirst,
    finalNorm: normsFirst && !read.boolean('_remove_final_layer_norm', false),
    tied: read.boolean('tie_word_embeddings', true),
  };
}
