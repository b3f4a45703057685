/** Models taken along as GGUF: read back they are the model they were, whatever the family's names and layouts. */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openGguf } from '../../../engine/checkpoint/gguf.ts';
import { openModel, type BaseModel } from '../../../engine/checkpoint/model-folder.ts';
import type { WrittenType } from '../../../engine/checkpoint/quantise.ts';
import { exportGguf, type ModelToWrite } from '../../../engine/export/gguf.ts';
import { architectureNames } from '../../../engine/models/registry.ts';
import { Runtime } from '../../../engine/runtime/session.ts';
import type { Json } from '../../../engine/spec/json.ts';
import { causalLogits } from '../../parity/causal-logits.ts';

const shared = join(import.meta.dirname, '../../../../shared');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-export-gguf-'));
});
afterAll(() => rm(folder, { recursive: true }));

function toWrite(base: BaseModel, changes: Readonly<Record<string, Json>> = {}): ModelToWrite {
  const { weights, tokenizer, chatTemplate } = base;
  const shapeOf = (name: string): readonly number[] => weights.entry(name)?.shape ?? [];
  const stop = [base.config['eos_token_id']].flat().filter((id) => typeof id === 'number');
  return {
    name: base.name,
    config: { ...base.config, ...changes },
    weights: new Map(
      Array.from(weights.names(), (name) => [name, { shape: shapeOf(name), read: () => weights.read(name) }]),
    ),
    tokenizer,
    chatTemplate,
    stop: new Set(stop),
  };
}

async function written(model: ModelToWrite, type: WrittenType): Promise<BaseModel> {
  const out = await mkdtemp(join(folder, 'out-'));
  expect(await exportGguf(model, out, type)).toEqual([`${model.name}.${type}.gguf`, 'Modelfile']);
  expect((await readdir(out)).sort()).toEqual(['Modelfile', `${model.name}.${type}.gguf`]);
  return openModel(join(out, `${model.name}.${type}.gguf`));
}

/** The size of the heads, which Gemma's scores are scaled by in all released models but the largest. */
const gemma = { query_pre_attn_scalar: 12 };
const longrope = {
  attention_factor: 1.25,
  original_max_position_embeddings: 16,
  long_factor: [1, 2, 4, 8],
  short_factor: [1, 1.25, 1.5, 2],
};
/** Fields that mean something to the forward pass, as released checkpoints name them. */
const families = [
  { name: 'llama', changes: {}, told: { rope_theta: 10000, head_dim: 8, tie_word_embeddings: false } },
  { name: 'smollm', changes: {}, told: { rope_theta: 100000, tie_word_embeddings: true } },
  {
    name: 'llama3-rope',
    changes: {},
    told: {
      rope_scaling: {
        rope_type: 'llama3',
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 16,
      },
    },
  },
  {
    name: 'llama',
    changes: { rope_parameters: { rope_theta: 10000, rope_type: 'longrope', ...longrope } },
    told: { rope_scaling: { type: 'longrope', ...longrope } },
  },
  // llama.cpp's llama sees all of a row: beyond the window the file promises nothing.
  { name: 'mistral', changes: {}, told: { model_type: 'llama', max_position_embeddings: 8 } },
  { name: 'qwen2', changes: {}, told: { rope_theta: 1000000, tie_word_embeddings: true } },
  { name: 'qwen3', changes: {}, told: { head_dim: 12, rope_theta: 1000000 } },
  {
    name: 'gemma2',
    changes: gemma,
    told: {
      ...gemma,
      attn_logit_softcapping: 5,
      final_logit_softcapping: 30,
      sliding_window: 8,
      layer_types: ['sliding_attention', 'full_attention'],
      hidden_activation: 'gelu_pytorch_tanh',
    },
  },
  {
    name: 'gemma3',
    changes: gemma,
    told: {
      ...gemma,
      model_type: 'gemma3_text',
      rope_theta: 1000000,
      rope_local_base_freq: 10000,
      sliding_window: 8,
      layer_types: ['sliding_attention', 'full_attention'],
      final_logit_softcapping: null,
    },
  },
  { name: 'phi3', changes: {}, told: { sliding_window: null, partial_rotary_factor: 1, rope_scaling: null } },
  { name: 'gpt2', changes: {}, told: { n_inner: 48, layer_norm_epsilon: 1e-3, tie_word_embeddings: true } },
] as const;

