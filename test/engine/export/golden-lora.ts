/** PEFT's golden LoRA adapters as pairs of matrices, for the tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BaseModel } from '../../../engine/checkpoint/model-folder.ts';
import { loraPairs, type LoraPair } from '../../../engine/export/gguf-lora.ts';
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
  const learned = file.names
    .filter((name) => !name.includes('.base_layer.'))
    .map((name) => {
      const factor = { shape: file.shape(name), values: Float32Array.from(file.values(name)) };
      return [name.replace(/^base_model\.model\./, ''), factor] as const;
    });
  return loraPairs(new Map(learned), (module) => {
    const alpha = chosen(config.alpha_pattern, module) ?? config.lora_alpha;
    const rank = chosen(config.rank_pattern, module) ?? config.r;
    return alpha / (config.use_rslora ? Math.sqrt(rank) : rank);
  });
}

/** As PEFT: the first pattern that the module's name ends with. */
function chosen(patterns: Readonly<Record<string, number>>, module: string): number | undefined {
  return Object.entries(patterns).find(([pattern]) => new RegExp(`(?:.*\\.)?(?:${pattern})$`).test(module))?.[1];
}

/** [n, m] · [m, k]. */
export function product(a: LoraPair['a'], b: LoraPair['a']): Float32Array {
  const [rows = 0, inner = 0] = a.shape;
  const columns = b.shape[1] ?? 0;
  return Float32Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let i = 0; i < inner; i += 1) sum += (a.values[row * inner + i] ?? 0) * (b.values[i * columns + column] ?? 0);
    return sum;
  });
}

export function transposed({ shape, values }: LoraPair['a']): LoraPair['a'] {
  const [rows = 0, columns = 0] = shape;
  const out = values.map((_, at) => values[(at % rows) * columns + Math.floor(at / rows)] ?? 0);
  return { shape: [columns, rows], values: out };
}

/** W + scaling · B A in Transformers' layout; a Conv1D and an embedding hold the transpose of B A. */
async function merged(base: BaseModel, module: string, pair: LoraPair): Promise<Float32Array> {
  const weight = await base.weights.read(`${module}.weight`);
  const change = { shape: [pair.b.shape[0] ?? 0, pair.a.shape[1] ?? 0], values: product(pair.b, pair.a) };
  const flat = /\.c_(?:attn|proj|fc)$|embed_tokens$/.test(module) ? transposed(change).values : change.values;
  return weight.map((value, at) => value + pair.scaling * (flat[at] ?? NaN));
}

/** The weights that an adapter changes, changed. */
export async function mergedWeights(
  base: BaseModel,
  modules: ReadonlyMap<string, LoraPair>,
): Promise<ReadonlyMap<string, Float32Array>> {
  const changed = new Map<string, Float32Array>();
  for (const [module, pair] of modules) changed.set(`${module}.weight`, await merged(base, module, pair));
  return changed;
}
