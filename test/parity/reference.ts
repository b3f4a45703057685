/** Tensors of a golden case, by name. */
import { join } from 'node:path';
import { openSafetensors } from '../../engine/checkpoint/safetensors.ts';
import type { TensorFile } from '../../engine/checkpoint/tensor-file.ts';

export interface Reference {
  has(name: string): boolean;
  names(prefix: string): readonly string[];
  integers(name: string): { readonly shape: readonly number[]; readonly values: readonly number[] };
  floats(name: string): { readonly shape: readonly number[]; readonly values: Float32Array };
}

/** Reads the whole file: golden cases are small. */
export async function openReference(folder: string, file = 'tensors.safetensors'): Promise<Reference> {
  const source: TensorFile = await openSafetensors(join(folder, file));
  const loaded = new Map<string, { shape: readonly number[]; values: Float32Array | readonly number[] }>();
  for (const { name, dtype, shape } of source.tensors.values()) {
    if (dtype === 'I64') {
      const bytes = await source.readRaw(name);
      loaded.set(name, { shape, values: Array.from(new BigInt64Array(bytes.slice().buffer), Number) });
    } else loaded.set(name, { shape, values: await source.read(name) });
  }
  await source.close();
  const get = (name: string): { shape: readonly number[]; values: Float32Array | readonly number[] } => {
    const found = loaded.get(name);
    if (!found) throw new Error(`${folder} has no tensor ${name}`);
    return found;
  };
  return {
    has: (name) => loaded.has(name),
    names: (prefix) => [...loaded.keys()].filter((name) => name.startsWith(prefix)),
    integers: (name) => {
      const { shape, values } = get(name);
      return { shape, values: Array.from(values) };
    },
    floats: (name) => {
      const { shape, values } = get(name);
      return { shape, values: Float32Array.from(values) };
    },
  };
}
