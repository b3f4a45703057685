/** DistilBERT's config.json (Transformers' DistilBertConfig). */
import type { Json } from '../../spec/json.ts';
import { activationNames, type Activation } from '../activations.ts';
import { readConfig } from '../config-reader.ts';
import type { ModelConfig } from '../model.ts';

export interface DistilBertConfig extends ModelConfig {
  readonly intermediate: number;
  readonly activation: Activation;
}

const aliases = { hidden_size: 'dim', num_attention_heads: 'n_heads', num_hidden_layers: 'n_layers' };

/** `sinusoidal_pos_embds` only says how the position table started; a file holds the table either way. */
export function parseDistilBertConfig(raw: Readonly<Record<string, Json>>, path: string): DistilBertConfig {
  const read = readConfig(raw, path, aliases);
  const hidden = read.count('dim', 768);
  const heads = read.count('n_heads', 12);
  if (hidden % heads !== 0) read.refuse('n_heads', `a divisor of dim ${String(hidden)}`);
  return {
    hidden,
    heads,
    keyValueHeads: heads,
    headSize: hidden / heads,
    layers: read.count('n_layers', 6),
    vocabulary: read.count('vocab_size', 30522),
    intermediate: read.count('hidden_dim', 4 * hidden),
    maxLength: read.count('max_position_embeddings', 512),
    padTokenId: read.tokenId('pad_token_id') ?? 0,
    initializerRange: read.number('initializer_range', 0.02),
    activation: read.choice('activation', activationNames, 'gelu'),
    tied: read.boolean('tie_word_embeddings', true),
  };
}
