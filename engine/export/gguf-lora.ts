/** A LoRA adapter (Hu et al., 2021, arXiv 2106.09685) as GGUF, which llama.cpp and Ollama put on top of the base model's file. */
import { join } from 'node:path';
import { keysOf, float, uint } from '../checkpoint/gguf-keys.ts';
import { toFile, type Heads } from '../checkpoint/gguf-layout.ts';
import { writeGguf, type GgufTensor, type GgufValue } from '../checkpoint/write-gguf.ts';
import type { Json } from '../spec/json.ts';
import { ggufTypes, headsIn, noPlace, placeOf, type Place } from './gguf.ts';

export interface Factor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** ΔW = scaling · B A of one linear layer, or of an embedding. */
export interface LoraPair {
  /** [r, in]; of an embedding [r, vocabulary], PEFT's `lora_embedding_A`. */
  readonly a: Factor;
  /** [out, r]. */
  readonly b: Factor;
  /** α / r, or α / √r where the ranks are stabilised so. */
  readonly scaling: number;
}

export interface LoraToWrite {
  readonly name: string;
  /** The base model's config.json. */
  readonly config: Readonly<Record<string, Json>>;
  /** By Transformers' names of the modules, as `model.layers.0.self_attn.q_proj`. */
  readonly modules: ReadonlyMap<string, LoraPair>;
}

/**
 * The pairs among what an adapter learned, by module, from PEFT's names without `base_model.model.`.
 * Errors: `export.no-place` for what is no pair: a bias, a magnitude (DoRA), a module that learned whole.
 * @param scalingOf α / r of a module, by its name
 */
export function loraPairs(
  learned: ReadonlyMap<string, Factor>,
  scalingOf: (module: string) => number,
): ReadonlyMap<string, LoraPair> {
  const pairs = new Map<string, LoraPair>();
  for (const [name, a] of learned) {
    const [, module, kind, side] = /^(.+)\.lora_(embedding_)?([AB])(?:\.weight)?$/.exec(name) ?? [];
    if (module === undefined) throw noPlace(name, 'an adapter for llama.cpp holds pairs of matrices and nothing else');
    if (side === 'B') continue;
    const other = kind === undefined ? `${module}.lora_B.weight` : `${module}.lora_embedding_B`;
    const b = learned.get(other);
    if (b === undefined) throw noPlace(name, `${other} is not there`);
    pairs.set(module, { a, b, scaling: scalingOf(module) });
  }
  return pairs;
}

/**
 * Writes `<name>.lora.gguf` into a folder that is there, and gives its name.
 * Errors: `model.unknown-architecture`, `model.config`, `export.no-place`, `disk.full`.
 */
export async function exportGgufLora(
  { name, config, modules }: LoraToWrite,
  folder: string,
  type: 'F32' | 'F16' = 'F32',
): Promise<string> {
  const file = `${name}.lora.gguf`;
  const written = keysOf(config, name);
  const { family } = written;
  const alpha = commonAlpha(modules);
  const heads = headsIn(config);
  const tied = (config['tie_word_embeddings'] ?? family.tiedUnlessSaid) === true;
  const tensors = [...modules].flatMap(([module, pair]) => {
    const place = placeOf(written, `${module}.weight`);
    if (tied && /^(?:token_embd|output)\./.test(place.name)) throw noPlace(module, oneTable);
    return pairTensors(place, { pair, alpha, heads, type });
  });
  const keys = new Map<string, GgufValue>([
    ['general.architecture', { kind: 'string', value: family.architecture }],
    ['general.type', { kind: 'string', value: 'adapter' }],
    ['general.name', { kind: 'string', value: name }],
    ['general.file_type', uint(ggufTypes[type])],
    ['general.quantization_version', uint(2)],
    ['adapter.type', { kind: 'string', value: 'lora' }],
    ['adapter.lora.alpha', float(alpha)],
  ]);
  await writeGguf(join(folder, file), keys, tensors);
  return file;
}

/** llama.cpp would put a change of the words on the head as well, where its shapes do not fit. */
const oneTable = 'words and head are one table in this model, and llama.cpp cannot change one of the two';

/** llama.cpp scales each pair by α / r with one α: the first pair's, which is all pairs' unless ranks or alphas differ. */
function commonAlpha(modules: LoraToWrite['modules']): number {
  const [first] = modules.values();
  if (first === undefined) throw noPlace('the adapter', 'it changes no layer');
  // To llama.cpp an α of 0 is none.
  return first.scaling * rankOf(first) || rankOf(first);
}

function rankOf({ b }: LoraPair): number {
  return b.shape[1] ?? 1;
}

function pairTensors(
  { name, layout, factor: ofTheFile }: Place,
  {
    pair,
    alpha,
    heads,
    type,
  }: { readonly pair: LoraPair; readonly alpha: number; readonly heads: Heads; readonly type: 'F32' | 'F16' },
): readonly GgufTensor[] {
  const { a, b, scaling } = pair;
  const factor = (ofTheFile * scaling * rankOf(pair)) / alpha;
  const scaled = factor === 1 ? b.values : b.values.map((value) => value * factor);
  // A's rows run along the input, which no layout touches; of a Conv1D the pair is that of the linear layer it is.
  const up = layout === 'transposed' ? scaled : toFile(layout, { values: scaled, shape: b.shape }, heads);
  const down = name === 'token_embd.weight' ? transposed(a) : a;
  return [
    { name: `${name}.lora_a`, shape: down.shape, type, values: () => down.values },
    { name: `${name}.lora_b`, shape: b.shape, type, values: () => up },
  ];
}

/** Of an embedding llama.cpp looks up A's rows by word. */
function transposed({ shape, values }: Factor): Factor {
  return {
    shape: shape.toReversed(),
    values: toFile('transposed', { values, shape }, { queries: 1, keys: 1 }),
  };
}
