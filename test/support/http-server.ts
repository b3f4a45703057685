/** A real HTTP server on loopback that serves real files as the Hugging Face hub does, and can be told to misbehave. */
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** What the server does to one request for a file; the next request meets the next behaviour, then it behaves. */
export type Behaviour =
  | { readonly kind: 'break-after'; readonly bytes: number }
  | { readonly kind: 'stall-after'; readonly bytes: number }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'ignore-range' }
  | { readonly kind: 'corrupt'; readonly at: number }
  | { readonly kind: 'wrong-length' }
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number };

export interface SeenRequest {
  readonly path: string;
  readonly range: string | null;
  readonly ifRange: string | null;
}

export interface HubServer {
  readonly endpoint: string;
  readonly seen: readonly SeenRequest[];
  /** Queues behaviours for the requests of a file's content, by file name. */
  script(file: string, ...behaviours: readonly Behaviour[]): void;
  /** Changes what is announced as a file's checksum. */
  lieAbout(file: string, checksum: string): void;
  close(): Promise<void>;
}

/** Repository name → files: name → path on disk. */
export type HubContent = Readonly<Record<string, Readonly<Record<string, string>>>>;

const commit = 'c0ffee'.padEnd(40, '0');
/** The hub keeps files from this size on in its large file store, and redirects to it. */
const largeFile = 1_000_000;

export async function startHub(content: HubContent, options: { readonly port?: number } = {}): Promise<HubServer> {
  const seen: SeenRequest[] = [];
  const scripts = new Map<string, Behaviour[]>();
  const lies = new Map<string, string>();

  const digestOf = (name: string, path: string): string => lies.get(name) ?? fileDigest(path);

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    seen.push({
      path: pathname,
      range: request.headers.range ?? null,
      ifRange: String(request.headers['if-range'] ?? '') || null,
    });
    const listing = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/main$/.exec(pathname)?.[1];
    const [, repository, name] = /^\/([^/]+\/[^/]+)\/(?:resolve|store)\/[^/]+\/(.+)$/.exec(pathname) ?? [];
    if (listing !== undefined) {
      list(content[listing], response);
      return;
    }
    const path = repository === undefined || name === undefined ? undefined : content[repository]?.[name];
    if (path === undefined || name === undefined) {
      response.writeHead(404).end();
      return;
    }
    const large = statSync(path).size >= largeFile;
    if (large && pathname.includes('/resolve/')) {
      response.writeHead(302, {
        location: `${pathname.replace('/resolve/', '/store/')}?signature=secret`,
        'x-linked-etag': `"${digestOf(name, path)}"`,
        'x-linked-size': String(statSync(path).size),
        'x-repo-commit': commit,
      });
      response.end();
      return;
    }
    send(
      {
        path,
        etag: `"${large ? `store-${fileDigest(path).slice(0, 8)}` : digestOf(name, path)}"`,
        behaviour: scripts.get(name)?.shift() ?? null,
      },
      request,
      response,
    );
  };

  const list = (files: Readonly<Record<string, string>> | undefined, response: ServerResponse): void => {
    if (files === undefined) {
      response.writeHead(401).end();
      return;
    }
    const siblings = Object.entries(files).map(([name, path]) => {
      const { size } = statSync(path);
      const large = size >= largeFile;
      return large
        ? {
            rfilename: name,
            size,
            blobId: '0'.repeat(40),
            lfs: { sha256: digestOf(name, path), size, pointerSize: 134 },
          }
        : { rfilename: name, size, blobId: digestOf(name, path) };
    });
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ id: 'x', sha: commit, siblings }));
  };

  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${String(port)}`,
    seen,
    script: (file, ...behaviours) => {
      scripts.set(file, [...(scripts.get(file) ?? []), ...behaviours]);
    },
    lieAbout: (file, checksum) => {
      lies.set(file, checksum);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Files of a folder, by name, as one repository's content. */
export function filesOf(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, join(folder, name)]));
}

const digests = new Map<string, string>();

function fileDigest(path: string): string {
  const known = digests.get(path);
  if (known !== undefined) return known;
  const bytes = readFileSync(path);
  const hash =
    bytes.length >= largeFile ? createHash('sha256') : createHash('sha1').update(`blob ${String(bytes.length)}\0`);
  const digest = hash.update(bytes).digest('hex');
  digests.set(path, digest);
  return digest;
}

interface Sending {
  readonly path: string;
  readonly etag: string;
  readonly behaviour: Behaviour | null;
}

function send({ path, etag, behaviour }: Sending, request: IncomingMessage, response: ServerResponse): void {
  if (behaviour?.kind === 'status') {
    response.writeHead(behaviour.status, behaviour.headers).end();
    return;
  }
  if (behaviour?.kind === 'redirect') {
    response.writeHead(302, { location: behaviour.to }).end();
    return;
  }
  const { size } = statSync(path);
  const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const ifRange = request.headers['if-range'];
  const partial =
    asked !== undefined && behaviour?.kind !== 'ignore-range' && (ifRange === undefined || ifRange === etag);
  const start = partial ? Number(asked) : 0;
  if (start >= size && partial) {
    response.writeHead(416, { 'content-range': `bytes */${String(size)}` }).end();
    return;
  }
  const length = behaviour?.kind === 'wrong-length' ? size - start + 1 : size - start;
  response.writeHead(partial ? 206 : 200, {
    etag,
    'content-length': String(length),
    ...(partial && { 'content-range': `bytes ${String(start)}-${String(size - 1)}/${String(size)}` }),
  });
  void pour({ path, start, behaviour }, response).catch(() => response.destroy());
}

async function pour(
  { path, start, behaviour }: { path: string; start: number; behaviour: Behaviour | null },
  response: ServerResponse,
): Promise<void> {
  const closed = new Promise((resolve) => response.once('close', resolve));
  const pieces = async function* (): AsyncGenerator<Buffer, void, undefined> {
    let position = start;
    for await (const chunk of createReadStream(path, { start, highWaterMark: 65_536 })) {
      const piece =
        behaviour?.kind === 'corrupt' ? damaged(chunk as Buffer, behaviour.at - position) : (chunk as Buffer);
      const limit =
        behaviour?.kind === 'break-after' || behaviour?.kind === 'stall-after'
          ? behaviour.bytes - (position - start)
          : Infinity;
      if (piece.length >= limit) {
        yield piece.subarray(0, limit);
        if (behaviour?.kind === 'stall-after') await closed;
        throw new Error('broken off');
      }
      if (behaviour?.kind === 'slow')
        await new Promise((resolve) => setTimeout(resolve, (piece.length / behaviour.bytesPerSecond) * 1000));
      yield piece;
      position += piece.length;
    }
  };
  await pipeline(pieces, response);
}

function damaged(piece: Buffer, at: number): Buffer {
  if (at < 0 || at >= piece.length) return piece;
  const copy = Buffer.from(piece);
  copy.writeUInt8(copy.readUInt8(at) ^ 0xff, at);
  return copy;
}
