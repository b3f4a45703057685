/** BERT's config.json (Transformers' BertConfig). */
import type { Json } from '../../spec/json.ts';
import { activationNames, type Activation } from '../activations.ts';
import { readConfig } from '../config-reader.ts';
import type { ModelConfig } from '../model.ts';

export interface BertConfig extends ModelConfig {
  readonly intermediate: number;
  readonly tokenTypes: number;
  readonly positionRows: number;
  readonly epsilon: number;
  readonly activation: Activation;
}

export function parseBertConfig(raw: Readonly<Record<string, Json>>, path: string): BertConfig {
  const read = readConfig(raw, path);
  read.choice('position_embedding_type', ['absolute'], 'absolute');
  if (read.boolean('is_decoder', false)) read.refuse('is_decoder', 'false');
  if (read.boolean('add_cross_attention', false)) read.refuse('add_cross_attention', 'false');
  const hidden = read.count('hidden_size');
  const heads = read.count('num_attention_heads');
  if (hidden % heads !== 0) read.refuse('num_attention_heads', `a divisor of hidden_size ${String(hidden)}`);
  const positionRows = read.count('max_position_embeddings', 512);
  return {
    hidden,
    heads,
    keyValueHeads: heads,
    headSize: hidden / heads,
    layers: read.count('num_hidden_layers'),
    vocabulary: read.count('vocab_size'),
    intermediate: read.count('intermediate_size'),
    maxLength: positionRows,
    positionRows,
    tokenTypes: read.count('type_vocab_size', 2),
    padTokenId: read.tokenId('pad_token_id'),
    initializerRange: read.number('initializer_range', 0.02),
    epsilon: read.number('layer_norm_eps', 1e-12),
    activation: read.choice('hidden_act', activationNames, 'gelu'),
    tied: read.boolean('tie_word_embeddings', true),
  };
}
