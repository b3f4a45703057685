/** Llama's config.json (Transformers' LlamaConfig), with the key names before and since Transformers 5. */
import type { Json } from '../../spec/json.ts';
import { readConfig } from '../config-reader.ts';
import { parseDecoder, type DecoderConfig } from '../decoder/config.ts';

export function parseLlamaConfig(raw: Readonly<Record<string, Json>>, path: string): DecoderConfig {
  const read = readConfig(raw, path);
  if (read.number('pretraining_tp', 1) !== 1) read.refuse('pretraining_tp', '1');
  const attention = read.boolean('attention_bias', false);
  return {
    ...parseDecoder(raw, { path }),
    biases: { qkv: attention, output: attention, mlp: read.boolean('mlp_bias', false) },
  };
}
