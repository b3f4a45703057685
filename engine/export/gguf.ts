/** A whole language model as one GGUF file for llama.cpp, Ollama and LM Studio, with its tokenizer, chat template and stop tokens. */
import { join } from 'node:path';
import { storedName, type Named } from '../checkpoint/gguf-families.ts';
import { keysOf, uint, type WrittenKeys } from '../checkpoint/gguf-keys.ts';
import { otherShape, toFile, type Heads } from '../checkpoint/gguf-layout.ts';
import { fits, type WrittenType } from '../checkpoint/quantise.ts';
import { writeGguf, type GgufTensor, type GgufValue } from '../checkpoint/write-gguf.ts';
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { tokenizerToGguf } from '../tokenizer/to-gguf.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { writeText } from '../train/run-folder.ts';
import { modelfile } from './modelfile.ts';

/** How the matrices of a file are stored, and llama.cpp's number for such a file (`general.file_type`). */
export const ggufTypes = { F32: 0, F16: 1, BF16: 32, Q8_0: 7, Q4_0: 2 } as const satisfies Record<WrittenType, number>;

export interface Weight {
  readonly shape: readonly number[];
  /** Called when the tensor's turn has come. */
  read(): Float32Array | Promise<Float32Array>;
}

export interface ModelToWrite {
  /** As a reader of the file's metadata sees it; also the name of the file. */
  readonly name: string;
  /** The model's config.json. */
  readonly config: Readonly<Record<string, Json>>;
  /** By Transformers' names in the task model; a tied head may be there or not. */
  readonly weights: ReadonlyMap<string, Weight>;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: string | null;
  /** Ids that end an answer. */
  readonly stop: ReadonlySet<number>;
}

/**
 * Writes `<name>.<type>.gguf` and an Ollama Modelfile into a folder that is there, and gives their names.
 * Errors: `model.unknown-architecture`, `model.config`, `tokenizer.unsupported`, `export.no-place`, `disk.full`.
 */
export async function exportGguf(model: ModelToWrite, folder: string, type: WrittenType): Promise<readonly string[]> {
  const file = `${model.name}.${type}.gguf`;
  const written = keysOf(model.config, model.name);
  const tensors = [
    ...Array.from(written.tensors, ([name, values]) => plainTensor(name, values)),
    ...modelTensors(model, written, type),
  ];
  const all = new Map<string, GgufValue>([
    ...written.keys,
    ['general.type', { kind: 'string', value: 'model' }],
    ['general.name', { kind: 'string', value: model.name }],
    ['general.file_type', uint(ggufTypes[type])],
    ['general.quantization_version', uint(2)],
    ...tokenizerKeys(model, vocabulary(tensors)),
  ]);
  await writeGguf(join(folder, file), all, tensors);
  await writeText(join(folder, 'Modelfile'), modelfile(`./${file}`, model));
  return [file, 'Modelfile'];
}

/** A list of numbers, kept as it is. */
function plainTensor(name: string, values: Float32Array): GgufTensor {
  return { name, shape: [values.length], type: 'F32', values: () => values };
}

function vocabulary(tensors: readonly GgufTensor[]): number {
  const rows = tensors.find(({ name }) => name === 'token_embd.weight')?.shape[0];
  if (rows === undefined) throw noPlace('the model', 'it has no table of words');
  return rows;
}

/** Transformers' names of what the head and the positions can be computed from. */
const derived = /\.(?:attn\.bias|attn\.masked_bias|rotary_emb\.inv_freq)$/;

function modelTensors({ config, weights }: ModelToWrite, written: WrittenKeys, type: WrittenType): GgufTensor[] {
  const { family } = written;
  const heads = headsIn(config);
  const tied = config['tie_word_embeddings'] ?? family.tiedUnlessSaid;
  return [...weights].flatMap(([hub, weight]) =>
    derived.test(hub) || (hub === 'lm_head.weight' && tied === true)
      ? []
      : [tensorOf(placeOf(written, hub), weight, { heads, type })],
  );
}

