/** Reads a data file as a table: what it is is decided by its content first, by its name second. */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { StudioError } from '../spec/errors.ts';
import { conllExtensions, looksLikeConll, readConll } from './conll.ts';
import { readDelimited, readPlainText } from './csv.ts';
import { readDocument } from './docx.ts';
import { decodeText } from './encoding.ts';
import { looksLikeJson, readJson, readJsonLines } from './json.ts';
import { sniffKind } from './kinds.ts';
import { finding, type Table, type TablePart } from './table.ts';
import { readWorkbook } from './xlsx.ts';

const mebibyte = 1024 * 1024;
/** JavaScript's strings end at 512 Mi characters. */
const mostBytes = 500 * mebibyte;
/** Files above this size are looked through for endless lines before they are read. */
const largeBytes = 32 * mebibyte;
const longestLine = 16 * mebibyte;

/** Reads a CSV, TSV, XLSX, JSON, JSON Lines, CoNLL, Word or text file, gzipped ones too. @throws StudioError file.*, data.* */
export async function readTable(path: string): Promise<Table> {
  const bytes = await readBytes(path);
  const name = basename(path);
  const { encoding, ...part } = readPart(bytes, path, innerExtension(name));
  return { path, name, encoding, ...part };
}

function innerExtension(name: string): string {
  return extname(name.replace(/\.gz$/i, '')).toLowerCase();
}

function readPart(bytes: Buffer, path: string, extension: string): TablePart & Pick<Table, 'encoding'> {
  const { kind, reason } = sniffKind(bytes.subarray(0, 1024));
  switch (kind) {
    case null:
      throw new StudioError('file.format', { path, reason });
    case 'zip': {
      const part = readDocument(bytes, path) ?? readWorkbook(bytes, path);
      return { ...part, encoding: 'utf-8', findings: [...wrongExtension(extension, part.format), ...part.findings] };
    }
    case 'gzip':
      return readPart(unzipped(bytes, path), path, extension);
    case 'text': {
      const { text, encoding, findings } = decodeText(bytes, path);
      const part = readText(text, path, { extension, encoding });
      return {
        ...part,
        encoding,
        findings: [...findings, ...wrongExtension(extension, part.format), ...part.findings, ...nulFinding(text)],
      };
    }
  }
}

const textExtensions = ['.csv', '.tsv', '.tab', '.txt', '.text', ''];
const expectedExtensions: Readonly<Record<TablePart['format'], readonly string[]>> = {
  csv: textExtensions,
  tsv: textExtensions,
  text: ['.txt', '.text', '.md', ''],
  json: ['.json', '.jsonl', '.ndjson'],
  jsonl: ['.jsonl', '.ndjson', '.json'],
  xlsx: ['.xlsx', '.xlsm'],
  docx: ['.docx', '.docm'],
  conll: [...conllExtensions, ...textExtensions],
};

function wrongExtension(extension: string, format: TablePart['format']): TablePart['findings'] {
  return expectedExtensions[format].includes(extension)
    ? []
    : [finding('extension-differs', 'note', { extension, format })];
}

function readText(
  text: string,
  path: string,
  { extension, encoding }: { extension: string; encoding: string },
): TablePart {
  const lines = extension === '.jsonl' || extension === '.ndjson';
  const json = looksLikeJson(text) ?? (lines || (extension === '.json' && /^\s*[[{]/.test(text)) ? 'jsonl' : null);
  if (json !== null) {
    if (!encoding.startsWith('utf-'))
      throw new StudioError('file.format', { path, reason: 'JSON has to be in UTF-8, and this is not' });
    return json === 'jsonl' || (lines && text.trimStart().startsWith('{'))
      ? readJsonLines(text, path)
      : readJson(text, path);
  }
  if (conllExtensions.includes(extension) || looksLikeConll(text)) return readConll(text, path);
  return ['.txt', '.text', '.md', '.log'].includes(extension) ? readPlainText(text, path) : readDelimited(text, path);
}

function nulFinding(text: string): TablePart['findings'] {
  const count = text.includes('\0') ? text.split('\0').length - 1 : 0;
  return count > 0 ? [finding('nul-bytes', 'care', { count })] : [];
}

/** Gzip shrinks tables to a tenth, bombs to a thousandth. */
function unzipped(bytes: Buffer, path: string): Buffer {
  const most = Math.min(256 * mebibyte, Math.max(16 * mebibyte, bytes.length * 100));
  try {
    return gunzipSync(bytes, { maxOutputLength: most });
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const reason = tooLarge ? 'it would unpack to more than is allowed' : 'a damaged gzip file';
    throw new StudioError('file.format', { path, reason }, { cause: error });
  }
}

async function readBytes(path: string): Promise<Buffer> {
  const stats = await stat(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  if (stats.isDirectory()) throw new StudioError('file.unreadable', { path, reason: 'a folder, not a file' });
  if (!stats.isFile()) throw new StudioError('file.unreadable', { path, reason: 'not an ordinary file' });
  if (stats.size === 0) throw new StudioError('file.empty', { path });
  if (stats.size > mostBytes)
    throw new StudioError('file.format', { path, reason: `larger than ${String(mostBytes / mebibyte)} MB` });
  const file = await open(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  try {
    if (stats.size > largeBytes) await refuseEndlessLine(file, path);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function asFileError(error: unknown, path: string): StudioError {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? new StudioError('file.missing', { path }, { cause: error })
    : new StudioError('file.unreadable', { path, reason: message }, { cause: error });
}

/**
 * Reads through a large text file a mebibyte at a time; a JSON document may be one long line, so its kind is left
 * alone.
 */
async function refuseEndlessLine(file: FileHandle, path: string): Promise<void> {
  const chunk = Buffer.alloc(mebibyte);
  let at = 0;
  let lineStart = 0;
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) return;
    if (at === 0 && (sniffKind(chunk).kind !== 'text' || extname(path).toLowerCase() === '.json')) return;
    const seen = chunk.subarray(0, bytesRead);
    const last = Math.max(seen.lastIndexOf(10), seen.lastIndexOf(13));
    if (last >= 0) lineStart = at + last + 1;
    at += bytesRead;
    if (at - lineStart > longestLine) {
      throw new StudioError('file.format', {
        path,
        reason: `one line is larger than ${String(longestLine / mebibyte)} MB`,
      });
    }
  }
}
