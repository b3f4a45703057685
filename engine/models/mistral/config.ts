/** Mistral's config.json (Transformers' MistralConfig): Llama's, with a sliding window on every layer. */
import type { Json } from '../../spec/json.ts';
import { readConfig } from '../config-reader.ts';
import { parseDecoder, windows, type DecoderConfig } from '../decoder/config.ts';

const defaults = { num_key_value_heads: 8, max_position_embeddings: 131_072, sliding_window: 4096 };

export function parseMistralConfig(given: Readonly<Record<string, Json>>, path: string): DecoderConfig {
  const raw = { ...defaults, ...given, layer_types: null };
  const config = parseDecoder(raw, { path });
  const read = readConfig(raw, path);
  const slides = raw.sliding_window !== null;
  const own = windows({ raw, read, layers: config.layers, unsaid: () => slides });
  return { ...config, plan: config.plan.map((plan, layer) => ({ ...plan, window: own[layer] ?? null })) };
}
