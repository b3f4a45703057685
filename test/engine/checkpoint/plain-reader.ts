/** A safetensors reader of its own for the tests: whole file in memory, nothing checked, no code of ours. */
import { readFileSync } from 'node:fs';

interface PlainEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export interface PlainFile {
  readonly names: readonly string[];
  shape(name: string): readonly number[];
  values(name: string): number[];
}

export function readPlain(path: string | URL): PlainFile {
  const file = readFileSync(path);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + length)) as Record<string, PlainEntry>;
  const entries = Object.fromEntries(Object.entries(header).filter(([name]) => name !== '__metadata__'));
  const entryOf = (name: string): PlainEntry => {
    const entry = entries[name];
    if (entry === undefined) throw new Error(`no ${name}`);
    return entry;
  };
  return {
    names: Object.keys(entries),
    shape: (name) => entryOf(name).shape,
    values(name) {
      const {
        dtype,
        data_offsets: [begin, end],
      } = entryOf(name);
      const view = new DataView(file.buffer, file.byteOffset + 8 + length + begin, end - begin);
      const read = readers[dtype];
      if (read === undefined) throw new Error(dtype);
      return Array.from({ length: (end - begin) / read.bytes }, (_unused, i) => read.at(view, i * read.bytes));
    },
  };
}

const readers: Readonly<Record<string, { bytes: number; at(view: DataView, position: number): number }>> = {
  F32: { bytes: 4, at: (view, position) => view.getFloat32(position, true) },
  I64: { bytes: 8, at: (view, position) => Number(view.getBigInt64(position, true)) },
  // Sign, five bits of exponent, ten of fraction, by the definition of binary16.
  F16: {
    bytes: 2,
    at(view, position) {
      const bits = view.getUint16(position, true).toString(2).padStart(16, '0');
      const exponent = parseInt(bits.slice(1, 6), 2);
      const fraction = parseInt(bits.slice(6), 2) / 1024;
      const size = exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15);
      return bits.startsWith('1') ? -size : size;
    },
  },
};
