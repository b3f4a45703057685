/** T5's config.json (Transformers' T5Config and MT5Config), with the key names before and since Transformers 5. */
import type { Json } from '../../spec/json.ts';
import { activationNames, type Activation } from '../activations.ts';
import { readConfig, type ConfigReader } from '../config-reader.ts';
import type { ModelConfig } from '../model.ts';

export interface T5Config extends ModelConfig {
  readonly encoderLayers: number;
  readonly intermediate: number;
  readonly activation: Activation;
  /** The feed-forward layer multiplies its activation with a second projection. */
  readonly gated: boolean;
  /** Distances are told apart in this many steps, logarithmic ones up to `farthest`. */
  readonly buckets: number;
  readonly farthest: number;
  readonly epsilon: number;
  /** The decoder's states are divided by √hidden in front of the vocabulary. */
  readonly scaled: boolean;
}

const aliases = {
  head_dim: 'd_kv',
  hidden_size: 'd_model',
  num_attention_heads: 'num_heads',
  num_hidden_layers: 'num_layers',
};

export function parseT5Config(raw: Readonly<Record<string, Json>>, path: string): T5Config {
  const read = readConfig(raw, path, aliases);
  const tied = read.boolean('tie_word_embeddings', true);
  // Transformers 5 writes `tie_word_embeddings` true always, and what it meant before as `scale_decoder_outputs`.
  const scaled = read.boolean('scale_decoder_outputs', tied);
  return { ...parse(read, 'relu'), scaled, tied: tied && scaled };
}

/** mT5's head is a matrix of its own, whatever `tie_word_embeddings` says, and is not scaled. */
export function parseMt5Config(raw: Readonly<Record<string, Json>>, path: string): T5Config {
  return { ...parse(readConfig(raw, path, aliases), 'gated-gelu'), scaled: false, tied: false };
}

function parse(read: ConfigReader, usual: FeedForward): Omit<T5Config, 'scaled' | 'tied'> {
  const hidden = read.count('d_model', 512);
  const heads = read.count('num_heads', 8);
  const layers = read.count('num_layers', 6);
  const padTokenId = read.tokenId('pad_token_id') ?? 0;
  if (read.boolean('is_decoder', false)) read.refuse('is_decoder', 'false');
  const buckets = read.count('relative_attention_num_buckets', 32);
  if (buckets < 4) read.refuse('relative_attention_num_buckets', 'at least 4');
  const farthest = read.count('relative_attention_max_distance', 128);
  // Buckets are exact up to half of a decoder's.
  const exact = Math.floor(buckets / 2);
  if (farthest <= exact) read.refuse('relative_attention_max_distance', `above ${String(exact)}`);
  return {
    hidden,
    heads,
    keyValueHeads: heads,
    headSize: read.count('d_kv', 64),
    layers: read.count('num_decoder_layers', layers),
    encoderLayers: layers,
    vocabulary: read.count('vocab_size', 32128),
    intermediate: read.count('d_ff', 2048),
    maxLength: Infinity,
    padTokenId,
    decoderStartTokenId: read.tokenId('decoder_start_token_id') ?? padTokenId,
    eosTokenId: read.tokenId('eos_token_id') ?? 1,
    initializerRange: read.number('initializer_factor', 1) / Math.sqrt(hidden),
    buckets,
    farthest,
    epsilon: read.number('layer_norm_epsilon', 1e-6),
    ...feedForward(read, usual),
  };
}

const gate = 'gated-';
const feedForwards = [...activationNames, ...activationNames.map((name) => `${gate}${name}` as const)] as const;
type FeedForward = (typeof feedForwards)[number];

/** `gated-` or not, and an activation; the gated GELU is the approximated one. */
function feedForward(read: ConfigReader, usual: FeedForward): Pick<T5Config, 'activation' | 'gated'> {
  const kind = read.choice('feed_forward_proj', feedForwards, usual);
  const gated = kind.startsWith(gate);
  const own = activationNames.find((name) => kind === name || kind === `${gate}${name}`);
  return {
    activation: read.choice('dense_act_fn', activationNames, kind === 'gated-gelu' ? 'gelu_new' : (own ?? 'relu')),
    gated: read.boolean('is_gated_act', gated),
  };
}
