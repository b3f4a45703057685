/** Gemma's config.json (Transformers' GemmaConfig), and what all Gemmas have in common. */
import type { Json } from '../../spec/json.ts';
import { readConfig } from '../config-reader.ts';
import { parseDecoder, type DecoderConfig } from '../decoder/config.ts';

type Fields = Readonly<Record<string, Json>>;

const defaults = {
  head_dim: 256,
  hidden_act: 'gelu_pytorch_tanh',
  max_position_embeddings: 8192,
  pad_token_id: 0,
  tie_word_embeddings: true,
};

export function parseGemmaConfig(given: Fields, path: string): DecoderConfig {
  const raw = { ...defaults, ...given };
  readConfig(raw, path).choice('hidden_activation', ['gelu_pytorch_tanh'], 'gelu_pytorch_tanh');
  // The first Gemmas say `gelu` and mean its approximation.
  const named = raw.hidden_act === 'gelu' ? 'gelu_pytorch_tanh' : raw.hidden_act;
  return parseGemmaDecoder({ ...raw, hidden_act: named }, path, 'hidden_act');
}

/** Norms that multiply by 1 + w, embeddings multiplied by √hidden. `filled` has the family's defaults. */
export function parseGemmaDecoder(filled: Fields, path: string, activation: string): DecoderConfig {
  const read = readConfig(filled, path);
  if (read.boolean('use_bidirectional_attention', false)) read.refuse('use_bidirectional_attention', 'false');
  const bias = read.boolean('attention_bias', false);
  const config = parseDecoder(filled, { path, activation });
  return {
    ...config,
    normOffset: 1,
    embeddingScale: Math.sqrt(config.hidden),
    biases: { qkv: bias, output: bias, mlp: false },
  };
}
