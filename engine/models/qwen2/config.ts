/** Config.json of Qwen 2, 2.5 (Transformers' Qwen2Config): Llama's, with biases of query, key and value, and windows on late layers. */
import type { Json } from '../../spec/json.ts';
import { readConfig } from '../config-reader.ts';
import { parseDecoder, windows, type DecoderConfig } from '../decoder/config.ts';

const defaults = {
  num_key_value_heads: 32,
  max_position_embeddings: 32_768,
  sliding_window: 4096,
  max_window_layers: 28,
};

export function parseQwen2Config(given: Readonly<Record<string, Json>>, path: string): DecoderConfig {
  const config = parseQwenDecoder({ ...defaults, ...given }, path);
  return { ...config, biases: { qkv: true, output: false, mlp: false } };
}

/** What Qwen 2 and 3 have in common. `filled` has the defaults of both. */
export function parseQwenDecoder(filled: Readonly<Record<string, Json>>, path: string): DecoderConfig {
  const sliding = readConfig(filled, path).boolean('use_sliding_window', false);
  const raw = { ...filled, ...(sliding ? {} : { sliding_window: null }) };
  const read = readConfig(raw, path);
  const config = parseDecoder(raw, { path });
  const first = read.number('max_window_layers', config.layers);
  const slides = raw['sliding_window'] !== null;
  const own = windows({ raw, read, layers: config.layers, unsaid: (layer) => slides && layer >= first });
  return { ...config, plan: config.plan.map((plan, layer) => ({ ...plan, window: own[layer] ?? null })) };
}
