/** Reads GGUF files, versions 2 and 3: metadata and tensor list checked against the file, data dequantised on demand. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { dequantise } from './dequantise.ts';
import { blockTypes } from './ggml-types.ts';
import { openRandomAccess, type RandomAccess } from './random-access.ts';
import { elementCount, type TensorEntry, type TensorFile } from './tensor-file.ts';

export interface GgufFile extends TensorFile {
  /** All metadata by key: numbers, texts, flags and lists of them. */
  readonly keys: ReadonlyMap<string, Json>;
}

const firstWindow = 1 << 20;
const mostDimensions = 4;
const deepestList = 2;

/** Errors: `file.missing`, `file.unreadable`, `checkpoint.corrupt`, `checkpoint.type`. */
export async function openGguf(path: string): Promise<GgufFile> {
  const file = await openRandomAccess(path);
  try {
    const { keys, tensors } = await readHead(path, file);
    const entryOf = (name: string): TensorEntry => {
      const entry = tensors.get(name);
      if (entry === undefined) throw new StudioError('model.weight-missing', { path, name });
      return entry;
    };
    return {
      path,
      keys,
      metadata: Object.fromEntries(
        [...keys].flatMap(([key, value]) => (typeof value === 'object' ? [] : [[key, String(value)]])),
      ),
      tensors,
      async read(name) {
        const entry = entryOf(name);
        const values = dequantise(
          entry.dtype,
          await file.read(entry.offset, entry.bytes),
          elementCount(entry.shape) ?? 0,
        );
        if (values === null) throw new StudioError('checkpoint.type', { path, name, type: entry.dtype });
        return values;
      },
      readRaw(name) {
        const entry = entryOf(name);
        return file.read(entry.offset, entry.bytes);
      },
      close: () => file.close(),
    };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

type Head = Pick<GgufFile, 'keys' | 'tensors'>;

/** The head has no length of its own: reads a window, and a larger one when the head goes on beyond it. */
async function readHead(path: string, file: RandomAccess): Promise<Head> {
  for (let window = firstWindow; ; window *= 4) {
    const bytes = await file.read(0, Math.min(window, file.size));
    try {
      return parseHead(new Cursor(path, bytes, file.size), file);
    } catch (thrown) {
      if (!(thrown instanceof WindowEnded)) throw thrown;
    }
  }
}

class WindowEnded extends Error {}

/** Reads numbers and texts in order; refuses what the file is too short for before it takes any memory. */
class Cursor {
  readonly path: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #size: number;
  readonly #lenient = new TextDecoder('utf-8');
  readonly #strict = new TextDecoder('utf-8', { fatal: true });
  position = 0;

  constructor(path: string, bytes: Uint8Array<ArrayBuffer>, size: number) {
    this.path = path;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#size = size;
  }

  corrupt(reason: string): StudioError {
    return new StudioError('checkpoint.corrupt', { path: this.path, reason });
  }

  /** Refuses a count of things that take at least `least` bytes each where the file ends before. */
  room(count: number, least: number, what: string): void {
    if (!(count * least <= this.#size - this.position)) {
      throw this.corrupt(`${what} does not fit: the file ends after ${this.#size} bytes`);
    }
  }

  take(length: number, what: string): number {
    this.room(length, 1, what);
    const start = this.position;
    if (start + length > this.#bytes.length) throw new WindowEnded();
    this.position += length;
    return start;
  }

  u32(what: string): number {
    return this.#view.getUint32(this.take(4, what), true);
  }

  /** A count or an offset; beyond 2^53 it is refused, since no file is that long. */
  u64(what: string): number {
    const value = this.#view.getBigUint64(this.take(8, what), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.corrupt(`${what} is ${value}`);
    return Number(value);
  }

  text(what: string): string {
    const length = this.u64(`the length of ${what}`);
    const start = this.take(length, what);
    return this.#lenient.decode(this.#bytes.subarray(start, start + length));
  }

  strictText(what: string): string {
    const length = this.u64(`the length of ${what}`);
    const start = this.take(length, what);
    try {
      return this.#strict.decode(this.#bytes.subarray(start, start + length));
    } catch {
      throw this.corrupt(`${what} is not UTF-8`);
    }
  }

  number(type: number, what: string): number | boolean {
    const scalar = scalars.get(type);
    if (scalar === undefined) throw this.corrupt(`${what} has the unknown value type ${type}`);
    return scalar.read(this.#view, this.take(scalar.bytes, what));
  }
}

interface Scalar {
  readonly bytes: number;
  read(view: DataView, at: number): number | boolean;
}

const textType = 8;
const listType = 9;

const scalars: ReadonlyMap<number, Scalar> = new Map<number, Scalar>([
  [0, { bytes: 1, read: (view, at) => view.getUint8(at) }],
  [1, { bytes: 1, read: (view, at) => view.getInt8(at) }],
  [2, { bytes: 2, read: (view, at) => view.getUint16(at, true) }],
  [3, { bytes: 2, read: (view, at) => view.getInt16(at, true) }],
  [4, { bytes: 4, read: (view, at) => view.getUint32(at, true) }],
  [5, { bytes: 4, read: (view, at) => view.getInt32(at, true) }],
  [6, { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
  [7, { bytes: 1, read: (view, at) => view.getUint8(at) !== 0 }],
  [10, { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) }],
  [11, { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) }],
  [12, { bytes: 8, read: (view, at) => view.getFloat64(at, true) }],
]);

function parseHead(cursor: Cursor, file: RandomAccess): Head {
  // "GGUF", little-endian.
  if (cursor.u32('the magic number') !== 0x46554747) throw cursor.corrupt('it does not begin with GGUF');
  const version = cursor.u32('the version');
  if (version >= 1 << 24 && (version & 0xffff) === 0) throw cursor.corrupt('it is a big-endian file');
  if (version !== 2 && version !== 3) throw cursor.corrupt(`it has version ${version}; 2 and 3 are known`);
  const tensorCount = cursor.u64('the number of tensors');
  const keyCount = cursor.u64('the number of keys');
  // A key takes 13 bytes at least, a tensor 24.
  cursor.room(keyCount, 13, `a list of ${keyCount} keys`);
  cursor.room(tensorCount, 24, `a list of ${tensorCount} tensors`);
  const keys = new Map<string, Json>();
  for (let i = 0; i < keyCount; i += 1) {
    const key = cursor.strictText('a key');
    if (keys.has(key)) throw cursor.corrupt(`the key ${key} is there twice`);
    keys.set(key, readValue(cursor, cursor.u32(`the type of ${key}`), { key, depth: 0 }));
  }
  const listed = Array.from({ length: tensorCount }, () => readTensor(cursor));
  const alignment = keys.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || alignment < 8 || alignment % 8 !== 0) {
    throw cursor.corrupt(`general.alignment is ${JSON.stringify(alignment)}; multiples of 8 are legal`);
  }
  const start = Math.ceil(cursor.position / alignment) * alignment;
  return { keys, tensors: placeTensors(cursor, listed, { start, alignment, file }) };
}

function readValue(cursor: Cursor, type: number, at: { readonly key: string; readonly depth: number }): Json {
  if (type === textType) return cursor.text(at.key);
  if (type !== listType) return cursor.number(type, at.key);
  if (at.depth === deepestList) throw cursor.corrupt(`${at.key} has lists in lists more than ${deepestList} deep`);
  const itemType = cursor.u32(`the type of ${at.key}`);
  const count = cursor.u64(`the length of ${at.key}`);
  const least = itemType === textType ? 8 : itemType === listType ? 12 : (scalars.get(itemType)?.bytes ?? 1);
  cursor.room(count, least, `${at.key}, a list of ${count}`);
  const list: Json[] = [];
  for (let i = 0; i < count; i += 1) list.push(readValue(cursor, itemType, { key: at.key, depth: at.depth + 1 }));
  return list;
}

interface ListedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** From the start of the data. */
  readonly offset: number;
}

function readTensor(cursor: Cursor): ListedTensor {
  const name = cursor.strictText('the name of a tensor');
  const corrupt = (reason: string): StudioError => cursor.corrupt(`tensor ${name}: ${reason}`);
  const dimensions = cursor.u32(`the dimensions of ${name}`);
  if (dimensions > mostDimensions) throw corrupt(`it has ${dimensions} dimensions; ${mostDimensions} are the most`);
  const sizes: number[] = [];
  for (let i = 0; i < dimensions; i += 1) sizes.push(cursor.u64(`a dimension of ${name}`));
  const type = cursor.u32(`the type of ${name}`);
  const offset = cursor.u64(`the offset of ${name}`);
  const block = blockTypes.get(type);
  if (block === undefined) throw new StudioError('checkpoint.type', { path: cursor.path, name, type: `ggml ${type}` });
  const count = elementCount(sizes);
  if (count === null) throw corrupt(`its dimensions ${sizes.join(' × ')} are more than any file holds`);
  const row = sizes[0] ?? 1;
  if (row % block.elements !== 0) throw corrupt(`rows of ${row} do not fill blocks of ${block.elements}`);
  // GGUF lists the innermost dimension first.
  return { name, dtype: block.name, shape: sizes.toReversed(), bytes: (count / block.elements) * block.bytes, offset };
}

interface DataPlace {
  readonly start: number;
  readonly alignment: number;
  readonly file: RandomAccess;
}

function placeTensors(
  cursor: Cursor,
  listed: readonly ListedTensor[],
  place: DataPlace,
): ReadonlyMap<string, TensorEntry> {
  const tensors = new Map<string, TensorEntry>();
  for (const { name, dtype, shape, bytes, offset } of listed) {
    const corrupt = (reason: string): StudioError => cursor.corrupt(`tensor ${name}: ${reason}`);
    if (tensors.has(name)) throw corrupt('it is listed twice');
    if (offset % place.alignment !== 0) throw corrupt(`its offset ${offset} is no multiple of ${place.alignment}`);
    if (place.start + offset + bytes > place.file.size) {
      throw corrupt(`it ends at byte ${place.start + offset + bytes} of a file of ${place.file.size}`);
    }
    tensors.set(name, {
      name,
      dtype,
      shape,
      offset: place.start + offset,
      bytes,
      file: place.file.path,
      asStored: true,
    });
  }
  const inOrder = [...tensors.values()].sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let end = place.start;
  for (const entry of inOrder) {
    if (entry.offset < end) throw cursor.corrupt(`tensor ${entry.name} shares bytes with another`);
    end = entry.offset + entry.bytes;
  }
  return tensors;
}
