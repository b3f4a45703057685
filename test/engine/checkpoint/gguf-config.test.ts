/** Configs from GGUF metadata: what a file leaves unsaid is what llama.cpp takes then; what would change the numbers is refused. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openModel } from '../../../engine/checkpoint/model-folder.ts';
import { ggufBytes } from './gguf-bytes.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-gguf-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Keys = Parameters<typeof ggufBytes>[0];

async function configOf(architecture: string, own: Keys, tensors: Readonly<Record<string, number[]>> = {}) {
  const path = join(folder, `${architecture}.gguf`);
  const keys = {
    'general.architecture': architecture,
    [`${architecture}.block_count`]: 7,
    [`${architecture}.context_length`]: 4096,
    [`${architecture}.embedding_length`]: 64,
    [`${architecture}.feed_forward_length`]: 128,
    [`${architecture}.attention.head_count`]: 4,
    ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`${architecture}.${key}`, value])),
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.tokens': ['a', 'b', 'ab'],
    'tokenizer.ggml.merges': ['a b'],
  };
  const words = { name: 'token_embd.weight', sizes: [64, 3], values: new Float32Array(192) };
  const others = Object.entries(tensors).map(([name, values]) => ({
    name,
    sizes: [values.length],
    values: Float32Array.from(values),
  }));
  await writeFile(path, ggufBytes(keys, [words, ...others]));
  const model = await openModel(path);
  await model.close();
  return model.config;
}

const refusal = (result: Promise<unknown>): Promise<unknown> =>
  result.then(
    () => 'accepted',
    (thrown: { data: { field: string } }) => thrown.data.field,
  );

const sliding = 'sliding_attention';
const full = 'full_attention';

describe('Gemma', () => {
  test('2: every second layer sees everything; scores and logits are capped', async () => {
    expect(await configOf('gemma2', { 'attention.key_length': 32 })).toMatchObject({
      model_type: 'gemma2',
      head_dim: 32,
      query_pre_attn_scalar: 32,
      sliding_window: 4096,
      layer_types: [sliding, full, sliding, full, sliding, full, sliding],
      attn_logit_softcapping: 50,
      final_logit_softcapping: 30,
      hidden_activation: 'gelu_pytorch_tanh',
      tie_word_embeddings: true,
    });
  });

  test('2 of 46 layers scales by the width that each head would have of the hidden size', async () => {
    const config = await configOf('gemma2', { block_count: 46, 'attention.key_length': 32 });
    expect(config['query_pre_attn_scalar']).toBe(16);
  });

  test('3: every sixth layer sees everything, and turns by another base', async () => {
    const own = { 'attention.sliding_window': 512, 'rope.freq_base': 1000000 };
    expect(await configOf('gemma3', own)).toMatchObject({
      model_type: 'gemma3_text',
      rope_theta: 1000000,
      rope_local_base_freq: 10000,
      layer_types: [sliding, sliding, sliding, sliding, sliding, full, sliding],
      attn_logit_softcapping: null,
      final_logit_softcapping: null,
    });
  });

  test('3: what slides may be said for each layer; without a window none does', async () => {
    const told = [true, false, false, true, true, true, false];
    const own = { 'attention.sliding_window': 512, 'attention.sliding_window_pattern': told };
    expect((await configOf('gemma3', own))['layer_types']).toEqual(told.map((slides) => (slides ? sliding : full)));
    expect(new Set((await configOf('gemma3', {}))['layer_types'] as string[])).toEqual(new Set([full]));
    const short = { ...own, 'attention.sliding_window_pattern': [1, 0] };
    expect(await refusal(configOf('gemma3', short))).toBe('gemma3.attention.sliding_window_pattern');
  });
});

test('Phi-3: a window of 0 is none, a part of each head turns, factors for short rows and for long ones', async () => {
  const own = {
    'attention.sliding_window': 0,
    'rope.dimension_count': 8,
    'rope.scaling.original_context_length': 1024,
    'rope.scaling.attn_factor': 1.25,
  };
  const factors = { 'rope_factors_long.weight': [1, 2, 3, 4], 'rope_factors_short.weight': [1, 1, 1, 1.5] };
  expect(await configOf('phi3', own, factors)).toMatchObject({
    sliding_window: null,
    partial_rotary_factor: 0.5,
    original_max_position_embeddings: 1024,
    rope_scaling: { type: 'longrope', attention_factor: 1.25, long_factor: [1, 2, 3, 4], short_factor: [1, 1, 1, 1.5] },
  });
});

test('GPT-2: its own names, heads of its own size', async () => {
  const config = await configOf('gpt2', { 'attention.layer_norm_epsilon': 0.5 });
  expect(config).toMatchObject({ n_embd: 64, n_head: 4, n_layer: 7, n_positions: 4096, n_inner: 128 });
  expect(config).toMatchObject({ layer_norm_epsilon: 0.5, activation_function: 'gelu_new' });
});

describe('refusing, by the key', () => {
  test('half of a head that turns, scalings without their numbers, YaRN with factors of its own', async () => {
    expect(await refusal(configOf('llama', { 'rope.dimension_count': 8 }))).toBe('llama.rope.dimension_count');
    expect(await refusal(configOf('llama', { 'rope.scaling.type': 'yarn' }))).toBe('llama.rope.scaling.type');
    expect(await refusal(configOf('llama', { 'rope.scaling.type': 'longrope' }))).toBe('llama.rope.scaling.type');
    const yarn = { 'rope.scaling.type': 'yarn', 'rope.scaling.factor': 4, 'rope.scaling.attn_factor': 0.5 };
    expect(await refusal(configOf('qwen2', yarn))).toBe('qwen2.rope.scaling.attn_factor');
    expect(await refusal(configOf('llama', { 'attention.head_count': [4, 4] }))).toBe('llama.attention.head_count');
  });
});
