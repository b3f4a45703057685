/** A Hugging Face config.json from the metadata of a GGUF file. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { architectureNames, familyOf, type GgufArchitecture, type GgufFamily } from './gguf-families.ts';
import type { GgufFile } from './gguf.ts';
import { readKeys, type KeyReader } from './gguf-key-reader.ts';
import { ropeScaling } from './gguf-rope.ts';

type Fields = Readonly<Record<string, Json>>;

export interface GgufConfig {
  readonly family: GgufFamily;
  readonly config: Fields;
}

/** Errors: `model.unknown-architecture`, `model.config` with the key that is missing or wrong. */
export async function configOf(path: string, file: GgufFile): Promise<GgufConfig> {
  const named = file.keys.get('general.architecture');
  const architecture = typeof named === 'string' ? named : 'none';
  const family = familyOf(architecture);
  if (family === undefined) {
    throw new StudioError('model.unknown-architecture', { architecture, known: architectureNames.join(', ') });
  }
  const read = readKeys(path, file, architecture);
  const settings = Object.entries(family.settings).map(([key, hub]) => [hub, read.count(key)] as const);
  const rows = file.tensors.get('token_embd.weight')?.shape[0];
  return {
    family,
    config: {
      architectures: [family.taskClass],
      model_type: family.modelType,
      ...Object.fromEntries(settings),
      [family.epsilon.hub]: read.number(family.epsilon.key) ?? 1e-6,
      vocab_size: rows ?? read.count('vocab_size'),
      tie_word_embeddings: !file.tensors.has('output.weight'),
      initializer_range: 0.02,
      ...(await ownFields[family.architecture](file, read)),
      ...tokenIds(file.keys),
    },
  };
}

type ReadFields = (file: GgufFile, read: KeyReader) => Fields | Promise<Fields>;

/** What each family has beside the settings that all have, under the names of Transformers 4's configs. */
const ownFields = {
  llama: async (file, read) => ({ ...(await rotaryFields(file, read)), ...biases(file), hidden_act: 'silu' }),
  qwen2: async (file, read) => ({ ...(await rotaryFields(file, read)), hidden_act: 'silu' }),
  qwen3: async (file, read) => ({
    ...(await rotaryFields(file, read)),
    attention_bias: biases(file).attention_bias,
    hidden_act: 'silu',
  }),
  gemma: gemmaFields,
  gemma2: async (file, read) => ({
    ...(await gemmaFields(file, read)),
    ...slidingFields(read, { window: 4096, pattern: 2 }),
    query_pre_attn_scalar: queryScalar(read, 46),
    attn_logit_softcapping: read.number('attn_logit_softcapping') ?? 50,
    final_logit_softcapping: read.number('final_logit_softcapping') ?? 30,
  }),
  gemma3: async (file, read) => ({
    ...(await gemmaFields(file, read)),
    ...slidingFields(read, { window: null, pattern: 6 }),
    rope_local_base_freq: read.number('rope.freq_base_swa') ?? 10000,
    query_pre_attn_scalar: queryScalar(read, 62),
    attn_logit_softcapping: null,
    final_logit_softcapping: read.number('final_logit_softcapping'),
  }),
  phi3: async (file, read) => {
    const turned = read.number('rope.dimension_count') ?? headSize(read);
    const window = read.number('attention.sliding_window') ?? 0;
    return {
      ...(await rotaryFields(file, read, turned)),
      partial_rotary_factor: turned / headSize(read),
      original_max_position_embeddings:
        read.number('rope.scaling.original_context_length') ?? read.count('context_length'),
      // llama.cpp's sign for a Phi that looks back without a limit.
      sliding_window: window === 0 ? null : window,
      hidden_act: 'silu',
    };
  },
  gpt2: () => ({ activation_function: 'gelu_new', scale_attn_weights: true }),
} satisfies Record<GgufArchitecture, ReadFields>;

function headSize(read: KeyReader): number {
  const hidden = read.count('embedding_length');
  const size = read.number('attention.key_length') ?? hidden / read.count('attention.head_count');
  return Number.isInteger(size) ? size : read.refuse('attention.head_count', `a divisor of ${hidden}`);
}

async function rotaryFields(file: GgufFile, read: KeyReader, dimensions = headSize(read)): Promise<Fields> {
  const turned = read.number('rope.dimension_count') ?? dimensions;
  if (turned !== dimensions) return read.refuse('rope.dimension_count', String(dimensions));
  const theta = read.number('rope.freq_base') ?? 10000;
  return {
    num_key_value_heads: read.number('attention.head_count_kv') ?? read.count('attention.head_count'),
    head_dim: headSize(read),
    rope_theta: theta,
    rope_scaling: await ropeScaling(file, read, { theta, dimensions }),
  };
}

function biases({ tensors }: GgufFile): { readonly attention_bias: boolean; readonly mlp_bias: boolean } {
  return { attention_bias: tensors.has('blk.0.attn_q.bias'), mlp_bias: tensors.has('blk.0.ffn_up.bias') };
}

async function gemmaFields(file: GgufFile, read: KeyReader): Promise<Fields> {
  return {
    ...(await rotaryFields(file, read)),
    attention_bias: false,
    hidden_act: 'gelu_pytorch_tanh',
    hidden_activation: 'gelu_pytorch_tanh',
  };
}

/** The largest Gemmas scale by the width that each head would have of the hidden size, the others by their heads' own. */
function queryScalar(read: KeyReader, layersOfTheLargest: number): number {
  if (read.count('block_count') !== layersOfTheLargest) return headSize(read);
  return Math.floor(read.count('embedding_length') / read.count('attention.head_count'));
}

interface Sliding {
  readonly window: number | null;
  /** Every how many layers one sees everything. */
  readonly pattern: number;
}

function slidingFields(read: KeyReader, unsaid: Sliding): Fields {
  const window = read.number('attention.sliding_window') ?? unsaid.window;
  const layers = read.count('block_count');
  const told = read.value('attention.sliding_window_pattern') ?? unsaid.pattern;
  const list = Array.isArray(told) ? (told as readonly Json[]) : null;
  const every = typeof told === 'number' ? told : null;
  if (list === null ? every === null : list.length < layers) {
    return read.refuse('attention.sliding_window_pattern', `a number, or one value for each of ${layers} layers`);
  }
  const slides = (layer: number): boolean =>
    list === null ? every === 0 || layer % (every ?? 1) < (every ?? 1) - 1 : Boolean(list[layer]);
  return {
    sliding_window: window,
    layer_types: Array.from({ length: layers }, (_, layer) =>
      window !== null && slides(layer) ? 'sliding_attention' : 'full_attention',
    ),
  };
}

function tokenIds(keys: ReadonlyMap<string, Json>): Record<string, number> {
  const names = { bos_token_id: 'bos', eos_token_id: 'eos', pad_token_id: 'padding' };
  return Object.fromEntries(
    Object.entries(names).flatMap(([field, name]) => {
      const id = keys.get(`tokenizer.ggml.${name}_token_id`);
      return typeof id === 'number' ? [[field, id]] : [];
    }),
  );
}
