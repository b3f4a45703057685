/** GGUF's keys from a config.json, as llama.cpp reads them; what it computes otherwise is refused by the field's name. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { readConfig, type ConfigReader } from '../models/config-reader.ts';
import { familyToWrite, writtenTypes, type GgufArchitecture, type GgufFamily } from './gguf-families.ts';
import { ropeToWrite, type WrittenRope } from './gguf-rope-keys.ts';
import type { GgufValue } from './write-gguf.ts';

type Fields = Readonly<Record<string, Json>>;
type Keys = Readonly<Record<string, GgufValue>>;

export interface WrittenKeys {
  readonly family: GgufFamily;
  readonly keys: ReadonlyMap<string, GgufValue>;
  /** Tensors that stand for parts of the config: one row of values each. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
  /** What the tensors of that name in each layer are multiplied by, where llama.cpp scales otherwise than the config. */
  readonly factors: ReadonlyMap<string, number>;
}

/** Errors: `model.unknown-architecture`, `model.config` with the field that GGUF or llama.cpp has no place for. */
export function keysOf(config: Fields, path: string): WrittenKeys {
  const type = typeof config['model_type'] === 'string' ? config['model_type'] : 'none';
  const family = familyToWrite(type);
  if (family === undefined) {
    throw new StudioError('model.unknown-architecture', { architecture: type, known: writtenTypes.join(', ') });
  }
  const read = readConfig(config, path);
  const settings = Object.entries(family.settings).map(([key, hub]) => {
    // GPT-2's inner size is four times its hidden size unless it says otherwise.
    return [key, uint(read.count(hub, key === 'feed_forward_length' ? fourfold(family, read) : undefined))] as const;
  });
  const tensors = new Map<string, Float32Array>();
  const factors = new Map<string, number>();
  const own: Keys = ownKeys[family.architecture]({ read, raw: config, path, tensors, factors });
  const prefixed = Object.entries<GgufValue>({
    ...Object.fromEntries(settings),
    [family.epsilon.key]: float(read.number(family.epsilon.hub, 1e-6)),
    ...own,
  }).map(([key, value]) => [`${family.architecture}.${key}`, value] as const);
  const architecture = { kind: 'string', value: family.architecture } as const;
  return { family, keys: new Map([['general.architecture', architecture], ...prefixed]), tensors, factors };
}

function fourfold(family: GgufFamily, read: ConfigReader): number | undefined {
  return family.settings.feed_forward_length === 'n_inner' ? 4 * read.count('n_embd') : undefined;
}

export function uint(value: number): GgufValue {
  return { kind: 'uint32', value };
}

export function float(value: number): GgufValue {
  return { kind: 'float32', value };
}

interface Source {
  readonly read: ConfigReader;
  readonly raw: Fields;
  readonly path: string;
  readonly tensors: Map<string, Float32Array>;
  readonly factors: Map<string, number>;
}

/** What each family has beside the settings that all have. */
const ownKeys = {
  llama: (source) => ({ ...silu(source), ...rotary(source), ...sight(source) }),
  qwen2: (source) => ({ ...silu(source), ...fullSight(source), ...rotary(source) }),
  qwen3: (source) => ({ ...silu(source), ...fullSight(source), ...rotary(source) }),
  gemma: (source) => ({ ...gelu(source), ...rotary(source) }),
  gemma2: (source) => ({
    ...gelu(source),
    ...rotary(source),
    ...queryScale(source, { layersOfTheLargest: 46, into: 'attn_q' }),
    ...sliding(source, 2),
    attn_logit_softcapping: cap(source, 'attn_logit_softcapping'),
    final_logit_softcapping: cap(source, 'final_logit_softcapping'),
  }),
  gemma3: (source) => ({
    ...gelu(source),
    ...uncapped(source),
    ...rotary(source),
    ...queryScale(source, { layersOfTheLargest: 62, into: 'attn_q_norm' }),
    ...sliding(source, 6),
  }),
  phi3: (source) => ({
    ...silu(source),
    ...rotary(source, source.read.number('partial_rotary_factor', turnedShare(source.raw))),
    ...sight(source),
    'attention.sliding_window': uint(source.read.number('sliding_window', 0)),
    ...original(source),
  }),
  gpt2: ({ read }) => {
    read.choice('activation_function', ['gelu_new', 'gelu_pytorch_tanh'], 'gelu_new');
    if (!read.boolean('scale_attn_weights', true)) read.refuse('scale_attn_weights', 'true');
    if (read.boolean('scale_attn_by_inverse_layer_idx', false)) read.refuse('scale_attn_by_inverse_layer_idx', 'false');
    return {};
  },
} satisfies Record<GgufArchitecture, (source: Source) => Keys>;

