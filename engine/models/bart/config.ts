/** BART's config.json (Transformers' BartConfig). */
import type { Json } from '../../spec/json.ts';
import { activationNames, type Activation } from '../activations.ts';
import { readConfig } from '../config-reader.ts';
import type { ModelConfig } from '../model.ts';

/** Sizes of one stack. */
interface StackSizes {
  readonly layers: number;
  readonly heads: number;
  readonly intermediate: number;
}

export interface BartConfig extends ModelConfig {
  readonly encoder: StackSizes;
  readonly decoder: StackSizes;
  readonly activation: Activation;
  /** Words are multiplied by this. */
  readonly embeddingScale: number;
}

const aliases = {
  hidden_size: 'd_model',
  num_attention_heads: 'encoder_attention_heads',
  num_hidden_layers: 'encoder_layers',
};

export function parseBartConfig(raw: Readonly<Record<string, Json>>, path: string): BartConfig {
  const read = readConfig(raw, path, aliases);
  const hidden = read.count('d_model', 1024);
  const sizes = (stack: 'encoder' | 'decoder'): StackSizes => {
    const heads = read.count(`${stack}_attention_heads`, 16);
    if (hidden % heads !== 0) read.refuse(`${stack}_attention_heads`, `a divisor of d_model ${String(hidden)}`);
    return {
      layers: read.count(`${stack}_layers`, 12),
      heads,
      intermediate: read.count(`${stack}_ffn_dim`, 4096),
    };
  };
  if (read.boolean('is_decoder', false)) read.refuse('is_decoder', 'false');
  // The stacks would then have tables of their own.
  if (!read.boolean('tie_word_embeddings', true)) read.refuse('tie_word_embeddings', 'true');
  // Forks of BART from before it had a model_type for each.
  if (read.boolean('normalize_before', false)) read.refuse('normalize_before', 'false');
  if (!read.boolean('normalize_embedding', true)) read.refuse('normalize_embedding', 'true');
  if (read.boolean('add_final_layer_norm', false)) read.refuse('add_final_layer_norm', 'false');
  if (read.boolean('static_position_embeddings', false)) read.refuse('static_position_embeddings', 'false');
  const decoder = sizes('decoder');
  const padTokenId = read.tokenId('pad_token_id') ?? 1;
  const encoder = sizes('encoder');
  return {
    hidden,
    encoder,
    decoder,
    layers: decoder.layers,
    encoderLayers: encoder.layers,
    heads: decoder.heads,
    keyValueHeads: decoder.heads,
    headSize: hidden / decoder.heads,
    vocabulary: read.count('vocab_size', 50265),
    maxLength: read.count('max_position_embeddings', 1024),
    padTokenId,
    decoderStartTokenId: read.tokenId('decoder_start_token_id') ?? 2,
    eosTokenId: read.tokenId('eos_token_id') ?? 2,
    initializerRange: read.number('init_std', 0.02),
    activation: read.choice('activation_function', activationNames, 'gelu'),
    embeddingScale: read.boolean('scale_embedding', false) ? Math.sqrt(hidden) : 1,
    tied: true,
  };
}
