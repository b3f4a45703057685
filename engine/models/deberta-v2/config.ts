/** DeBERTa-v2's and -v3's config.json (Transformers' DebertaV2Config). */
import type { Json } from '../../spec/json.ts';
import { activationNames, type Activation } from '../activations.ts';
import { readConfig, type ConfigReader } from '../config-reader.ts';
import type { ModelConfig } from '../model.ts';

export interface RelativeAttention {
  /** Distances with a row of their own in the table: one in each direction for each of these. */
  readonly span: number;
  /** Distances share rows, logarithmically, beyond half of this; null: each has its own. */
  readonly buckets: number | null;
  /** The longest distance that the logarithm reaches. */
  readonly longest: number;
  /** The table is normed before use. */
  readonly normed: boolean;
  /** The table is projected by the layer's own query and key. */
  readonly sharedProjections: boolean;
}

export interface DebertaConfig extends ModelConfig {
  readonly embeddingSize: number;
  readonly intermediate: number;
  /** 0: none. */
  readonly tokenTypes: number;
  /** Positions are added to the words too. */
  readonly absolutePositions: boolean;
  /** What scores are made of besides content to content. */
  readonly contentToPosition: boolean;
  readonly positionToContent: boolean;
  /** Null: attention sees no distances. */
  readonly relative: RelativeAttention | null;
  readonly epsilon: number;
  readonly activation: Activation;
  readonly poolerActivation: Activation;
  /** The masked-language-model head has BERT's names. */
  readonly legacy: boolean;
}

export function parseDebertaConfig(raw: Readonly<Record<string, Json>>, path: string): DebertaConfig {
  const read = readConfig(raw, path);
  const hidden = read.count('hidden_size', 1536);
  const heads = read.count('num_attention_heads', 24);
  if (hidden % heads !== 0) read.refuse('num_attention_heads', `a divisor of hidden_size ${String(hidden)}`);
  const headSize = hidden / heads;
  if (read.count('attention_head_size', headSize) !== headSize) read.refuse('attention_head_size', String(headSize));
  if (read.number('conv_kernel_size', 0) > 0) read.refuse('conv_kernel_size', '0');
  if (read.count('pooler_hidden_size', hidden) !== hidden) read.refuse('pooler_hidden_size', String(hidden));
  const tokenTypes = read.number('type_vocab_size', 0);
  if (!Number.isInteger(tokenTypes) || tokenTypes < 0) read.refuse('type_vocab_size', 'a whole number of at least 0');
  const kinds = attentionKinds(raw, read);
  const maxLength = read.count('max_position_embeddings', 512);
  return {
    hidden,
    heads,
    keyValueHeads: heads,
    headSize,
    embeddingSize: read.count('embedding_size', hidden),
    layers: read.count('num_hidden_layers', 24),
    vocabulary: read.count('vocab_size'),
    intermediate: read.count('intermediate_size', 6144),
    maxLength,
    tokenTypes,
    absolutePositions: read.boolean('position_biased_input', true),
    contentToPosition: kinds.includes('c2p'),
    positionToContent: kinds.includes('p2c'),
    relative: read.boolean('relative_attention', false) ? relativeAttention(read, maxLength) : null,
    padTokenId: read.tokenId('pad_token_id') ?? 0,
    initializerRange: read.number('initializer_range', 0.02),
    epsilon: read.number('layer_norm_eps', 1e-7),
    activation: read.choice('hidden_act', activationNames, 'gelu'),
    poolerActivation: read.choice('pooler_hidden_act', activationNames, 'gelu'),
    legacy: read.boolean('legacy', true),
    tied: read.boolean('tie_word_embeddings', true),
  };
}

function relativeAttention(read: ConfigReader, maxLength: number): RelativeAttention {
  // Both are −1 where they are not set.
  const longest = read.number('max_relative_positions', -1);
  const buckets = read.number('position_buckets', -1);
  const reach = longest < 1 ? maxLength : longest;
  const norms = read.choice('norm_rel_ebd', ['none', 'layer_norm'], 'none');
  return {
    span: buckets > 0 ? buckets : reach,
    buckets: buckets > 0 ? buckets : null,
    longest: reach,
    normed: norms === 'layer_norm',
    sharedProjections: read.boolean('share_att_key', false),
  };
}

/** `pos_att_type` as a list, or written with bars: `c2p|p2c`. */
function attentionKinds(raw: Readonly<Record<string, Json>>, read: ConfigReader): readonly string[] {
  const given = raw['pos_att_type'] ?? [];
  const kinds = typeof given === 'string' ? given.toLowerCase().split('|') : Array.isArray(given) ? given : [null];
  return kinds.map((kind) => {
    const name = typeof kind === 'string' ? kind.trim() : null;
    return name === 'c2p' || name === 'p2c' ? name : read.refuse('pos_att_type', 'a list of c2p, p2c');
  });
}