describe('each family', () => {
  test.each(families)('$name in F32 is what it was', async ({ name, changes, told }) => {
    const base = await openModel(join(shared, 'golden/models', name));
    const again = await written(toWrite(base, changes), 'F32');
    const tied = again.config['tie_word_embeddings'] === true;
    const names = [...base.weights.names()].filter((weight) => !(tied && weight === 'lm_head.weight'));
    expect([...again.weights.names()].sort()).toEqual(names.sort());
    for (const weight of names) {
      expect(again.weights.entry(weight)?.shape, weight).toEqual(base.weights.entry(weight)?.shape);
      const expected = await base.weights.read(weight);
      const found = await again.weights.read(weight);
      // Gemma's norms are stored with 1 added, so they are rounded as numbers near 1 are.
      const rounding = name.startsWith('gemma') && weight.endsWith('norm.weight') ? 1.2e-7 : 0;
      const worst = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - (found[at] ?? NaN))), 0);
      expect(worst, weight).toBeLessThanOrEqual(rounding);
    }
    const same = [
      'hidden_size',
      'intermediate_size',
      'num_hidden_layers',
      'num_attention_heads',
      'vocab_size',
      'n_embd',
    ];
    const asked = [...same.filter((field) => field in base.config), ...Object.keys(told)];
    const fields = { ...base.config, ...changes, ...told } as Readonly<Record<string, Json>>;
    expect(Object.fromEntries(asked.map((field) => [field, again.config[field]]))).toEqual(
      Object.fromEntries(asked.map((field) => [field, fields[field]])),
    );
    expect(again.chatTemplate).toBe(base.chatTemplate);
    expect(again.tokenizer.special.eos?.id).toBe(base.tokenizer.special.eos?.id);
    await base.close();
    await again.close();
  });

  const run = families.filter(({ name }) => {
    const config = JSON.parse(readFileSync(join(shared, 'golden/models', name, 'config.json'), 'utf8')) as {
      model_type: string;
    };
    return architectureNames.includes(config.model_type) && (name !== 'mistral' || architectureNames.includes('llama'));
  });
  test.each(run)('$name in F32 answers with the same logits', async ({ name, changes }) => {
    const base = await openModel(join(shared, 'golden/models', name));
    const again = await written(toWrite(base, changes), 'F32');
    const machine = { runtime: await Runtime.open(), device: 'cpu' } as const;
    const ids = [5, 17, 200, 6, 31, 90, 120];
    const expected = await causalLogits({ ...base, config: { ...base.config, ...changes } }, ids, machine);
    const found = await causalLogits(again, ids, machine);
    const worst = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - (found[at] ?? NaN))), 0);
    expect(worst).toBeLessThan(2e-6);
    await base.close();
    await again.close();
  });
});

test.each([
  ['gemma2', 'model.layers.0.self_attn.q_proj.weight', (value: number) => value],
  ['gemma3', 'model.layers.0.self_attn.q_norm.weight', (value: number) => value + 1],
] as const)('%s with another scale of the scores: the queries carry it', async (name, carrier, applied) => {
  const base = await openModel(join(shared, 'golden/models', name));
  expect(base.config['query_pre_attn_scalar']).toBe(20);
  const again = await written(toWrite(base), 'F32');
  expect(again.config['query_pre_attn_scalar']).toBe(12);
  const [before, after] = [await base.weights.read(carrier), await again.weights.read(carrier)];
  // Scores are q·k / √20 in the model, q′·k / √12 in the file.
  const worst = before.reduce(
    (most, value, at) =>
      Math.max(most, Math.abs(applied(value) / Math.sqrt(20) - applied(after[at] ?? NaN) / Math.sqrt(12))),
    0,
  );
  expect(worst).toBeLessThan(1e-7);
  await base.close();
  await again.close();
});

const scalings = [
  ['llama', { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 16 }],
  ['llama', { rope_type: 'yarn', factor: 2, original_max_position_embeddings: 32, beta_fast: 16, beta_slow: 2 }],
  ['qwen3', { rope_type: 'linear', factor: 4 }],
  ['phi3', { type: 'longrope', long_factor: [1, 1.5, 2, 4], short_factor: [1, 1.1, 1.2, 1.3] }],
] as const;

test.each(scalings)('%s with positions scaled by %j', async (name, scaling) => {
  const base = await openModel(join(shared, 'golden/models', name));
  const config = {
    ...base.config,
    rope_parameters: null,
    rope_theta: 10000,
    rope_scaling: scaling,
    original_max_position_embeddings: 16,
  };
  const again = await written({ ...toWrite(base), config }, 'F32');
  expect(again.config['rope_scaling']).toMatchObject(scaling);
  const machine = { runtime: await Runtime.open(), device: 'cpu' } as const;
  const ids = Array.from({ length: 24 }, (_, at) => (at * 37 + 11) % 280);
  const expected = await causalLogits({ ...base, config }, ids, machine);
  const found = await causalLogits(again, ids, machine);
  expect(expected.reduce((most, value, at) => Math.max(most, Math.abs(value - (found[at] ?? NaN))), 0)).toBeLessThan(
    1e-5,
  );
  await base.close();
  await again.close();
});

