/** Makes small GGUF files for the tests. */

export interface TensorToStore {
  readonly name: string;
  /** Innermost first, as GGUF lists them. */
  readonly sizes: readonly number[];
  readonly values: Float32Array;
  /** In place of the next free position. */
  readonly offset?: number;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
}

type Value = number | string | boolean | readonly (string | number | boolean)[];

function typed(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([u32(8), text(value)]);
  if (typeof value === 'boolean') return Buffer.concat([u32(7), Buffer.from([value ? 1 : 0])]);
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return Buffer.concat([u32(4), u32(value)]);
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    return Buffer.concat([u32(6), bytes]);
  }
  const items = value.map((item) => typed(item));
  const type = items[0]?.subarray(0, 4) ?? u32(8);
  return Buffer.concat([u32(9), type, u64(items.length), ...items.map((item) => item.subarray(4))]);
}

/** A version 3 file of float32 tensors. */
export function ggufBytes(keys: Readonly<Record<string, Value>>, tensors: readonly TensorToStore[]): Buffer {
  const aligned = (size: number): number => Math.ceil(size / 32) * 32;
  let free = 0;
  const places = tensors.map((tensor) => {
    const at = tensor.offset ?? free;
    free = aligned(at + tensor.values.byteLength);
    return at;
  });
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(Object.keys(keys).length),
    ...Object.entries(keys).flatMap(([key, value]) => [text(key), typed(value)]),
    ...tensors.flatMap(({ name, sizes }, i) => [
      text(name),
      u32(sizes.length),
      ...sizes.map(u64),
      u32(0),
      u64(places[i] ?? 0),
    ]),
  ]);
  const file = Buffer.alloc(aligned(head.length) + free);
  head.copy(file);
  tensors.forEach(({ values }, i) => {
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).copy(
      file,
      aligned(head.length) + (places[i] ?? 0),
    );
  });
  return file;
}
