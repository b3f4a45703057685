/** Brings one file into its part file: range requests, tries with growing pauses, size and digest proven at the end. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { StudioError } from '../../engine/spec/errors.ts';
import { BrokenConnection, withoutSecrets, type Connection, type Connector } from './connection.ts';
import { digestFrom, type Digest, type PlannedFile } from './hub.ts';

export interface RetryOptions {
  /** Failures in a row, without a byte gained, before giving up. */
  readonly attempts: number;
  /** First pause; each next one is twice as long. */
  readonly pauseMs: number;
}

export interface FetchFileOptions {
  readonly connector: Connector;
  readonly url: URL;
  readonly part: string;
  readonly signal: AbortSignal;
  readonly retry: RetryOptions;
  /** Version of the content the part belongs to, kept across restarts. */
  readonly etag: { get(): string | null; set(value: string | null): Promise<void> };
  /** Bytes of this file that lie on disk now. */
  readonly onBytes: (bytes: number) => void;
  readonly onVerify: () => void;
}

const longestPauseMs = 30_000;

/**
 * On return `part` is complete and proven.
 * @throws StudioError `net.failed` (the part is kept), `net.checksum` (the part is removed), `net.offline`
 */
export async function fetchFile(file: PlannedFile, options: FetchFileOptions): Promise<void> {
  const { url, part, signal, retry } = options;
  let digest = file.digest;
  let failures = 0;
  for (;;) {
    const start = await startOf(file, part);
    options.onBytes(start);
    if (start === file.bytes && start > 0) break;
    try {
      const seen = await fetchRest(file, { ...options, start });
      digest ??= seen;
      break;
    } catch (error) {
      if (!(error instanceof BrokenConnection || error instanceof TryAgain)) throw error;
      failures = (await sizeOf(part)) > start ? 1 : failures + 1;
      if (failures >= retry.attempts)
        throw new StudioError('net.failed', { url: withoutSecrets(url), reason: error.message }, { cause: error });
      const asked = error instanceof TryAgain ? error.afterMs : 0;
      await sleep(Math.min(longestPauseMs, Math.max(asked, retry.pauseMs * 2 ** (failures - 1))), null, { signal });
    }
  }
  options.onVerify();
  await prove(file, { part, digest, signal });
}

/** Refused for now: busy, or a range it does not have any more. */
class TryAgain extends Error {
  readonly afterMs: number;

  constructor(message: string, afterMs: number) {
    super(message);
    this.afterMs = afterMs;
  }
}

async function fetchRest(
  file: PlannedFile,
  options: FetchFileOptions & { readonly start: number },
): Promise<Digest | null> {
  const { connector, url, part, signal, start, etag, onBytes } = options;
  const known = etag.get();
  const headers: Record<string, string> = start > 0 ? { range: `bytes=${String(start)}-` } : {};
  if (start > 0 && known !== null) headers['if-range'] = known;
  const connection = await connector.open(url, { signal, headers });
  try {
    const from = await acceptedStart(connection, { file, url, part, start });
    const version = strongEtag(connection.headers);
    if (version !== known) await etag.set(version);
    await using handle = await open(part, from === 0 ? 'w' : 'r+');
    let position = from;
    for await (const piece of connection.read()) {
      if (position + piece.length > file.bytes) {
        await handle.truncate(0);
        throw new StudioError('net.failed', {
          url: withoutSecrets(url),
          reason: `it sends more than the ${String(file.bytes)} bytes announced`,
        });
      }
      await handle.write(piece, 0, piece.length, position);
      position += piece.length;
      onBytes(position);
    }
    await handle.sync();
    if (position < file.bytes)
      throw new BrokenConnection(`it ended after ${String(position)} of ${String(file.bytes)} bytes`);
    return announcedDigest(connection);
  } finally {
    await connection.close();
  }
}

/** Where the answer's first byte belongs. @throws TryAgain, or StudioError `net.failed` for a refusal that will stay one */
async function acceptedStart(
  connection: Connection,
  { file, url, part, start }: { file: PlannedFile; url: URL; part: string; start: number },
): Promise<number> {
  const { status, headers } = connection;
  const failed = (reason: string): StudioError => new StudioError('net.failed', { url: withoutSecrets(url), reason });
  if (status === 206) {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
    if (Number(from) === start && Number(total) === file.bytes) return start;
    await rm(part, { force: true });
    throw new TryAgain('it answers with another range than asked for', 0);
  }
  if (status === 200) {
    const length = headers.get('content-length');
    if (length !== null && Number(length) !== file.bytes)
      throw failed(`it offers ${length} bytes where ${String(file.bytes)} are expected`);
    return 0;
  }
  if (status === 416) {
    await rm(part, { force: true });
    throw new TryAgain('HTTP 416', 0);
  }
  if (status === 408 || status === 429 || status >= 500)
    throw new TryAgain(`HTTP ${String(status)}`, retryAfterMs(headers));
  throw failed(`HTTP ${String(status)}`);
}

function retryAfterMs(headers: Headers): number {
  const seconds = Number(headers.get('retry-after') ?? '0');
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

function strongEtag(headers: Headers): string | null {
  const value = headers.get('etag');
  return value === null || value.startsWith('W/') ? null : value;
}

function announcedDigest({ headers, hops }: Connection): Digest | null {
  for (const named of [...hops, headers]) {
    const digest = digestFrom(named.get('x-linked-etag') ?? '');
    if (digest !== null) return digest;
  }
  return null;
}

async function startOf(file: PlannedFile, part: string): Promise<number> {
  const size = await sizeOf(part);
  if (size <= file.bytes) return size;
  await rm(part, { force: true });
  return 0;
}

export async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  return found?.size ?? 0;
}

async function prove(
  file: PlannedFile,
  { part, digest, signal }: { part: string; digest: Digest | null; signal: AbortSignal },
): Promise<void> {
  if (digest === null) {
    await rm(part, { force: true });
    throw new StudioError('net.checksum', {
      file: file.name,
      expected: 'a checksum',
      found: 'none given by the server',
    });
  }
  const hash = createHash(digest.kind === 'sha256' ? 'sha256' : 'sha1');
  if (digest.kind === 'git-blob') hash.update(`blob ${String(file.bytes)}\0`);
  for await (const piece of createReadStream(part, { signal, highWaterMark: 2 ** 20 })) hash.update(piece as Buffer);
  const found = hash.digest('hex');
  if (found === digest.value) return;
  await rm(part, { force: true });
  throw new StudioError('net.checksum', { file: file.name, expected: digest.value, found });
}
