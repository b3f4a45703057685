/** Reads entries of a zip archive held in memory, within limits: no bombs, no overlaps, no passwords. */
import { inflateRawSync } from 'node:zlib';

/** Thrown with a reason in a few words; the reader of the file adds its path. */
export class ArchiveFault extends Error {
  override readonly name = 'ArchiveFault';
}

interface Entry {
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

export interface Archive {
  readonly names: readonly string[];
  /** The bytes of an entry, or null if there is none of that name. */
  read(name: string): Buffer | null;
}

const mostEntries = 5000;
const mostBytes = 400 * 1024 * 1024;
/** Sheets pack 5 to 30 to 1; bombs hundreds to 1. */
const mostRatio = 150;
const freeBytes = 8 * 1024 * 1024;

/** Opens an archive. @throws ArchiveFault */
export function openArchive(bytes: Buffer): Archive {
  const entries = directory(bytes);
  return {
    names: [...entries.keys()],
    read(name) {
      const entry = entries.get(name);
      return entry === undefined ? null : unpack(bytes, entry);
    },
  };
}

function directory(bytes: Buffer): Map<string, Entry> {
  const end = bytes.lastIndexOf(Buffer.from('504b0506', 'hex'));
  if (end < 0 || end + 22 > bytes.length) throw new ArchiveFault('damaged: the archive has no directory at its end');
  const count = bytes.readUInt16LE(end + 10);
  if (count > mostEntries) throw new ArchiveFault(`an archive of ${String(count)} files`);
  const entries = new Map<string, Entry>();
  let at = bytes.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50)
      throw new ArchiveFault('damaged: its directory is cut off');
    const nameLength = bytes.readUInt16LE(at + 28);
    if ((bytes.readUInt16LE(at + 8) & 1) !== 0) throw new ArchiveFault('protected by a password');
    const entry = {
      method: bytes.readUInt16LE(at + 10),
      packed: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
      offset: bytes.readUInt32LE(at + 42),
    };
    entries.set(bytes.toString('utf8', at + 46, at + 46 + nameLength), entry);
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  refuseOverlaps([...entries.values()]);
  return entries;
}

function refuseOverlaps(entries: readonly Entry[]): void {
  let end = 0;
  let total = 0;
  for (const { offset, packed, size } of entries.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < end) throw new ArchiveFault('damaged: its entries overlap');
    end = offset + 30 + packed;
    total += size;
    if (total > mostBytes || (size > freeBytes && size > packed * mostRatio)) {
      throw new ArchiveFault(`too large: it would unpack to ${String(Math.round(total / 1024 / 1024))} MB`);
    }
  }
}

function unpack(bytes: Buffer, { method, packed, size, offset }: Entry): Buffer {
  if (offset + 30 > bytes.length || bytes.readUInt32LE(offset) !== 0x04034b50)
    throw new ArchiveFault('damaged: an entry is not where the directory says');
  const start = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
  if (start + packed > bytes.length) throw new ArchiveFault('damaged: an entry is cut off');
  const body = bytes.subarray(start, start + packed);
  if (method === 0) return body;
  if (method !== 8) throw new ArchiveFault('packed in a way that is not known here');
  try {
    return inflateRawSync(body, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    throw new ArchiveFault('damaged: an entry does not unpack to the size it claims', { cause: error });
  }
}