export function headsIn(config: Readonly<Record<string, Json>>): Heads {
  const queries = Number(config['num_attention_heads']);
  return { queries, keys: Number(config['num_key_value_heads'] ?? queries) };
}

export interface Place extends Named {
  /** What the values are multiplied by. */
  readonly factor: number;
}

/** Errors: `export.no-place`. */
export function placeOf({ family, factors }: WrittenKeys, hub: string): Place {
  const named = storedName(family, hub);
  if (named === null) throw noPlace(hub, `llama.cpp's ${family.architecture} has no such tensor`);
  const part = /^blk\.\d+\.([a-z_]+)\./.exec(named.name)?.[1];
  return { ...named, factor: factors.get(part ?? '') ?? 1 };
}

export function noPlace(what: string, reason: string): StudioError {
  return new StudioError('export.no-place', { format: 'GGUF', what, reason });
}

function tensorOf(
  { name, layout, factor }: Place,
  weight: Weight,
  { heads, type }: { readonly heads: Heads; readonly type: WrittenType },
): GgufTensor {
  const { shape } = weight;
  const stored = otherShape(layout, shape);
  return {
    name,
    shape: stored,
    type: typeOf(name, stored, type),
    values: async () => {
      const values = toFile(layout, { values: await weight.read(), shape }, heads);
      return factor === 1 ? values : values.map((value) => value * factor);
    },
  };
}

/** As llama.cpp's converter: lists and positions in full, rows that do not fill blocks in F16. */
function typeOf(name: string, shape: readonly number[], type: WrittenType): WrittenType {
  if (shape.length < 2 || !name.endsWith('.weight') || name === 'position_embd.weight') return 'F32';
  // Four bits would cost the words and the head more than they save.
  const wanted = type === 'Q4_0' && /^(?:token_embd|output)\.weight$/.test(name) ? 'Q8_0' : type;
  return fits(wanted, shape.at(-1) ?? 0) ? wanted : 'F16';
}

function tokenizerKeys(
  { name, tokenizer, chatTemplate, stop }: ModelToWrite,
  rows: number,
): readonly (readonly [string, GgufValue])[] {
  const { bos, eos, unk, pad } = tokenizer.special;
  const written = tokenizerToGguf({
    path: name,
    json: tokenizer.json,
    rows,
    bos: bos?.token ?? null,
    eos: eos?.token ?? null,
  });
  const first = eos?.id ?? [...stop][0];
  const [turnEnd] = [...stop].filter((id) => id !== first);
  const ids = { bos: bos?.id, eos: first, unknown: unk?.id, padding: pad?.id, eot: turnEnd };
  const keys: Readonly<Record<string, GgufValue | null>> = {
    model: { kind: 'string', value: written.model },
    pre: { kind: 'string', value: written.pre },
    tokens: { kind: 'list', of: 'string', values: written.tokens },
    token_type: { kind: 'list', of: 'int32', values: written.token_type },
    merges: written.merges && { kind: 'list', of: 'string', values: written.merges },
    scores: written.scores && { kind: 'list', of: 'float32', values: written.scores },
    add_bos_token: { kind: 'bool', value: written.add_bos_token },
    add_eos_token: { kind: 'bool', value: written.add_eos_token },
    add_space_prefix: written.add_space_prefix === null ? null : { kind: 'bool', value: written.add_space_prefix },
    ...Object.fromEntries(
      Object.entries(ids).map(([part, id]) => [`${part}_token_id`, id === undefined ? null : uint(id)]),
    ),
  };
  const template: readonly (readonly [string, GgufValue])[] =
    chatTemplate === null ? [] : [['tokenizer.chat_template', { kind: 'string', value: chatTemplate }]];
  return [
    ...Object.entries(keys).flatMap(([key, value]) =>
      value === null ? [] : [[`tokenizer.ggml.${key}`, value] as const],
    ),
    ...template,
  ];
}
