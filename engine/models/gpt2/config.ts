/** GPT-2's config.json (Transformers' GPT2Config). */
import type { Json } from '../../spec/json.ts';
import { activationNames, type Activation } from '../activations.ts';
import { readConfig } from '../config-reader.ts';
import type { ModelConfig } from '../model.ts';

export interface Gpt2Config extends ModelConfig {
  readonly intermediate: number;
  readonly epsilon: number;
  readonly activation: Activation;
  /** Multiplies the attention scores of each layer. */
  readonly attentionScales: readonly number[];
}

const aliases = {
  hidden_size: 'n_embd',
  max_position_embeddings: 'n_positions',
  num_attention_heads: 'n_head',
  num_hidden_layers: 'n_layer',
};

export function parseGpt2Config(raw: Readonly<Record<string, Json>>, path: string): Gpt2Config {
  const read = readConfig(raw, path, aliases);
  if (read.boolean('add_cross_attention', false)) read.refuse('add_cross_attention', 'false');
  const hidden = read.count('n_embd', 768);
  const heads = read.count('n_head', 12);
  if (hidden % heads !== 0) read.refuse('n_head', `a divisor of n_embd ${String(hidden)}`);
  const headSize = hidden / heads;
  const layers = read.count('n_layer', 12);
  const scale = read.boolean('scale_attn_weights', true) ? 1 / Math.sqrt(headSize) : 1;
  const byLayer = read.boolean('scale_attn_by_inverse_layer_idx', false);
  return {
    hidden,
    heads,
    keyValueHeads: heads,
    headSize,
    layers,
    vocabulary: read.count('vocab_size', 50_257),
    intermediate: read.count('n_inner', 4 * hidden),
    maxLength: read.count('n_positions', 1024),
    padTokenId: read.tokenId('pad_token_id'),
    initializerRange: read.number('initializer_range', 0.02),
    epsilon: read.number('layer_norm_epsilon', 1e-5),
    activation: read.choice('activation_function', activationNames, 'gelu_new'),
    attentionScales: Array.from({ length: layers }, (_, layer) => (byLayer ? scale / (layer + 1) : scale)),
    tied: read.boolean('tie_word_embeddings', true),
  };
}