function silu({ read }: Source): Keys {
  read.choice('hidden_act', ['silu'], 'silu');
  return {};
}

/** Gemma's table of words is its head too, and `gelu` in old configs means the approximation by tanh. */
function gelu({ read }: Source): Keys {
  read.choice('hidden_activation', ['gelu_pytorch_tanh'], 'gelu_pytorch_tanh');
  if (!read.boolean('tie_word_embeddings', true)) read.refuse('tie_word_embeddings', 'true');
  if (read.boolean('attention_bias', false)) read.refuse('attention_bias', 'false');
  return {};
}

function headSize({ read }: Source): number {
  return read.count('head_dim', Math.floor(read.count('hidden_size') / read.count('num_attention_heads')));
}

function turnedShare(raw: Fields): number {
  const parameters = raw['rope_parameters'];
  const share =
    typeof parameters === 'object' && parameters !== null && 'partial_rotary_factor' in parameters
      ? parameters.partial_rotary_factor
      : 1;
  return typeof share === 'number' ? share : 1;
}

function rotary(source: Source, share = 1): Keys {
  const { read, raw, path, tensors } = source;
  const size = headSize(source);
  const dimensions = Math.floor(share * size);
  const rope: WrittenRope = ropeToWrite(raw, { path, dimensions, length: read.count('max_position_embeddings', 2048) });
  for (const [name, values] of rope.tensors) tensors.set(name, values);
  return {
    'attention.head_count_kv': uint(read.count('num_key_value_heads', read.count('num_attention_heads'))),
    'attention.key_length': uint(size),
    'attention.value_length': uint(size),
    'rope.dimension_count': uint(dimensions),
    ...rope.keys,
  };
}

/**
 * Where llama.cpp looks back without a limit and the model does not, the file promises no longer context than both
 * compute alike.
 */
function sight({ read }: Source): Keys {
  const length = read.count('max_position_embeddings', 2048);
  return { context_length: uint(Math.min(length, read.count('sliding_window', length))) };
}

/** The length that Phi-3's short factors are for. */
function original({ read }: Source): Keys {
  const length = read.count('original_max_position_embeddings', read.count('max_position_embeddings', 2048));
  return { 'rope.scaling.original_context_length': uint(length) };
}

function fullSight({ read }: Source): Keys {
  if (read.boolean('use_sliding_window', false)) read.refuse('use_sliding_window', 'false');
  return {};
}

/**
 * llama.cpp derives the scale of the scores from the sizes, which is that of all released models; another one goes into
 * the queries, or into the norm over them.
 */
function queryScale(source: Source, { layersOfTheLargest, into }: { layersOfTheLargest: number; into: string }): Keys {
  const { read, factors } = source;
  const ofTheLargest = Math.floor(read.count('hidden_size') / read.count('num_attention_heads'));
  const expected = read.count('num_hidden_layers') === layersOfTheLargest ? ofTheLargest : headSize(source);
  const told = read.number('query_pre_attn_scalar', 256);
  if (told <= 0) read.refuse('query_pre_attn_scalar', 'a number above 0');
  if (told !== expected) factors.set(into, Math.sqrt(expected / told));
  return {};
}

function sliding({ read, raw }: Source, pattern: number): Keys {
  const layers = read.count('num_hidden_layers');
  const usual = Array.from({ length: layers }, (_, layer) => layer % pattern < pattern - 1);
  const told = Array.isArray(raw['layer_types']) ? (raw['layer_types'] as readonly Json[]) : null;
  const every = read.count('sliding_window_pattern', pattern);
  const slides =
    told?.map((type) => type === 'sliding_attention') ?? usual.map((_, layer) => layer % every < every - 1);
  if (slides.length !== layers) read.refuse('layer_types', `one for each of ${layers} layers`);
  const differs = slides.some((value, layer) => value !== usual[layer]);
  return {
    'attention.sliding_window': uint(read.count('sliding_window', 4096)),
    ...(differs ? { 'attention.sliding_window_pattern': { kind: 'list', of: 'bool', values: slides } } : {}),
  };
}

/** Gemma 2's scores and logits are always capped in llama.cpp. */
function cap({ read, raw }: Source, field: string): GgufValue {
  const value = raw[field];
  return typeof value === 'number' && value > 0 ? float(value) : read.refuse(field, 'a number above 0');
}

function uncapped({ read, raw }: Source): Keys {
  if ((raw['attn_logit_softcapping'] ?? null) !== null) read.refuse('attn_logit_softcapping', 'null');
  const final = raw['final_logit_softcapping'] ?? null;
  return final === null ? {} : { final_logit_softcapping: float(read.number('final_logit_softcapping', 0)) };
}