describe('types', () => {
  test.each([
    ['F16', { matrix: 'F16', words: 'F16', number: 1 }],
    ['BF16', { matrix: 'BF16', words: 'BF16', number: 32 }],
    ['Q8_0', { matrix: 'Q8_0', words: 'Q8_0', number: 7 }],
    ['Q4_0', { matrix: 'Q4_0', words: 'Q8_0', number: 2 }],
  ] as const)(
    '%s: matrices so, lists in full, rows that fill no block in F16',
    async (type, { matrix, words, number }) => {
      const base = await openModel(join(shared, 'golden/models/llama'));
      const again = await written(toWrite(base), type);
      const file = await openGguf(again.path);
      const typeOf = (name: string): string | undefined => file.tensors.get(name)?.dtype;
      expect(['blk.0.attn_q.weight', 'token_embd.weight', 'output.weight', 'output_norm.weight'].map(typeOf)).toEqual([
        matrix,
        words,
        words,
        'F32',
      ]);
      // Its rows are 48 long.
      expect(typeOf('blk.0.ffn_down.weight')).toBe(type === 'BF16' ? 'BF16' : 'F16');
      expect(file.keys.get('general.file_type')).toBe(number);
      await file.close();
      await base.close();
      await again.close();
    },
  );

  test('a GGUF file read and written in Q8_0 again is Q8_0 of the same values', async () => {
    const base = await openModel(join(shared, 'golden-extra/gguf/models/llama-q8_0.gguf'));
    const again = await written(toWrite(base), 'Q8_0');
    for (const name of base.weights.names()) {
      const [before, after] = [await base.weights.read(name), await again.weights.read(name)];
      const largest = before.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(
        after.every((value, at) => Math.abs(value - (before[at] ?? NaN)) <= largest / 250),
        name,
      ).toBe(true);
    }
    await base.close();
    await again.close();
  });
});

test('what ends an answer is in the file and beside it', async () => {
  const base = await openModel(join(shared, 'golden/models/llama'));
  const model = { ...toWrite(base), stop: new Set([1, 4]) };
  const again = await written(model, 'F16');
  expect(again.generationConfig).toMatchObject({ bos_token_id: 0, eos_token_id: [4, 1] });
  const lines = (await readFile(join(again.path, '../Modelfile'), 'utf8')).split('\n');
  expect(lines[0]).toBe('FROM ./llama.F16.gguf');
  expect(lines.slice(-3)).toEqual(['PARAMETER stop "<|end_of_text|>"', 'PARAMETER stop "<|eot_id|>"', '']);
  await base.close();
  await again.close();
});

describe('refusing, by name', () => {
  const refusal = async (name: string, changes: Readonly<Record<string, Json>>, extra?: string): Promise<unknown> => {
    const base = await openModel(join(shared, 'golden/models', name));
    const model = toWrite(base, changes);
    const more = { shape: [2, 32], read: () => new Float32Array(64) };
    const weights = extra === undefined ? model.weights : new Map([...model.weights, [extra, more]]);
    try {
      await exportGguf({ ...model, weights }, folder, 'F16');
      return 'accepted';
    } catch (thrown) {
      const { code, data } = thrown as { code: string; data: Readonly<Record<string, unknown>> };
      return [code, data['field'] ?? data['what'] ?? data['architecture']];
    } finally {
      await base.close();
    }
  };

  test('what llama.cpp would compute otherwise, what it has no tensor for, a family it does not know here', async () => {
    expect(await refusal('gemma2', { attn_logit_softcapping: null })).toEqual([
      'model.config',
      'attn_logit_softcapping',
    ]);
    expect(await refusal('gemma2', { attention_bias: true })).toEqual(['model.config', 'attention_bias']);
    expect(await refusal('llama', { hidden_act: 'gelu' })).toEqual(['model.config', 'hidden_act']);
    expect(await refusal('qwen2', { use_sliding_window: true })).toEqual(['model.config', 'use_sliding_window']);
    expect(await refusal('llama', { rope_parameters: { rope_theta: 1e4, rope_type: 'dynamic', factor: 2 } })).toEqual([
      'model.config',
      'rope_scaling.rope_type',
    ]);
    const yarn = { rope_theta: 1e4, rope_type: 'yarn', factor: 2, mscale: 0.7 };
    expect(await refusal('llama', { rope_parameters: yarn })).toEqual(['model.config', 'rope_scaling.mscale']);
    expect(await refusal('llama', {}, 'score.weight')).toEqual(['export.no-place', 'score.weight']);
    expect(await refusal('llama', { model_type: 'opt' })).toEqual(['model.unknown-architecture', 'opt']);
    expect((await readdir(folder)).filter((name) => name.includes('.gguf'))).toEqual([]);
  });
});
