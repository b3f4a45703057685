/** Config fields: each one is honoured, or refused by name, value and legal answers. */
import { activationNames } from '../../../engine/models/activations.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { architectureNames, architectureOf } from '../../../engine/models/registry.ts';
import { inverseFrequencies } from '../../../engine/models/decoder/rotation.ts';
import type { Rope } from '../../../engine/models/decoder/rope.ts';
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

const scaling = (rope_type: string, others: Config = {}) => ({
  rope_scaling: { rope_type, factor: 2, ...others },
  rope_parameters: null,
});
const activations = activationNames.join(', ');
const ropes = 'default, linear, dynamic, llama3, yarn, longrope';
const divisors = '4 numbers above 0, one for each pair of values that turns';
const layerTypes = 'full_attention or sliding_attention for each of 2 layers';
const slidingFirst = ['sliding_attention', 'full_attention'];

describe('a field that would change the mathematics is refused', () => {
  test.each<[string, Config, string, string, string]>([
    ['bert', { position_embedding_type: 'relative_key' }, 'position_embedding_type', '"relative_key"', 'absolute'],
    ['bert', { hidden_act: 'mish' }, 'hidden_act', '"mish"', activations],
    ['bert', { is_decoder: true }, 'is_decoder', 'true', 'false'],
    ['bert', { add_cross_attention: true }, 'add_cross_attention', 'true', 'false'],
    ['bert', { num_attention_heads: 5 }, 'num_attention_heads', '5', 'a divisor of hidden_size 32'],
    ['bert', { hidden_size: '32' }, 'hidden_size', '"32"', 'a whole number of at least 1'],
    ['bert', { num_hidden_layers: 0 }, 'num_hidden_layers', '0', 'a whole number of at least 1'],
    ['roberta', { position_embedding_type: 'rotary' }, 'position_embedding_type', '"rotary"', 'absolute'],
    ['distilbert', { n_heads: 5 }, 'n_heads', '5', 'a divisor of dim 32'],
    ['distilbert', { activation: 'mish' }, 'activation', '"mish"', activations],
    ['electra', { summary_type: 'mean' }, 'summary_type', '"mean"', 'first'],
    ['electra', { summary_proj_to_labels: true }, 'summary_proj_to_labels', 'true', 'false'],
    ['electra', { embedding_size: 0 }, 'embedding_size', '0', 'a whole number of at least 1'],
    ['electra', { position_embedding_type: 'relative_key' }, 'position_embedding_type', '"relative_key"', 'absolute'],
    ['electra', { summary_activation: 'mish' }, 'summary_activation', '"mish"', activations],
    ['deberta-v3', { conv_kernel_size: 3 }, 'conv_kernel_size', '3', '0'],
    ['deberta-v3', { num_attention_heads: 5 }, 'num_attention_heads', '5', 'a divisor of hidden_size 32'],
    ['deberta-v3', { attention_head_size: 16 }, 'attention_head_size', '16', '8'],
    ['deberta-v3', { pooler_hidden_size: 16 }, 'pooler_hidden_size', '16', '32'],
    ['deberta-v3', { pos_att_type: ['p2p'] }, 'pos_att_type', '["p2p"]', 'a list of c2p, p2c'],
    ['deberta-v3', { pos_att_type: 'c2p|p2p' }, 'pos_att_type', '"c2p|p2p"', 'a list of c2p, p2c'],
    ['deberta-v3', { norm_rel_ebd: 'batch_norm' }, 'norm_rel_ebd', '"batch_norm"', 'none, layer_norm'],
    ['deberta-v3', { type_vocab_size: -1 }, 'type_vocab_size', '-1', 'a whole number of at least 0'],
    ['deberta-v3', { share_att_key: 'yes' }, 'share_att_key', '"yes"', 'true or false'],
    ['deberta-v3', { pooler_hidden_act: 'mish' }, 'pooler_hidden_act', '"mish"', activations],
    [
      't5',
      { feed_forward_proj: 'gated-mish' },
      'feed_forward_proj',
      '"gated-mish"',
      expect.stringContaining('gated-silu'),
    ],
    ['t5', { dense_act_fn: 'mish' }, 'dense_act_fn', '"mish"', activations],
    ['t5', { is_decoder: true }, 'is_decoder', 'true', 'false'],
    ['t5', { d_kv: 0 }, 'd_kv', '0', 'a whole number of at least 1'],
    ['t5', { relative_attention_num_buckets: 1 }, 'relative_attention_num_buckets', '1', 'at least 4'],
    ['t5', { relative_attention_max_distance: 2 }, 'relative_attention_max_distance', '2', 'above 4'],
    ['bart', { decoder_attention_heads: 5 }, 'decoder_attention_heads', '5', 'a divisor of d_model 32'],
    ['bart', { encoder_attention_heads: 5 }, 'encoder_attention_heads', '5', 'a divisor of d_model 32'],
    ['bart', { normalize_before: true }, 'normalize_before', 'true', 'false'],
    ['bart', { add_final_layer_norm: true }, 'add_final_layer_norm', 'true', 'false'],
    ['bart', { is_decoder: true }, 'is_decoder', 'true', 'false'],
    ['bart', { tie_word_embeddings: false }, 'tie_word_embeddings', 'false', 'true'],
    ['bart', { activation_function: 'mish' }, 'activation_function', '"mish"', activations],
    ['llama', { hidden_act: 'xielu' }, 'hidden_act', '"xielu"', activations],
    ['llama', { pretraining_tp: 2 }, 'pretraining_tp', '2', '1'],
    ['llama', { num_key_value_heads: 3 }, 'num_key_value_heads', '3', 'a divisor of num_attention_heads 4'],
    ['llama', { head_dim: 7 }, 'head_dim', '7', 'an even number'],
    ['llama', { attention_bias: 'yes' }, 'attention_bias', '"yes"', 'true or false'],
    ['llama', { rms_norm_eps: '1e-6' }, 'rms_norm_eps', '"1e-6"', 'a number'],
    ['llama', scaling('axial'), 'rope_scaling.rope_type', '"axial"', ropes],
    ['llama', scaling('llama3'), 'rope_scaling.low_freq_factor', 'null', 'a number above 0'],
    ['llama', scaling('yarn', { beta_fast: -1 }), 'rope_scaling.beta_fast', '-1', 'a number above 0'],
    ['llama', scaling('longrope'), 'rope_scaling.short_factor', 'null', divisors],
    [
      'llama',
      scaling('longrope', { short_factor: [1, 1, 2, 2], long_factor: [1, 2] }),
      'rope_scaling.long_factor',
      '[1,2]',
      divisors,
    ],
    ['llama', { partial_rotary_factor: 0.5 }, 'partial_rotary_factor', '0.5', '1'],
    ['llama', { rope_parameters: null, rope_theta: '10000' }, 'rope_theta', '"10000"', 'a number above 0'],
    ['llama', { rope_parameters: { rope_theta: 0 } }, 'rope_parameters.rope_theta', '0', 'a number above 0'],
    ['mistral', { sliding_window: 0 }, 'sliding_window', '0', 'a whole number of at least 1'],
    ['qwen2', { layer_types: ['full_attention'] }, 'layer_types', '["full_attention"]', layerTypes],
    ['qwen2', { layer_types: slidingFirst }, 'sliding_window', 'null', 'a whole number of at least 1, as layers slide'],
    ['qwen3', { layer_types: ['linear_attention', 'full_attention'] }, 'layer_types', expect.any(String), layerTypes],
    ['phi3', scaling('linear'), 'rope_scaling.rope_type', '"linear"', 'default, longrope, su, yarn'],
    [
      'phi3',
      { rope_parameters: null, partial_rotary_factor: 0.4 },
      'partial_rotary_factor',
      '0.4',
      'a share of head size 8 that makes an even number',
    ],
    ['gemma2', { use_bidirectional_attention: true }, 'use_bidirectional_attention', 'true', 'false'],
    ['gemma2', { attn_logit_softcapping: -1 }, 'attn_logit_softcapping', '-1', 'a number above 0, or null'],
    ['gemma3', { use_bidirectional_attention: true }, 'use_bidirectional_attention', 'true', 'false'],
    ['gemma3', { attn_logit_softcapping: 50 }, 'attn_logit_softcapping', '50', 'null'],
    ['gemma3', { hidden_activation: 'mish' }, 'hidden_activation', '"mish"', activations],
    ['gpt2', { add_cross_attention: true }, 'add_cross_attention', 'true', 'false'],
    ['gpt2', { n_head: 5 }, 'n_head', '5', 'a divisor of n_embd 32'],
    ['gpt2', { activation_function: 'mish' }, 'activation_function', '"mish"', activations],
    ['gpt_neox', { num_attention_heads: 5 }, 'num_attention_heads', '5', 'a divisor of hidden_size 32'],
    ['gpt_neox', { head_dim: 16 }, 'head_dim', '16', '8'],
    ['opt', { num_attention_heads: 5 }, 'num_attention_heads', '5', 'a divisor of hidden_size 32'],
    ['opt', { do_layer_norm_before: 'no' }, 'do_layer_norm_before', '"no"', 'true or false'],
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

const twice = (theta: number) => new Array<unknown>(2).fill({ window: null, rope: { theta, scaling: null } });

describe('fields that are honoured', () => {
  test.each<[string, string, Config, Readonly<Record<string, unknown>>]>([
    ['bert', 'positions are the longest row', {}, { maxLength: 64, padTokenId: 0, tied: true }],
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
    [
      'deberta-v3',
      'distances that share rows',
      {},
      { relative: { span: 8, buckets: 8, longest: 64, sharedProjections: true } },
    ],
    [
      'deberta-v3',
      'a row for each distance',
      { position_buckets: -1, max_relative_positions: 10 },
      { relative: { span: 10, buckets: null } },
    ],
    [
      'deberta-v3',
      'kinds of scores written with a bar',
      { pos_att_type: 'C2P | p2c' },
      { contentToPosition: true, positionToContent: true },
    ],
    [
      'deberta-v3',
      'no distances',
      { relative_attention: null, pos_att_type: null },
      { relative: null, contentToPosition: false },
    ],
    [
      'deberta-v3',
      'positions among the words',
      { position_biased_input: null, type_vocab_size: 2 },
      { absolutePositions: true, tokenTypes: 2 },
    ],
    [
      't5',
      'a gated activation and a head of its own',
      {},
      { activation: 'gelu_new', gated: true, tied: false, scaled: false },
    ],
    [
      't5',
      'other activations',
      { feed_forward_proj: 'gated-silu', dense_act_fn: null, is_gated_act: null },
      { activation: 'silu', gated: true },
    ],
    ['t5', 'heads whose sizes do not add up to the width', {}, { heads: 4, headSize: 6, hidden: 32 }],
    ['t5', 'a decoder of its own depth', { num_decoder_layers: 3 }, { layers: 3, encoderLayers: 2 }],
    ['t5', 'no longest row', {}, { maxLength: Infinity, decoderStartTokenId: 0, eosTokenId: 1 }],
    ['t5-tied', 'a tied head, scaled', {}, { activation: 'relu', gated: false, tied: true, scaled: true }],
    [
      't5-tied',
      'as Transformers 4 wrote it',
      { scale_decoder_outputs: null, tie_word_embeddings: null },
      { tied: true, scaled: true },
    ],
    [
      't5-tied',
      'as Transformers 5 writes a head of its own',
      { scale_decoder_outputs: false },
      { tied: false, scaled: false },
    ],
    [
      't5',
      'mT5 has a head of its own',
      { model_type: 'mt5', tie_word_embeddings: true, feed_forward_proj: null },
      { gated: true, tied: false, scaled: false },
    ],
    [
      'bart',
      'stacks of different sizes',
      { decoder_attention_heads: 2, decoder_layers: 3 },
      { heads: 2, headSize: 16, layers: 3, encoder: { heads: 4, layers: 2 } },
    ],
    [
      'bart',
      'words multiplied by the root of their size',
      { scale_embedding: true },
      { embeddingScale: Math.sqrt(32) },
    ],
    ['llama', 'as many key heads as heads', { num_key_value_heads: null }, { keyValueHeads: 4 }],
    ['llama', 'a head size of its own', { head_dim: 12 }, { headSize: 12 }],
    ['llama', 'biases', { attention_bias: true, mlp_bias: true }, { biases: { qkv: true, output: true, mlp: true } }],
    ['llama', 'the first of several ids', { pad_token_id: [7, 8] }, { padTokenId: 7 }],
    ['llama', 'no padding token', { pad_token_id: null }, { padTokenId: null }],
    ['smollm', 'theta as Transformers 4 wrote it', {}, { plan: twice(100_000), tied: true }],
    [
      'llama',
      'dynamic scaling changes nothing up to the longest position',
      scaling('dynamic'),
      { plan: twice(10_000) },
    ],
    ['mistral', 'a window on every layer', {}, { plan: [{ window: 8 }, { window: 8 }] }],
    ['mistral', 'no window', { sliding_window: null }, { plan: twice(10_000) }],
    ['qwen2', 'no window unless asked for', { sliding_window: 8 }, { plan: twice(1_000_000) }],
    [
      'qwen2',
      'a window on late layers',
      { use_sliding_window: true, sliding_window: 8, max_window_layers: 1, layer_types: null },
      { plan: [{ window: null }, { window: 8 }], biases: { qkv: true, output: false } },
    ],
    ['qwen3', 'norms of heads, and a head size of its own', {}, { headNorms: true, headSize: 12 }],
    ['qwen3', 'attention biases', { attention_bias: true }, { biases: { qkv: true, output: true } }],
    ['gemma2', 'every other layer slides', { layer_types: null }, { plan: [{ window: 8 }, { window: null }] }],
    ['gemma2', 'caps, and none', { final_logit_softcapping: null }, { attentionCap: 5, logitCap: null }],
    ['gemma2', 'the scale of scores', {}, { attentionScale: 1 / Math.sqrt(20) }],
    [
      'gemma3',
      'rotations as Transformers 4 wrote them',
      {
        rope_parameters: null,
        rope_theta: 50_000,
        rope_local_base_freq: 5000,
        rope_scaling: { rope_type: 'linear', factor: 8 },
      },
      {
        plan: [
          { window: 8, rope: { theta: 5000, scaling: null } },
          { window: null, rope: { theta: 50_000, scaling: { type: 'linear', factor: 8 } } },
        ],
      },
    ],
    [
      'llama',
      'YaRN, with its temperature and the length it was trained for',
      scaling('yarn', { factor: 4, mscale: 1, mscale_all_dim: 0.7, truncate: false }),
      {
        plan: [
          { rope: { scaling: { attentionFactor: 1.0379100195867799, originalLength: 64, truncated: false } } },
          {},
        ],
      },
    ],
    [
      'gemma3',
      'a pattern of layers',
      { layer_types: null, sliding_window_pattern: 2, num_hidden_layers: 3 },
      { plan: [{ window: 8 }, { window: null }, { window: 8 }] },
    ],
    [
      'phi3',
      'LongRoPE by its first name, its length outside the scaling',
      {
        original_max_position_embeddings: 16,
        ...scaling('su', { factor: null, short_factor: [1, 1, 1, 1], long_factor: [1, 2, 3, 4] }),
      },
      {
        switchLength: 16,
        plan: new Array<unknown>(2).fill({
          window: null,
          rope: {
            theta: 10_000,
            scaling: {
              type: 'longrope',
              short: [1, 1, 1, 1],
              long: [1, 2, 3, 4],
              attentionFactor: Math.sqrt(1.5),
              originalLength: 16,
            },
          },
        }),
      },
    ],
    ['phi3', 'a part of each head turns', { rope_parameters: { partial_rotary_factor: 0.75 } }, { rotated: 6 }],
    [
      'gpt2',
      'scores scaled by their layer',
      { scale_attn_weights: false, scale_attn_by_inverse_layer_idx: true },
      { attentionScales: [1, 0.5] },
    ],
    ['gpt2', 'an MLP four times as wide', { n_inner: null }, { intermediate: 128 }],
    ['gpt2', 'heads by the name of others', { num_attention_heads: 2 }, { heads: 2, headSize: 16 }],
    ['distilbert', 'heads by the name of others', { num_attention_heads: 2 }, { heads: 2, headSize: 16 }],
    ['t5', 'heads by the name of others', { num_attention_heads: 2 }, { heads: 2 }],
    ['t5', 'layers of mT5 by the name of others', { model_type: 'mt5', num_hidden_layers: 1 }, { encoderLayers: 1 }],
    [
      'bart',
      'heads by the name of others',
      { num_attention_heads: 2 },
      { encoder: { heads: 2 }, decoder: { heads: 4 } },
    ],
    [
      'gpt_neox',
      'the turning part as Transformers 4 wrote it',
      { rope_parameters: null, rotary_pct: 0.25, rotary_emb_base: 5000 },
      { rotated: 2, rope: { theta: 5000 } },
    ],
    ['gpt_neox', 'a quarter turns where nothing is said', { rope_parameters: null }, { rotated: 2 }],
    ['opt', 'embeddings of another size', { word_embed_proj_dim: 16 }, { embeddingSize: 16 }],
    ['opt', 'norms behind', { do_layer_norm_before: false }, { normsFirst: false, finalNorm: false }],
  ])('%s: %s', (...[model, , changed, expected]) => {
    const config = { ...configOf(model), ...changed };
    expect(architectureOf(config).parseConfig(config, 'a')).toMatchObject(expected);
  });
});

describe('rotary frequencies', () => {
  const plain: Rope = { theta: 10_000, scaling: null };
  // Expected: Transformers' _compute_yarn_parameters.
  const yarn = {
    type: 'yarn',
    factor: 4,
    attentionFactor: 1,
    fast: 32,
    slow: 1,
    truncated: true,
    originalLength: 64,
  } as const;
  const longrope = {
    type: 'longrope',
    attentionFactor: 1,
    short: [1, 2, 4, 5],
    long: [1, 4, 8, 10],
    originalLength: 64,
  } as const;
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
    ['YaRN, whole pairs', { ...plain, scaling: yarn }, [1, 0.0625, 0.0025, 0.00025]],
    [
      'YaRN, parts of pairs, other bounds',
      { ...plain, scaling: { ...yarn, fast: 4, slow: 0.5, truncated: false } },
      [1, 0.050664395, 0.0025, 0.00025],
    ],
    ['LongRoPE divides each by its own', { ...plain, scaling: longrope }, [1, 0.05, 0.0025, 0.0002]],
  ])('%s', (_what, rope, expected) => {
    const found = inverseFrequencies(rope, 8);
    expect(found.map((value, index) => Math.abs(value / (expected[index] ?? NaN) - 1) < 1e-4)).toEqual(
      expected.map(() => true),
    );
  });
});
