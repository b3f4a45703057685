/** What the rotary pre-norm decoders differ in, as data, and the fields of config.json that all of them have. */
import type { Json } from '../../spec/json.ts';
import { activationNames, type Activation } from '../activations.ts';
import { readConfig, type ConfigReader } from '../config-reader.ts';
import type { ModelConfig } from '../model.ts';
import { parseRope, switchLengthOf, type Rope, type RopeOptions } from './rope.ts';

export interface DecoderConfig extends ModelConfig {
  readonly intermediate: number;
  readonly epsilon: number;
  readonly activation: Activation;
  /** One a layer. */
  readonly plan: readonly LayerPlan[];
  /** Values of a head that turn with their position; the others pass. */
  readonly rotated: number;
  /** Multiplies the attention scores. */
  readonly attentionScale: number;
  /** Scores and logits are kept within ± their cap by a tanh. */
  readonly attentionCap: number | null;
  readonly logitCap: number | null;
  /** Multiplies the words' embeddings. */
  readonly embeddingScale: number;
  readonly biases: { readonly qkv: boolean; readonly output: boolean; readonly mlp: boolean };
  /** Query, key and value in one module, gate and up in another. */
  readonly fused: boolean;
  /** Norms of each head's queries and keys. */
  readonly headNorms: boolean;
  /** Norms behind attention and MLP as well as before them. */
  readonly outerNorms: boolean;
  /** Norms multiply by their weight plus this. */
  readonly normOffset: 0 | 1;
}

export interface LayerPlan {
  readonly rope: Rope;
  /** Keys that a query sees at most, itself included. */
  readonly window: number | null;
}

type Fields = Readonly<Record<string, Json>>;

export interface DecoderOptions {
  readonly path: string;
  /** Field of the activation function. */
  readonly activation?: string;
  /** The family can turn a part of each head only. */
  readonly partialRotary?: boolean;
  readonly rope?: Omit<RopeOptions, 'path' | 'size'>;
}

/** Llama's reading of the fields; the other families put theirs over it. `raw` has the family's defaults filled in. */
export function parseDecoder(raw: Fields, options: DecoderOptions): DecoderConfig {
  const { path, activation = 'hidden_act', partialRotary = false } = options;
  const read = readConfig(raw, path);
  const hidden = read.count('hidden_size');
  const heads = read.count('num_attention_heads');
  const keyValueHeads = read.count('num_key_value_heads', heads);
  if (heads % keyValueHeads !== 0)
    read.refuse('num_key_value_heads', `a divisor of num_attention_heads ${String(heads)}`);
  const headSize = read.count('head_dim', Math.floor(hidden / heads));
  if (headSize % 2 !== 0) read.refuse('head_dim', 'an even number');
  const rotated = rotatedSize(raw, read, { headSize });
  if (!partialRotary && rotated !== headSize) read.refuse('partial_rotary_factor', '1');
  const rope = parseRope(raw, { ...options.rope, path, size: rotated });
  const layers = read.count('num_hidden_layers');
  return {
    hidden,
    heads,
    keyValueHeads,
    headSize,
    layers,
    vocabulary: read.count('vocab_size'),
    intermediate: read.count('intermediate_size'),
    maxLength: read.count('max_position_embeddings', 2048),
    ...switchLengthOf(rope),
    padTokenId: read.tokenId('pad_token_id'),
    initializerRange: read.number('initializer_range', 0.02),
    epsilon: read.number('rms_norm_eps', 1e-6),
    activation: read.choice(activation, activationNames, 'silu'),
    plan: new Array<LayerPlan>(layers).fill({ rope, window: null }),
    rotated,
    attentionScale: 1 / Math.sqrt(headSize),
    attentionCap: null,
    logitCap: null,
    embeddingScale: 1,
    biases: { qkv: false, output: false, mlp: false },
    fused: false,
    headNorms: false,
    outerNorms: false,
    normOffset: 0,
    tied: read.boolean('tie_word_embeddings', false),
  };
}

interface RotatedOptions {
  readonly headSize: number;
  /** Field of the share outside `rope_parameters`. */
  readonly outside?: string;
}

/** How much of a head turns: the share in `rope_parameters` or outside them, rounded down as Transformers does. */
export function rotatedSize(raw: Fields, read: ConfigReader, options: RotatedOptions): number {
  const { headSize, outside = 'partial_rotary_factor' } = options;
  const within = read.object('rope_parameters')?.['partial_rotary_factor'];
  const share = within ?? raw[outside] ?? 1;
  const size = typeof share === 'number' ? Math.floor(headSize * share) : 0;
  if (size > 0 && size <= headSize && size % 2 === 0) return size;
  return read.refuse(outside, `a share of head size ${String(headSize)} that makes an even number`);
}

export interface SlidingOptions {
  readonly raw: Fields;
  readonly read: ConfigReader;
  readonly layers: number;
  /** Which layers slide where `layer_types` does not say. */
  readonly unsaid: (layer: number) => boolean;
}

/** The window of each layer: `sliding_window` where it slides. */
export function windows({ raw, read, layers, unsaid }: SlidingOptions): readonly (number | null)[] {
  const window = raw['sliding_window'] == null ? null : read.count('sliding_window');
  const given = raw['layer_types'] ?? null;
  const types = Array.isArray(given) ? (given as readonly Json[]) : null;
  const known = ['full_attention', 'sliding_attention'] as const;
  if (given !== null && (types?.length !== layers || !types.every((type) => known.some((name) => name === type))))
    read.refuse('layer_types', `${known.join(' or ')} for each of ${String(layers)} layers`);
  return Array.from({ length: layers }, (_, layer) => {
    if (!(types ? types[layer] === 'sliding_attention' : unsaid(layer))) return null;
    return window ?? read.refuse('sliding_window', 'a whole number of at least 1, as layers slide');
  });
}

/** A cap above 0, or null for none. */
export function cap(raw: Fields, read: ConfigReader, field: string): number | null {
  if (raw[field] == null) return null;
  const value = read.number(field, 0);
  return value > 0 ? value : read.refuse(field, 'a number above 0, or null');
}
