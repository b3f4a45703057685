/** Qwen 3's config.json (Transformers' Qwen3Config): Qwen 2's, with norms of each head in place of biases. */
import type { Json } from '../../spec/json.ts';
import { readConfig } from '../config-reader.ts';
import type { DecoderConfig } from '../decoder/config.ts';
import { parseQwenDecoder } from '../qwen2/config.ts';

const defaults = {
  num_key_value_heads: 32,
  head_dim: 128,
  max_position_embeddings: 32_768,
  sliding_window: 4096,
  max_window_layers: 28,
};

export function parseQwen3Config(given: Readonly<Record<string, Json>>, path: string): DecoderConfig {
  const bias = readConfig(given, path).boolean('attention_bias', false);
  const config = parseQwenDecoder({ ...defaults, ...given }, path);
  return { ...config, headNorms: true, biases: { qkv: bias, output: bias, mlp: false } };
}
