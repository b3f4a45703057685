/** Writes GGUF files, version 3, tensor by tensor: a model is never whole in memory, and a file is whole or not there. */
import { BugError } from '../spec/errors.ts';
import { blockType } from './ggml-types.ts';
import { fits, quantise, type WrittenType } from './quantise.ts';
import { elementCount } from './tensor-file.ts';
import { writeAll, writeAtomically } from './write-safetensors.ts';

/** GGUF's kinds of values: its number for each, and its bytes. */
const scalars = {
  uint8: { type: 0, bytes: 1, write: (view, value) => view.setUint8(0, Number(value)) },
  int8: { type: 1, bytes: 1, write: (view, value) => view.setInt8(0, Number(value)) },
  uint16: { type: 2, bytes: 2, write: (view, value) => view.setUint16(0, Number(value), true) },
  int16: { type: 3, bytes: 2, write: (view, value) => view.setInt16(0, Number(value), true) },
  uint32: { type: 4, bytes: 4, write: (view, value) => view.setUint32(0, Number(value), true) },
  int32: { type: 5, bytes: 4, write: (view, value) => view.setInt32(0, Number(value), true) },
  float32: { type: 6, bytes: 4, write: (view, value) => view.setFloat32(0, Number(value), true) },
  bool: { type: 7, bytes: 1, write: (view, value) => view.setUint8(0, Number(value)) },
  uint64: { type: 10, bytes: 8, write: (view, value) => view.setBigUint64(0, BigInt(value), true) },
  int64: { type: 11, bytes: 8, write: (view, value) => view.setBigInt64(0, BigInt(value), true) },
  float64: { type: 12, bytes: 8, write: (view, value) => view.setFloat64(0, Number(value), true) },
} satisfies Record<string, { type: number; bytes: number; write: (view: DataView, value: number | boolean) => void }>;

type ScalarKind = keyof typeof scalars;

const textType = 8;
const listType = 9;

export type GgufValue =
  | { readonly kind: ScalarKind; readonly value: number | boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'list'; readonly of: 'string'; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly of: ScalarKind; readonly values: readonly (number | boolean)[] };

export interface GgufTensor {
  readonly name: string;
  /** Row-major, outermost first. Its rows fill whole blocks of the type. */
  readonly shape: readonly number[];
  readonly type: WrittenType;
  /** Called when the tensor's turn has come. */
  values(): Float32Array | Promise<Float32Array>;
}

/** Tensors begin at multiples of this: GGUF's default. */
const alignment = 32;

/** Writes `path`, or leaves the folder as it was. Tensors stand in the file in the order given. */
export async function writeGguf(
  path: string,
  keys: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
): Promise<void> {
  const sizes = tensors.map(bytesOf);
  const head = headOf(keys, tensors, sizes);
  await writeAtomically(path, async (handle) => {
    await writeAll(handle, head);
    for (const [index, tensor] of tensors.entries()) {
      const data = quantise(tensor.type, await tensor.values());
      if (data.byteLength !== sizes[index]) {
        throw new BugError(`tensor ${tensor.name}: ${data.byteLength} bytes for shape [${tensor.shape.join(', ')}]`);
      }
      await writeAll(handle, data);
      await writeAll(handle, new Uint8Array(aligned(data.byteLength) - data.byteLength));
    }
  });
}

function aligned(size: number): number {
  return Math.ceil(size / alignment) * alignment;
}

function bytesOf({ name, shape, type }: GgufTensor): number {
  const block = blockType(type);
  const count = elementCount(shape);
  if (block === undefined || count === null || !fits(type, shape.at(-1) ?? 1)) {
    throw new BugError(`tensor ${name}: ${type} [${shape.join(', ')}] cannot be written`);
  }
  return (count / block.elements) * block.bytes;
}

function headOf(
  keys: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
  sizes: readonly number[],
): Uint8Array {
  const parts: Uint8Array[] = [encoder.encode('GGUF'), u32(3), u64(tensors.length), u64(keys.size)];
  for (const [key, value] of keys) parts.push(text(key), encoded(value));
  const names = new Set<string>();
  let offset = 0;
  for (const [index, { name, shape, type }] of tensors.entries()) {
    if (names.has(name)) throw new BugError(`tensor ${name} is written twice`);
    names.add(name);
    // GGUF lists the innermost dimension first.
    const dimensions = shape.toReversed().map(u64);
    parts.push(text(name), u32(shape.length), ...dimensions, u32(blockType(type)?.code ?? 0), u64(offset));
    offset += aligned(sizes[index] ?? 0);
  }
  const head = joined(parts);
  return joined([head, new Uint8Array(aligned(head.length) - head.length)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const encoder = new TextEncoder();

function scalar(kind: ScalarKind, value: number | boolean): Uint8Array {
  const { bytes, write } = scalars[kind];
  const out = new Uint8Array(bytes);
  write(new DataView(out.buffer), value);
  return out;
}

function u32(value: number): Uint8Array {
  return scalar('uint32', value);
}

function u64(value: number): Uint8Array {
  return scalar('uint64', value);
}

function text(value: string): Uint8Array {
  const bytes = encoder.encode(value);
  const out = new Uint8Array(8 + bytes.length);
  out.set(u64(bytes.length));
  out.set(bytes, 8);
  return out;
}

/** The type of a value and its bytes. */
function encoded(value: GgufValue): Uint8Array {
  if (value.kind === 'string') return joined([u32(textType), text(value.value)]);
  if (value.kind !== 'list') return joined([u32(scalars[value.kind].type), scalar(value.kind, value.value)]);
  const head = [
    u32(listType),
    u32(value.of === 'string' ? textType : scalars[value.of].type),
    u64(value.values.length),
  ];
  const items = value.of === 'string' ? value.values.map(text) : listed(value.of, value.values);
  return joined(head.concat(items));
}

function listed(kind: ScalarKind, values: readonly (number | boolean)[]): Uint8Array[] {
  return values.map((value) => scalar(kind, value));
}
