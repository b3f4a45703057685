/** GPT-NeoX's config.json (Transformers' GPTNeoXConfig), with the key names before and since Transformers 5. */
import type { Json } from '../../spec/json.ts';
import { activationNames, type Activation } from '../activations.ts';
import { readConfig } from '../config-reader.ts';
import { rotatedSize } from '../decoder/config.ts';
import { parseRope, switchLengthOf, type Rope } from '../decoder/rope.ts';
import type { ModelConfig } from '../model.ts';

export interface GptNeoxConfig extends ModelConfig {
  readonly intermediate: number;
  readonly epsilon: number;
  readonly activation: Activation;
  readonly rope: Rope;
  /** Values of a head that turn with their position; the others pass. */
  readonly rotated: number;
  readonly attentionBias: boolean;
  /** The MLP reads what attention reads, instead of what comes behind it. */
  readonly parallel: boolean;
}

const defaults = { rotary_pct: 0.25 };

export function parseGptNeoxConfig(given: Readonly<Record<string, Json>>, path: string): GptNeoxConfig {
  const raw = { ...defaults, ...given };
  const read = readConfig(raw, path);
  const hidden = read.count('hidden_size');
  const heads = read.count('num_attention_heads');
  if (hidden % heads !== 0) read.refuse('num_attention_heads', `a divisor of hidden_size ${String(hidden)}`);
  const headSize = hidden / heads;
  if (read.count('head_dim', headSize) !== headSize) read.refuse('head_dim', String(headSize));
  const rotated = rotatedSize(raw, read, { headSize, outside: 'rotary_pct' });
  const rope = parseRope(raw, { path, size: rotated, thetaField: 'rotary_emb_base' });
  return {
    hidden,
    heads,
    keyValueHeads: heads,
    headSize,
    layers: read.count('num_hidden_layers'),
    vocabulary: read.count('vocab_size'),
    intermediate: read.count('intermediate_size'),
    maxLength: read.count('max_position_embeddings', 2048),
    ...switchLengthOf(rope),
    padTokenId: read.tokenId('pad_token_id'),
    initializerRange: read.number('initializer_range', 0.02),
    epsilon: read.number('layer_norm_eps', 1e-5),
    activation: read.choice('hidden_act', activationNames, 'gelu'),
    rope,
    rotated,
    attentionBias: read.boolean('attention_bias', true),
    parallel: read.boolean('use_parallel_residual', true),
    tied: read.boolean('tie_word_embeddings', false),
  };
}
