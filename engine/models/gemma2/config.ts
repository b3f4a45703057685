/** Gemma 2's config.json (Transformers' Gemma2Config): windows on every other layer, capped scores and logits, norms on both sides. */
import type { Json } from '../../spec/json.ts';
import { readConfig } from '../config-reader.ts';
import { cap, windows, type DecoderConfig } from '../decoder/config.ts';
import { parseGemmaDecoder } from '../gemma/config.ts';

const defaults = {
  head_dim: 256,
  hidden_activation: 'gelu_pytorch_tanh',
  max_position_embeddings: 8192,
  pad_token_id: 0,
  tie_word_embeddings: true,
  query_pre_attn_scalar: 256,
  sliding_window: 4096,
  attn_logit_softcapping: 50,
  final_logit_softcapping: 30,
};

export function parseGemma2Config(given: Readonly<Record<string, Json>>, path: string): DecoderConfig {
  const raw = { ...defaults, ...given };
  const config = parseGemmaDecoder(raw, path, 'hidden_activation');
  const read = readConfig(raw, path);
  const own = windows({ raw, read, layers: config.layers, unsaid: (layer) => layer % 2 === 0 });
  return {
    ...config,
    outerNorms: true,
    attentionScale: 1 / Math.sqrt(read.count('query_pre_attn_scalar')),
    attentionCap: cap(raw, read, 'attn_logit_softcapping'),
    logitCap: cap(raw, read, 'final_logit_softcapping'),
    plan: config.plan.map((plan, layer) => ({ ...plan, window: own[layer] ?? null })),
  };
}
