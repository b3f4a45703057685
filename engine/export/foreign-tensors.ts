/** Tensors of a PEFT folder that another program wrote: found by the names that PEFT's versions have given them, held against the base model. */
import { join } from 'node:path';
import { openSafetensors } from '../checkpoint/safetensors.ts';
import { readNumbers, type TensorFile } from '../checkpoint/tensor-file.ts';
import { openTorchArchive } from '../checkpoint/torch-archive.ts';
import { BugError, StudioError } from '../spec/errors.ts';
import { exists } from '../train/checkpoints.ts';
import { shapeOf, type Setup } from '../train/setup.ts';

export interface ForeignTensors {
  readonly path: string;
  /** The file's key for one of PEFT's of today; null: it has none. */
  find(key: string): string | null;
  readonly file: TensorFile;
}

/** Errors: `file.missing`, those of the file; `adapter.empty`. The caller closes `file`. */
export async function openForeign(folder: string): Promise<ForeignTensors> {
  const [safe, pickled] = ['adapter_model.safetensors', 'adapter_model.bin'].map((name) => join(folder, name));
  if (safe === undefined || pickled === undefined) throw new BugError('an adapter has two names');
  const path = (await exists(safe)) || !(await exists(pickled)) ? safe : pickled;
  const file = path === safe ? await openSafetensors(safe) : await openTorchArchive(pickled);
  if (file.tensors.size === 0) {
    await file.close();
    throw new StudioError('adapter.empty', { path, tensors: 0, example: '', expected: '' });
  }
  const spelt = new Map([...file.tensors.keys()].toReversed().map((key) => [bare(key), key]));
  return {
    path,
    file,
    find: (key) => (file.tensors.has(key) ? key : (spelt.get(bare(key)) ?? null)),
  };
}

/** A key without what PEFT's wrappers, and the adapter's name in them, have put into it. */
export function bare(key: string): string {
  return key
    .replace(/^(?:base_model\.model\.|base_model\.)/, '')
    .replace(/\.modules_to_save(?:\.default)?(?=\.)/, '')
    .replace(/\.base_layer(?=\.)/, '')
    .replace(/(\.(?:lora_(?:embedding_)?[AB]|ia3_l))\.default(?=$|\.)/, '$1')
    .replace(/(\.lora_magnitude_vector)(?:\.default)?(?:\.weight)?$/, '$1');
}

export interface ReadForeign {
  readonly known: ReadonlyMap<string, Float32Array>;
  /** Keys that nothing asked for. */
  readonly ignored: readonly string[];
}

/** Everything that learns under this setup. Errors: `adapter.empty`, `adapter.other-base`, `adapter.base`, `adapter.incomplete`. */
export async function readForeign(foreign: ForeignTensors, setup: Setup): Promise<ReadForeign> {
  const { file } = foreign;
  const keys = new Map(setup.trainable.map((name) => [name, keyOf(name, setup)] as const));
  const found = new Map(
    [...keys].flatMap(([name, key]) => {
      const stored = foreign.find(key);
      return stored === null ? [] : [[name, stored] as const];
    }),
  );
  const used = new Set(found.values());
  const ignored = [...file.tensors.keys()].filter((key) => !used.has(key));
  refuseOtherBase(foreign, setup, { keys, found, ignored });
  const known = new Map<string, Float32Array>();
  for (const [name, stored] of found) known.set(name, await readNumbers(file, stored));
  return { known, ignored };
}

function keyOf(name: string, { method, methodConfig, target }: Setup): string {
  if (!method?.peft || !methodConfig) throw new BugError('the method has no format of PEFT');
  return method.peft.key(name, target, methodConfig);
}

interface Matches {
  /** PEFT's key of each parameter, and the file's. */
  readonly keys: ReadonlyMap<string, string>;
  readonly found: ReadonlyMap<string, string>;
  readonly ignored: readonly string[];
}

function refuseOtherBase({ path, file }: ForeignTensors, setup: Setup, { keys, found, ignored }: Matches): void {
  const [example = ''] = file.tensors.keys();
  const [expected = ''] = keys.values();
  if (![...found.keys()].some((name) => setup.added.has(name)))
    throw new StudioError('adapter.empty', { path, tensors: file.tensors.size, example, expected });
  for (const [name, stored] of found)
    refuseShape({ path, name: stored }, file.tensors.get(stored)?.shape ?? [], {
      setup,
      expected: shapeOf(setup, name),
    });
  const layers = Math.max(...ignored.filter((key) => /\.(?:lora_|ia3_)/.test(key)).map(layerOf), -1) + 1;
  const { config } = setup;
  const deepest = Math.max(config.layers, config.encoderLayers ?? 0);
  if (layers > deepest)
    throw new StudioError('adapter.other-base', { path, what: 'layers', found: layers, expected: deepest });
  const missing = [...keys].find(([name]) => !found.has(name));
  if (missing === undefined) return;
  const last = Math.max(...[...found.values()].map(layerOf), -1) + 1;
  if (layerOf(missing[1]) >= last && last > 0)
    throw new StudioError('adapter.other-base', { path, what: 'layers', found: last, expected: deepest });
  throw new StudioError('adapter.incomplete', { path, name: missing[1] });
}

/** The layer a key belongs to, counted from 0; −1: none. */
function layerOf(key: string): number {
  return Number(/\.(\d+)\./.exec(key)?.[1] ?? -1);
}

/** Says which size of the base is another, where the shape tells. */
function refuseShape(
  at: { readonly path: string; readonly name: string },
  found: readonly number[],
  { setup, expected }: { readonly setup: Setup; readonly expected: readonly number[] },
): void {
  if (found.join() === expected.join()) return;
  const { hidden, vocabulary, embeddingSize = hidden } = setup.config;
  for (const [axis, size] of expected.entries()) {
    const other = found[axis] ?? 0;
    if (other === size || found.length !== expected.length) continue;
    const what = size === vocabulary ? 'vocabulary' : size === hidden || size === embeddingSize ? 'hidden size' : null;
    if (what !== null)
      throw new StudioError('adapter.other-base', { path: at.path, what, found: other, expected: size });
  }
  throw new StudioError('adapter.base', { ...at, found: found.join(' × '), expected: expected.join(' × ') });
}
