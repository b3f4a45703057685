/** Writes safetensors files tensor by tensor, under a temporary name until they are whole. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BugError, asOurs } from '../spec/errors.ts';
import { elementBytes, narrowF16 } from './convert.ts';
import { elementCount } from './tensor-file.ts';

export interface StoredBytes {
  readonly dtype: string;
  readonly bytes: Uint8Array;
}

export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  /** Values, stored bytes, or a function that brings the values when their turn has come. */
  readonly data: Float32Array | StoredBytes | (() => Float32Array | Promise<Float32Array>);
  /** How float values are stored; F32 unless said otherwise. */
  readonly dtype?: 'F32' | 'F16';
}

interface Planned {
  readonly tensor: TensorToWrite;
  readonly dtype: string;
  readonly width: number;
  readonly bytes: number;
}

/**
 * Writes `path` or, when anything throws, leaves the folder as it was.
 * The order of the tensors in the file is the reference implementation's: widest type first, then by name.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<void> {
  const plan = planOf(tensors);
  await writeAtomically(path, async (handle) => {
    await writeAll(handle, headerOf(plan, metadata));
    for (const item of plan) await writeAll(handle, await bytesOf(item));
  });
}

/** Hands `fill` a file under a temporary name in the same folder; it takes its name only when all is on the disk. */
export async function writeAtomically(path: string, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await fill(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw asOurs(thrown);
  }
}

function planOf(tensors: Iterable<TensorToWrite>): Planned[] {
  const names = new Set<string>();
  const plan = Array.from(tensors, (tensor): Planned => {
    if (names.has(tensor.name)) throw new BugError(`tensor ${tensor.name} is written twice`);
    names.add(tensor.name);
    const stored = typeof tensor.data === 'object' && 'dtype' in tensor.data ? tensor.data : null;
    const dtype = stored?.dtype ?? tensor.dtype ?? 'F32';
    const width = elementBytes.get(dtype);
    const count = elementCount(tensor.shape);
    if (width === undefined || count === null) {
      throw new BugError(`tensor ${tensor.name}: ${dtype} [${tensor.shape.join(', ')}] cannot be written`);
    }
    return { tensor, dtype, width, bytes: count * width };
  });
  return plan.sort((a, b) => b.width - a.width || compare(a.dtype, b.dtype) || compare(a.tensor.name, b.tensor.name));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function headerOf(plan: readonly Planned[], metadata: Readonly<Record<string, string>>): Uint8Array {
  let end = 0;
  const entries = plan.map(({ tensor, dtype, bytes }) => {
    const begin = end;
    end += bytes;
    return [tensor.name, { dtype, shape: tensor.shape, data_offsets: [begin, end] }] as const;
  });
  const json = JSON.stringify(Object.fromEntries([['__metadata__', metadata] as const, ...entries]));
  const text = new TextEncoder().encode(json);
  // The data starts at a multiple of 8.
  const padded = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(text, 8);
  return header;
}

async function bytesOf({ tensor, dtype, bytes }: Planned): Promise<Uint8Array> {
  const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data;
  const raw = data instanceof Float32Array ? floatBytes(data, dtype) : data.bytes;
  if (raw.byteLength !== bytes) {
    throw new BugError(`tensor ${tensor.name}: ${raw.byteLength} bytes for shape [${tensor.shape.join(', ')}]`);
  }
  return raw;
}

function floatBytes(values: Float32Array, dtype: string): Uint8Array {
  if (dtype === 'F16') return new Uint8Array(narrowF16(values).buffer);
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

export async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, 1 << 30));
    done += bytesWritten;
  }
}
