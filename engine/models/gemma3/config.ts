/** Gemma 3's config.json (Transformers' Gemma3TextConfig, and Gemma3Config, which holds one): two rotations, norms of each head. */
import type { Json } from '../../spec/json.ts';
import { readConfig } from '../config-reader.ts';
import { cap, windows, type DecoderConfig } from '../decoder/config.ts';
import { parseRope } from '../decoder/rope.ts';
import { parseGemmaDecoder } from '../gemma/config.ts';

type Fields = Readonly<Record<string, Json>>;

/** Released configs leave out what is as in Transformers' defaults. */
const defaults = {
  vocab_size: 262_208,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  hidden_activation: 'gelu_pytorch_tanh',
  max_position_embeddings: 131_072,
  pad_token_id: 0,
  tie_word_embeddings: true,
  query_pre_attn_scalar: 256,
  sliding_window: 4096,
  sliding_window_pattern: 6,
  rope_theta: 1_000_000,
  rope_local_base_freq: 10_000,
};

export function parseGemma3TextConfig(given: Fields, path: string): DecoderConfig {
  const raw: Fields = { ...defaults, ...given };
  const read = readConfig(raw, path);
  // Transformers reads this field and then does without.
  if (raw['attn_logit_softcapping'] != null) read.refuse('attn_logit_softcapping', 'null');
  const ropes = read.object('rope_parameters');
  const full = { ...raw, rope_parameters: ropes?.['full_attention'] ?? null };
  const sliding = { ...raw, rope_parameters: ropes?.['sliding_attention'] ?? null, rope_scaling: null };
  const config = parseGemmaDecoder(full, path, 'hidden_activation');
  const local = parseRope(sliding, { path, size: config.headSize, thetaField: 'rope_local_base_freq' });
  const pattern = read.count('sliding_window_pattern');
  const unsaid = (layer: number): boolean => (layer + 1) % pattern !== 0;
  const own = windows({ raw, read, layers: config.layers, unsaid });
  return {
    ...config,
    outerNorms: true,
    headNorms: true,
    attentionScale: 1 / Math.sqrt(read.count('query_pre_attn_scalar')),
    logitCap: cap(raw, read, 'final_logit_softcapping'),
    plan: config.plan.map(({ rope }, layer) => {
      const window = own[layer] ?? null;
      return { window, rope: window === null ? rope : local };
    }),
  };
}

/** The text model of one that sees images too, whose logits have no cap. */
export function parseGemma3Config(raw: Fields, path: string): DecoderConfig {
  const text = readConfig(raw, path).object('text_config') ?? {};
  if (text['final_logit_softcapping'] != null) readConfig(text, path).refuse('final_logit_softcapping', 'null');
  return parseGemma3TextConfig({ ...text, ...tyingOf(raw) }, path);
}

function tyingOf(raw: Fields): Fields {
  return raw['tie_word_embeddings'] == null ? {} : { tie_word_embeddings: raw['tie_word_embeddings'] };
}
