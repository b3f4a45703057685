/** Llama's config.json (Transformers' LlamaConfig), with the key names before and since Transformers 5. */
import type { Json } from '../../spec/json.ts';
import { readConfig } from '../config-reader.ts';
import type { ModelConfig } from '../model.ts';
import { parseRope, type Rope } from './rope.ts';

export interface LlamaConfig extends ModelConfig {
  readonly intermediate: number;
  readonly epsilon: number;
  readonly rope: Rope;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
}

export function parseLlamaConfig(raw: Readonly<Record<string, Json>>, path: string): LlamaConfig {
  const read = readConfig(raw, path);
  read.choice('hidden_act', ['silu'], 'silu');
  if (read.number('pretraining_tp', 1) !== 1) read.refuse('pretraining_tp', '1');
  const hidden = read.count('hidden_size');
  const heads = read.count('num_attention_heads');
  const keyValueHeads = read.count('num_key_value_heads', heads);
  if (heads % keyValueHeads !== 0)
    read.refuse('num_key_value_heads', `a divisor of num_attention_heads ${String(heads)}`);
  const headSize = read.count('head_dim', Math.floor(hidden / heads));
  if (headSize % 2 !== 0) read.refuse('head_dim', 'an even number');
  return {
    hidden,
    heads,
    keyValueHeads,
    headSize,
    layers: read.count('num_hidden_layers'),
    vocabulary: read.count('vocab_size'),
    intermediate: read.count('intermediate_size'),
    maxLength: read.count('max_position_embeddings', 2048),
    padTokenId: read.tokenId('pad_token_id'),
    initializerRange: read.number('initializer_range', 0.02),
    epsilon: read.number('rms_norm_eps', 1e-6),
    rope: parseRope(raw, path),
    attentionBias: read.boolean('attention_bias', false),
    mlpBias: read.boolean('mlp_bias', false),
    tied: read.boolean('tie_word_embeddings', false),
  };
}
