/** Config.json of Phi 3 and 4 (Transformers' Phi3Config): fused projections, LongRoPE, and a window on every layer or none. */
import type { Json } from '../../spec/json.ts';
import { readConfig } from '../config-reader.ts';
import { parseDecoder, windows, type DecoderConfig } from '../decoder/config.ts';

const defaults = {
  max_position_embeddings: 4096,
  original_max_position_embeddings: 4096,
  rms_norm_eps: 1e-5,
  pad_token_id: 32_000,
  sliding_window: null,
};

/** LongRoPE under the names that Phi 3 had for it. */
const types = { default: 'default', longrope: 'longrope', su: 'longrope', yarn: 'longrope' };

export function parsePhi3Config(given: Readonly<Record<string, Json>>, path: string): DecoderConfig {
  const raw = { ...defaults, ...given, layer_types: null };
  const config = parseDecoder(raw, { path, partialRotary: true, rope: { types } });
  const read = readConfig(raw, path);
  const slides = raw.sliding_window !== null;
  const own = windows({ raw, read, layers: config.layers, unsaid: () => slides });
  return {
    ...config,
    fused: true,
    plan: config.plan.map((plan, layer) => ({ ...plan, window: own[layer] ?? null })),
  };
}
