/** Reads safetensors files: the header is checked whole, of the data only the wanted range is read. */
import { StudioError } from '../spec/errors.ts';
import { elementBytes, widen } from './convert.ts';
import { openRandomAccess } from './random-access.ts';
import { elementCount, type TensorEntry, type TensorFile } from './tensor-file.ts';

/** The limit of the reference implementation. */
const largestHeader = 100_000_000;
const deepestHeader = 4;

/** Opens a file after checking its whole header. Errors: `file.missing`, `file.unreadable`, `checkpoint.corrupt`, `checkpoint.type`. */
export async function openSafetensors(path: string): Promise<TensorFile> {
  const file = await openRandomAccess(path);
  const corrupt = (reason: string): StudioError => new StudioError('checkpoint.corrupt', { path, reason });
  try {
    if (file.size < 8) throw corrupt(`${file.size} bytes long; the length of the header alone takes 8`);
    const lengthBytes = await file.read(0, 8);
    const headerLength = new DataView(lengthBytes.buffer).getBigUint64(0, true);
    if (headerLength > BigInt(largestHeader)) throw corrupt(`the header claims ${headerLength} bytes`);
    const dataStart = 8 + Number(headerLength);
    if (dataStart > file.size) throw corrupt(`the header claims ${headerLength} bytes in a file of ${file.size}`);
    const text = decodeHeader(await file.read(8, Number(headerLength)), corrupt);
    const { metadata, tensors } = parseHeader(text, { path, real: file.path, dataStart, size: file.size });
    const entryOf = (name: string): TensorEntry => {
      const entry = tensors.get(name);
      if (entry === undefined) throw new StudioError('model.weight-missing', { path, name });
      return entry;
    };
    return {
      path,
      metadata,
      tensors,
      async read(name) {
        const entry = entryOf(name);
        const toFloat = widen.get(entry.dtype);
        if (toFloat === undefined) throw new StudioError('checkpoint.type', { path, name, type: entry.dtype });
        return toFloat(await file.read(entry.offset, entry.bytes), elementCount(entry.shape) ?? 0);
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

type Corrupt = (reason: string) => StudioError;

function decodeHeader(bytes: Uint8Array, corrupt: Corrupt): string {
  if (bytes[0] !== 0x7b) throw corrupt('the header is not a JSON object');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw corrupt('the header is not UTF-8');
  }
}

interface HeaderPlace {
  readonly path: string;
  readonly real: string;
  readonly dataStart: number;
  readonly size: number;
}

function parseHeader(text: string, place: HeaderPlace): Pick<TensorFile, 'metadata' | 'tensors'> {
  const corrupt: Corrupt = (reason) => new StudioError('checkpoint.corrupt', { path: place.path, reason });
  refuseOddJson(text, corrupt);
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw corrupt('the header is not JSON');
  }
  if (!isRecord(header)) throw corrupt('the header is not a JSON object');
  let metadata: Record<string, string> = {};
  const entries: TensorEntry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(value, corrupt);
    else entries.push(parseEntry(name, value, place));
  }
  checkLayout(entries, place, corrupt);
  return { metadata, tensors: new Map(entries.map((entry) => [entry.name, entry])) };
}

/** What JSON.parse would let through: a key given twice, and nesting that no header has. */
function refuseOddJson(text: string, corrupt: Corrupt): void {
  const keys = new Set<string>();
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth > deepestHeader) throw corrupt(`the header is nested more than ${deepestHeader} deep`);
    if (character !== '"') continue;
    const start = i;
    for (i += 1; i < text.length && text[i] !== '"'; i += 1) if (text[i] === '\\') i += 1;
    if (depth !== 1 || !/^\s*:/.test(text.slice(i + 1, i + 40))) continue;
    const key = text.slice(start + 1, i);
    if (keys.has(key)) throw corrupt(`the tensor ${key} is listed twice`);
    keys.add(key);
  }
}

function parseMetadata(value: unknown, corrupt: Corrupt): Record<string, string> {
  if (!isRecord(value)) throw corrupt('__metadata__ is not an object');
  const pairs = Object.entries(value).map(([key, item]): [string, string] => {
    if (typeof item !== 'string') throw corrupt(`__metadata__.${key} is not a string`);
    return [key, item];
  });
  return Object.fromEntries(pairs);
}

function parseEntry(name: string, value: unknown, place: HeaderPlace): TensorEntry {
  const corrupt: Corrupt = (reason) =>
    new StudioError('checkpoint.corrupt', { path: place.path, reason: `tensor ${name}: ${reason}` });
  if (!isRecord(value)) throw corrupt('its entry is not an object');
  const { dtype, shape, data_offsets: range } = value;
  if (typeof dtype !== 'string') throw corrupt('it has no dtype');
  const width = elementBytes.get(dtype);
  if (width === undefined) throw new StudioError('checkpoint.type', { path: place.path, name, type: dtype });
  if (!isSizes(shape)) throw corrupt(`its shape ${show(shape)} is not a list of sizes`);
  if (!isSizes(range) || range.length !== 2) throw corrupt(`its offsets ${show(range)} are not two positions`);
  const [begin = 0, end = 0] = range;
  if (end < begin) throw corrupt(`it ends at ${end}, before it begins at ${begin}`);
  if (place.dataStart + end > place.size) {
    throw corrupt(`it ends at byte ${place.dataStart + end} of a file of ${place.size}`);
  }
  const count = elementCount(shape);
  if (count === null || count * width !== end - begin) {
    throw corrupt(`shape ${show(shape)} of ${dtype} does not fill its ${end - begin} bytes`);
  }
  return { name, dtype, shape, offset: place.dataStart + begin, bytes: end - begin, file: place.real, asStored: true };
}

function checkLayout(entries: readonly TensorEntry[], place: HeaderPlace, corrupt: Corrupt): void {
  const inOrder = entries.toSorted((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let end = place.dataStart;
  for (const entry of inOrder) {
    if (entry.offset < end) throw corrupt(`tensor ${entry.name} shares bytes with another`);
    if (entry.offset > end) throw corrupt(`${entry.offset - end} bytes before tensor ${entry.name} belong to none`);
    end += entry.bytes;
  }
  if (end !== place.size) throw corrupt(`${place.size - end} bytes after the last tensor belong to none`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, 80);
}
