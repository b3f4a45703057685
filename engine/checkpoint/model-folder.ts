/** Opens a base model: a Hugging Face folder in safetensors, sharded or not, or a GGUF file. */
import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { StudioError, asOurs } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { loadTokenizer } from '../tokenizer/load.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { decimalFields } from './exact-json.ts';
import { openGgufModel } from './gguf-model.ts';
import { openSafetensors } from './safetensors.ts';
import type { TensorEntry, TensorFile } from './tensor-file.ts';

/** The weights of a model under the names its files have. */
export interface WeightSource {
  names(): Iterable<string>;
  entry(name: string): TensorEntry | undefined;
  /** Float32, row-major. Errors: `model.weight-missing`, `checkpoint.corrupt`, `checkpoint.type`. */
  read(name: string): Promise<Float32Array>;
  /** Stored size of all tensors. */
  readonly bytes: number;
}

export interface BaseModel {
  /** Absolute path of the folder or file. */
  readonly path: string;
  readonly name: string;
  readonly format: 'safetensors' | 'gguf';
  /** As in config.json, or made from a GGUF file's metadata. */
  readonly config: Readonly<Record<string, Json>>;
  /** Fields of config.json that are written as decimals. */
  readonly decimals: ReadonlySet<string>;
  readonly weights: WeightSource;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: string | null;
  readonly generationConfig: Json | null;
  /** Absolute paths. */
  readonly licenceFiles: readonly string[];
  close(): Promise<void>;
}

/**
 * Opens the model at `path`.
 * Errors: `file.missing`, `model.no-tokenizer`, `model.no-weights`,
 * `model.weight-missing`, `checkpoint.corrupt`, `checkpoint.type`, `tokenizer.unsupported`.
 */
export async function openModel(path: string): Promise<BaseModel> {
  const absolute = resolve(path);
  if (!(await isFolder(absolute))) return openGgufModel(absolute);
  const files = await readdir(absolute);
  if (!files.includes('config.json')) {
    // Of a model in several files the first opens the others.
    const [gguf, second] = files.filter((name) => /(?<!-(?!00001)\d{5}-of-\d{5})\.gguf$/i.test(name));
    if (gguf !== undefined && second === undefined) return openGgufModel(join(absolute, gguf));
  }
  const config = await readConfig(join(absolute, 'config.json'));
  const generationConfig = files.includes('generation_config.json')
    ? await readJson(join(absolute, 'generation_config.json'))
    : null;
  const shards = await openShards(absolute, files);
  try {
    const { tokenizer, chatTemplate } = await loadTokenizer(absolute);
    return {
      path: absolute,
      name: basename(absolute),
      format: 'safetensors',
      config,
      decimals: decimalFields(await readText(join(absolute, 'config.json'))),
      weights: weightsOf(absolute, shards),
      tokenizer,
      chatTemplate,
      generationConfig,
      licenceFiles: files
        .filter((name) => /^(?:licen[cs]e|notice|copying)/i.test(name))
        .map((name) => join(absolute, name)),
      close: () => closeAll(shards),
    };
  } catch (thrown) {
    await closeAll(shards);
    throw thrown;
  }
}

/** The weights of a model folder alone, single or sharded. The caller closes them. */
export async function openWeights(folder: string): Promise<{ readonly weights: WeightSource; close(): Promise<void> }> {
  const shards = await openShards(folder, await readdir(folder));
  return { weights: weightsOf(folder, shards), close: () => closeAll(shards) };
}

/** Puts several files of tensors behind one door. A tensor that two of them hold is refused. */
export function weightsOf(path: string, files: readonly TensorFile[]): WeightSource {
  const owners = new Map<string, TensorFile>();
  let bytes = 0;
  for (const file of files) {
    for (const entry of file.tensors.values()) {
      if (owners.has(entry.name)) {
        throw new StudioError('checkpoint.corrupt', {
          path: file.path,
          reason: `tensor ${entry.name} is in two files`,
        });
      }
      owners.set(entry.name, file);
      bytes += entry.bytes;
    }
  }
  return {
    names: () => owners.keys(),
    entry: (name) => owners.get(name)?.tensors.get(name),
    async read(name) {
      const owner = owners.get(name);
      if (owner === undefined) throw new StudioError('model.weight-missing', { path, name });
      return owner.read(name);
    },
    bytes,
  };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (thrown) {
    throw asOurs(thrown);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    throw asOurs(thrown);
  }
}

async function readJson(path: string): Promise<Json> {
  const text = await readText(path);
  try {
    // `__proto__` in a file must stay without meaning wherever the value is copied to.
    return JSON.parse(text, (key, value: unknown) => (key === '__proto__' ? undefined : value)) as Json;
  } catch (cause) {
    throw new StudioError('checkpoint.corrupt', { path, reason: 'it is not JSON' }, { cause });
  }
}

async function readConfig(path: string): Promise<Readonly<Record<string, Json>>> {
  const value = await readJson(path);
  if (!isRecord(value)) throw new StudioError('checkpoint.corrupt', { path, reason: 'it is not a JSON object' });
  return value;
}

function isRecord(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function openShards(folder: string, files: readonly string[]): Promise<TensorFile[]> {
  const single = 'model.safetensors';
  const index = `${single}.index.json`;
  if (files.includes(single)) return [await openSafetensors(join(folder, single))];
  if (files.includes(index)) return openIndexed(folder, index);
  const pickle = files.find((name) => /\.(?:bin|pt|pth|ckpt|pkl)$/.test(name));
  if (pickle === undefined) throw new StudioError('model.no-weights', { path: folder });
  throw new StudioError('checkpoint.type', { path: join(folder, pickle), name: pickle, type: 'pickle' });
}

async function openIndexed(folder: string, index: string): Promise<TensorFile[]> {
  const path = join(folder, index);
  const corrupt = (reason: string): StudioError => new StudioError('checkpoint.corrupt', { path, reason });
  const value = await readJson(path);
  const map = isRecord(value) ? value['weight_map'] : undefined;
  if (!isRecord(map)) throw corrupt('it has no weight_map');
  const shardOf = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    // A plain file name of this folder: no separators, drives or climbing.
    if (typeof shard !== 'string' || !/^[^/\\:\0]+\.safetensors$/.test(shard)) {
      throw corrupt(`it puts ${name} into ${JSON.stringify(shard).slice(0, 80)}, which is no file of this folder`);
    }
    shardOf.set(name, shard);
  }
  const opened = new Map<string, TensorFile>();
  try {
    for (const shard of new Set(shardOf.values())) opened.set(shard, await openShard(folder, shard));
    for (const [name, shard] of shardOf) {
      if (opened.get(shard)?.tensors.has(name) !== true) {
        throw new StudioError('model.weight-missing', { path: join(folder, shard), name });
      }
    }
    return [...opened.values()];
  } catch (thrown) {
    await closeAll(opened.values());
    throw thrown;
  }
}

async function openShard(folder: string, shard: string): Promise<TensorFile> {
  try {
    await realpath(join(folder, shard));
  } catch (cause) {
    throw new StudioError('file.missing', { path: join(folder, shard) }, { cause });
  }
  return openSafetensors(join(folder, shard));
}

async function closeAll(files: Iterable<TensorFile>): Promise<void> {
  for (const file of files) await file.close();
}
