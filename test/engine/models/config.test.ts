/** Config fields: each one is honoured, or refused by name, value and legal answers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { architectureNames, architectureOf } from '../../../engine/models/registry.ts';
import { inverseFrequencies, type Rope } from '../../../engine/models/llama/rope.ts';
import { toEnvelope } from '../../../engine/spec/errors.ts';
import type { Json } from '../../../engine/spec/json.ts';
import { goldenModel } from '../../support/engine-fixtures.ts';

type Config = Readonly<Record<string, Json>>;

function configOf(model: string): Config {
  return JSON.parse(readFileSync(join(goldenModel(model), 'config.json'), 'utf8')) as Config;
}

function refusal(config: Config): unknown {
  try {
    return architectureOf(config).parseConfig(config, 'a/config.json');
  } catch (thrown) {
    const error = toEnvelope(thrown);
    if (error.kind !== 'expected') throw thrown;
    return { code: error.code, ...error.data };
  }
}

const scaling = (rope_type: string) => ({ rope_scaling: { rope_type, factor: 2 }, rope_parameters: null });

describe('a field that would change the mathematics is refused', () => {
  test.each<[string, Config, string, string, string]>([
    ['bert', { position_embedding_type: 'relative_key' }, 'position_embedding_type', '"relative_key"', 'absolute'],
    [
      'bert',
      { hidden_act: 'quick_gelu' },
      'hidden_act',
      '"quick_gelu"',
      'gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu, silu, swish, tanh',
    ],
    ['bert', { is_decoder: true }, 'is_decoder', 'true', 'false'],
    ['bert', { add_cross_attention: true }, 'add_cross_attention', 'true', 'false'],
    ['bert', { num_attention_heads: 5 }, 'num_attention_heads', '5', 'a divisor of hidden_size 32'],
    ['bert', { hidden_size: '32' }, 'hidden_size', '"32"', 'a whole number of at least 1'],
    ['bert', { num_hidden_layers: 0 }, 'num_hidden_layers', '0', 'a whole number of at least 1'],
    ['roberta', { position_embedding_type: 'rotary' }, 'position_embedding_type', '"rotary"', 'absolute'],
    ['distilbert', { n_heads: 5 }, 'n_heads', '5', 'a divisor of dim 32'],
    [
      'distilbert',
      { activation: 'quick_gelu' },
      'activation',
      '"quick_gelu"',
      'gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu, silu, swish, tanh',
    ],
    ['electra', { summary_type: 'mean' }, 'summary_type', '"mean"', 'first'],
    ['electra', { summary_proj_to_labels: true }, 'summary_proj_to_labels', 'true', 'false'],
    ['electra', { embedding_size: 0 }, 'embedding_size', '0', 'a whole number of at least 1'],
    ['electra', { position_embedding_type: 'relative_key' }, 'position_embedding_type', '"relative_key"', 'absolute'],
    ['llama', { hidden_act: 'gelu' }, 'hidden_act', '"gelu"', 'silu'],
    ['llama', { pretraining_tp: 2 }, 'pretraining_tp', '2', '1'],
    ['llama', { num_key_value_heads: 3 }, 'num_key_value_heads', '3', 'a divisor of num_attention_heads 4'],
    ['llama', { head_dim: 7 }, 'head_dim', '7', 'an even number'],
    ['llama', { attention_bias: 'yes' }, 'attention_bias', '"yes"', 'true or false'],
    ['llama', { rms_norm_eps: '1e-6' }, 'rms_norm_eps', '"1e-6"', 'a number'],
    ['llama', scaling('dynamic'), 'rope_scaling.rope_type', '"dynamic"', 'default, linear, llama3'],
    ['llama', scaling('yarn'), 'rope_scaling.rope_type', '"yarn"', 'default, linear, llama3'],
    ['llama', scaling('longrope'), 'rope_scaling.rope_type', '"longrope"', 'default, linear, llama3'],
    ['llama', scaling('llama3'), 'rope_scaling.low_freq_factor', 'null', 'a number above 0'],
    ['llama', { rope_parameters: null, rope_theta: '10000' }, 'rope_theta', '"10000"', 'a number above 0'],
    ['llama', { rope_parameters: { rope_theta: 0 } }, 'rope_parameters.rope_theta', '0', 'a number above 0'],
  ])('%s %j', (...[model, changed, field, value, legal]) => {
    expect(refusal({ ...configOf(model), ...changed })).toEqual({
      code: 'model.config',
      path: 'a/config.json',
      field,
      value,
      legal,
    });
  });
});

test('an unknown architecture is refused with those that are known', () => {
  expect(refusal({ model_type: 'mamba' })).toEqual({
    code: 'model.unknown-architecture',
    architecture: 'mamba',
    known: architectureNames.join(', '),
  });
});

describe('fields that are honoured', () => {
  test.each<[string, string, Config, Readonly<Record<string, unknown>>]>([
    ['bert', 'positions are the longest row', {}, { maxLength: 64, padTokenId: 0, tied: false }],
    ['roberta', 'two positions belong to padding', { max_position_embeddings: 66 }, { maxLength: 64 }],
    [
      'distilbert',
      'six layers of twelve heads unless it says otherwise',
      { n_layers: null, dim: 768, n_heads: null },
      { layers: 6, headSize: 64 },
    ],
    [
      'distilbert',
      'a table of sinusoids is read like a learned one',
      { sinusoidal_pos_embds: true },
      { maxLength: 64 },
    ],
    ['electra', 'embeddings narrower than the layers', {}, { embeddingSize: 16, hidden: 32 }],
    [
      'electra',
      'a bare summary',
      { summary_use_proj: false, summary_activation: null },
      { summary: { projects: false, activation: null } },
    ],
    ['llama', 'as many key heads as heads', { num_key_value_heads: null }, { keyValueHeads: 4 }],
    ['llama', 'a head size of its own', { head_dim: 12 }, { headSize: 12 }],
    ['llama', 'biases', { attention_bias: true, mlp_bias: true }, { attentionBias: true, mlpBias: true }],
    ['llama', 'the first of several ids', { pad_token_id: [7, 8] }, { padTokenId: 7 }],
    ['llama', 'no padding token', { pad_token_id: null }, { padTokenId: null }],
    ['smollm', 'theta as Transformers 4 wrote it', {}, { rope: { theta: 100_000, scaling: null }, tied: true }],
  ])('%s: %s', (...[model, , changed, expected]) => {
    const config = { ...configOf(model), ...changed };
    expect(architectureOf(config).parseConfig(config, 'a')).toMatchObject(expected);
  });
});

describe('rotary frequencies', () => {
  const plain: Rope = { theta: 10_000, scaling: null };
  test.each<[string, Rope, readonly number[]]>([
    ['θ^(−2i/size)', plain, [1, 0.1, 0.01, 0.001]],
    ['linear scaling divides', { ...plain, scaling: { type: 'linear', factor: 4 } }, [0.25, 0.025, 0.0025, 0.00025]],
    [
      'Llama 3 keeps the fast, divides the slow, blends between',
      {
        ...plain,
        scaling: { type: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 256 },
      },
      // Wavelengths 6.28 and 62.8 are below 256/4; 628 and 6283 above 256/1.
      [1, 0.1, 0.00125, 0.000125],
    ],
    [
      'Llama 3 between its bounds',
      {
        theta: 10_000,
        scaling: { type: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 1024 },
      },
      // Wavelength 628.3: smooth = (1024/628.3 − 1)/3 = 0.20992.
      [1, 0.1, (1 - 0.209915) * (0.01 / 8) + 0.209915 * 0.01, 0.000125],
    ],
  ])('%s', (_what, rope, expected) => {
    const found = inverseFrequencies(rope, 8);
    expect(found.map((value, index) => Math.abs(value / (expected[index] ?? NaN) - 1) < 1e-4)).toEqual(
      expected.map(() => true),
    );
  });
});
