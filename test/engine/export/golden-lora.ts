/** PEFT's golden LoRA adapters as pairs of matrices, for the tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoraPair } from '../../../engine/export/gguf-lora.ts';
import { readPlain } from '../checkpoint/plain-reader.ts';

interface PeftConfig {
  readonly r: number;
  readonly lora_alpha: number;
  readonly use_rslora: boolean;
  readonly rank_pattern: Readonly<Record<string, number>>;
  readonly alpha_pattern: Readonly<Record<string, number>>;
}

/** Module → pair, of a PEFT adapter folder. Tables of words that PEFT saved beside an embedding's pair are left out. */
export function goldenLora(folder: string): ReadonlyMap<string, LoraPair> {
  const config = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8')) as PeftConfig;
  const file = readPlain(join(folder, 'adapter_model.safetensors'));
  const factor = (name: string) => ({ shape: file.shape(name), values: Float32Array.from(file.values(name)) });
  const firsts = file.names.filter((name) => /\.lora_(?:embedding_)?A/.test(name));
  return new Map(
    firsts.map((name) => {
      const module = name.replace(/^base_model\.model\./, '').replace(/\.lora_(?:embedding_)?A.*$/, '');
      const [a, b] = [factor(name), factor(name.replace('_A', '_B'))];
      const alpha = chosen(config.alpha_pattern, module) ?? config.lora_alpha;
      const rank = chosen(config.rank_pattern, module) ?? config.r;
      return [module, { a, b, scaling: alpha / (config.use_rslora ? Math.sqrt(rank) : rank) }] as const;
    }),
  );
}

/** As PEFT: the first pattern that the module's name ends with. */
function chosen(patterns: Readonly<Record<string, number>>, module: string): number | undefined {
  return Object.entries(patterns).find(([pattern]) => new RegExp(`(?:.*\\.)?(?:${pattern})$`).test(module))?.[1];
}
