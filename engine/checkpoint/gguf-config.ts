/** A Hugging Face config from the metadata of a GGUF file of the llama family. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import type { GgufFile } from './gguf.ts';

const classes: Readonly<Record<string, string>> = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
};

/** Errors: `model.unknown-architecture`, `model.config` with the key that is missing or wrong. */
export async function configOf(path: string, file: GgufFile): Promise<Readonly<Record<string, Json>>> {
  const { keys, tensors } = file;
  const named = keys.get('general.architecture');
  const architecture = typeof named === 'string' ? named : 'none';
  const className = classes[architecture];
  if (className === undefined) {
    throw new StudioError('model.unknown-architecture', { architecture, known: Object.keys(classes).join(', ') });
  }
  const numberAt = (name: string): number | undefined => {
    const value = keys.get(`${architecture}.${name}`);
    return typeof value === 'number' ? shortest(value) : undefined;
  };
  const wrong = (name: string, legal: string): StudioError =>
    new StudioError('model.config', {
      path,
      field: `${architecture}.${name}`,
      value: JSON.stringify(keys.get(`${architecture}.${name}`) ?? 'missing').slice(0, 80),
      legal,
    });
  const size = (name: string): number => {
    const value = numberAt(name);
    if (value === undefined || !Number.isSafeInteger(value) || value < 1) throw wrong(name, 'a whole number above 0');
    return value;
  };
  const hidden = size('embedding_length');
  const heads = size('attention.head_count');
  const headDim = numberAt('attention.key_length') ?? hidden / heads;
  if (!Number.isInteger(headDim)) throw wrong('attention.head_count', `a divisor of ${hidden}`);
  const theta = numberAt('rope.freq_base') ?? 10000;
  const rows = tensors.get('token_embd.weight')?.shape[0];
  return {
    architectures: [className],
    model_type: architecture,
    hidden_act: 'silu',
    hidden_size: hidden,
    intermediate_size: size('feed_forward_length'),
    num_hidden_layers: size('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: numberAt('attention.head_count_kv') ?? heads,
    head_dim: headDim,
    max_position_embeddings: size('context_length'),
    rms_norm_eps: numberAt('attention.layer_norm_rms_epsilon') ?? 1e-6,
    rope_theta: theta,
    rope_scaling: await ropeScaling(path, file, {
      theta,
      headDim,
      numberAt,
      kind: keys.get(`${architecture}.rope.scaling.type`),
    }),
    vocab_size: rows ?? size('vocab_size'),
    tie_word_embeddings: !tensors.has('output.weight'),
    attention_bias: tensors.has('blk.0.attn_q.bias'),
    mlp_bias: tensors.has('blk.0.ffn_up.bias'),
    initializer_range: 0.02,
    ...tokenIds(keys),
  };
}

/** A float32 as the shortest decimal that means it: 9.999999747e-6 is 1e-5. */
function shortest(value: number): number {
  const short = Number(value.toPrecision(7));
  return Math.fround(short) === value ? short : value;
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

interface Rope {
  readonly theta: number;
  readonly headDim: number;
  readonly kind: Json | undefined;
  numberAt(name: string): number | undefined;
}

async function ropeScaling(path: string, file: GgufFile, rope: Rope): Promise<Json> {
  if (file.tensors.has('rope_freqs.weight')) return llama3Scaling(path, await file.read('rope_freqs.weight'), rope);
  if (rope.kind === undefined || rope.kind === 'none') return null;
  const factor = rope.numberAt('rope.scaling.factor');
  if (rope.kind === 'linear' && factor !== undefined) return { rope_type: 'linear', factor };
  throw new StudioError('model.config', {
    path,
    field: 'rope.scaling.type',
    value: JSON.stringify(rope.kind),
    legal: 'none, linear',
  });
}

/** The converter stores Llama 3.1's scaling as a divisor for each frequency; its parameters are found by trying. */
function llama3Scaling(path: string, divisors: Float32Array, rope: Rope): Json {
  const scaling = { rope_type: 'llama3', factor: Math.max(...divisors), low_freq_factor: 1, high_freq_factor: 4 };
  for (const original of [8192, 4096, 16384, 32768, 2048, 1024]) {
    const expected = llama3Divisors({ ...rope, factor: scaling.factor, original });
    if (expected.length === divisors.length && expected.every((value, i) => near(value, divisors[i] ?? 0))) {
      return { ...scaling, original_max_position_embeddings: original };
    }
  }
  throw new StudioError('model.config', {
    path,
    field: 'rope_freqs.weight',
    value: `${divisors.length} divisors of frequencies`,
    legal: "those of Llama 3.1's scaling",
  });
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-3 * Math.abs(a);
}

function llama3Divisors(rope: { theta: number; headDim: number; factor: number; original: number }): number[] {
  return Array.from({ length: rope.headDim / 2 }, (_, i) => {
    const wavelength = 2 * Math.PI * rope.theta ** ((2 * i) / rope.headDim);
    if (wavelength < rope.original / 4) return 1;
    if (wavelength > rope.original) return rope.factor;
    const smooth = (rope.original / wavelength - 1) / 3;
    return 1 / ((1 - smooth) / rope.factor + smooth);
  });
}
