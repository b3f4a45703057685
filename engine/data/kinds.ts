/** What a file is, told from its first bytes: a table we read, or something we refuse by its name. */

export type Kind = 'text' | 'zip' | 'gzip';

const binary: readonly (readonly [bytes: string, reason: string])[] = [
  ['89504e470d0a1a0a', 'a picture (PNG)'],
  ['ffd8ff', 'a picture (JPEG)'],
  ['474946383761', 'a picture (GIF)'],
  ['474946383961', 'a picture (GIF)'],
  ['25504446', 'a PDF document'],
  ['d0cf11e0a1b11ae1', 'an Excel 97-2003 workbook or old Office document; save it as .xlsx'],
  ['50415231', 'a Parquet file'],
  ['934e554d5059', 'a NumPy file'],
  ['7f454c46', 'a program'],
  ['cafebabe', 'a program'],
  ['cffaedfe', 'a program'],
  ['53514c69746520666f726d6174203300', 'a SQLite database'],
  ['377abcaf271c', 'a 7z archive; unpack it first'],
  ['526172211a07', 'a RAR archive; unpack it first'],
  ['425a68', 'a bzip2 archive; unpack it first'],
  ['fd377a585a00', 'an xz archive; unpack it first'],
  ['28b52ffd', 'a Zstandard archive; unpack it first'],
  ['47475546', 'a model in GGUF'],
  ['894844460d0a1a0a', 'an HDF5 file'],
  ['7b5c727466', 'an RTF document; save it as .txt or .csv'],
];

/** A pickle names its protocol (2 to 5) in its second byte and ends with a full stop. */
function isPickle(bytes: Buffer): boolean {
  return bytes[0] === 0x80 && (bytes[1] ?? 0) >= 2 && (bytes[1] ?? 0) <= 5;
}

function isProgram(bytes: Buffer): boolean {
  return bytes[0] === 0x4d && bytes[1] === 0x5a && bytes.subarray(0, 512).includes(0);
}

export interface Sniffed {
  readonly kind: Kind | null;
  /** Why it cannot be read, when `kind` is null. */
  readonly reason: string;
}

/** Looks at the first bytes of a file; the extension is not asked. */
export function sniffKind(head: Buffer): Sniffed {
  const refuse = (reason: string): Sniffed => ({ kind: null, reason });
  for (const [bytes, reason] of binary) {
    const magic = Buffer.from(bytes, 'hex');
    if (head.subarray(0, magic.length).equals(magic)) return refuse(reason);
  }
  if (isPickle(head)) return refuse('a Python pickle, which is never opened');
  if (isProgram(head)) return refuse('a program');
  if (head[0] === 0x1f && head[1] === 0x8b) return { kind: 'gzip', reason: '' };
  if (head[0] === 0x50 && head[1] === 0x4b && (head[2] ?? 0) < 8) return { kind: 'zip', reason: '' };
  if (head.subarray(257, 262).toString('latin1') === 'ustar') return refuse('a tar archive; unpack it first');
  const start = head
    .subarray(0, 512)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .toLowerCase();
  if (/^(<!doctype html|<html|<head|<table|<body|<meta)/.test(start))
    return refuse('a web page (HTML); save it as .csv or .xlsx');
  if (start.startsWith('<?xml')) return refuse('an XML file');
  return { kind: 'text', reason: '' };
}
