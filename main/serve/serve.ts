/** The studio over loopback: the window's files, the contract's calls, uploads and a socket for news. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  StudioError,
  toEnvelope,
  type Envelope,
  type ErrorCode,
  type ErrorEnvelope,
} from '../../engine/spec/errors.ts';
import { sentenceOf } from '../../engine/spec/wording/index.ts';
import type { Dispatch } from '../ipc/dispatch.ts';
import type { NewsListener } from '../services/news.ts';
import { fileOf, sendFile } from './files.ts';
import { hasToken, isOurs, ownOrigins } from './guard.ts';
import { receiveUpload, uploadLimit } from './upload.ts';

export interface ServeOptions {
  readonly dispatch: Dispatch;
  readonly subscribe: (listener: NewsListener) => () => void;
  /** Folder of the built window, with its index.html. */
  readonly pages: string;
  readonly uploads: string;
  readonly port: number;
  /** True: exactly this port or 'port.in-use'. False: the next free one. */
  readonly fixedPort: boolean;
  readonly token?: string;
  readonly uploadLimit?: number;
}

export interface Serving {
  /** Address of the studio, token included. */
  readonly address: string;
  readonly port: number;
  readonly token: string;
  close(): Promise<void>;
}

/** Bytes the body of a call may have. */
const bodyLimit = 8 * 2 ** 20;
const portsToTry = 20;
const drainMilliseconds = 5000;

/** Opens the server on 127.0.0.1. Throws 'port.in-use' when the port is fixed and taken. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const token = options.token ?? randomBytes(24).toString('base64url');
  const server = createServer({ requestTimeout: 0, headersTimeout: 15_000 });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024 });
  const port = await listen(server, options.port, options.fixedPort);
  const context: Context = { ...options, port, token };

  server.on('request', (request, response) => void respond(context, request, response));
  server.on('upgrade', (request, socket, head) => {
    upgrade({ context, sockets }, request, { socket, head });
  });
  const stop = options.subscribe((topic, news) => {
    const message = JSON.stringify({ topic, news });
    for (const client of sockets.clients) if (client.readyState === client.OPEN) client.send(message);
  });
  const heart = setInterval(() => {
    for (const client of sockets.clients) client.ping();
  }, 30_000);
  heart.unref();

  return {
    address: `http://127.0.0.1:${String(port)}/?token=${token}`,
    port,
    token,
    close: async () => {
      stop();
      clearInterval(heart);
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}

type Context = ServeOptions & { readonly port: number; readonly token: string };

async function respond(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  setPolicy(response, context.port);
  try {
    if (!isOurs(request, context.port)) throw refused('host or origin');
    const url = new URL(request.url ?? '/', ownOrigins(context.port)[0]);
    if (url.pathname.startsWith('/api/')) await respondToCall(context, { request, response, url });
    else if (url.pathname === '/upload') await respondToUpload(context, { request, response, url });
    else await respondWithFile(context, { request, response, url });
  } catch (error) {
    if (wantsPage(request)) sendErrorPage(response, error);
    else sendError(response, error);
    drain(request);
  }
}

/** What is left of a refused body is read and dropped for a while, so that the sender hears the answer. */
function drain(request: IncomingMessage): void {
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.destroy(), drainMilliseconds);
  request.once('close', () => {
    clearTimeout(timer);
  });
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

async function respondToCall(context: Context, { request, response, url }: Exchange): Promise<void> {
  requireMethod(request, ['POST']);
  if (!hasToken(request, url, context.token)) throw refused('token');
  const payload = parseBody(await readBody(request));
  const envelope = await context.dispatch(decodeURIComponent(url.pathname.slice('/api/'.length)), payload);
  sendEnvelope(response, envelope);
}

async function respondToUpload(context: Context, { request, response, url }: Exchange): Promise<void> {
  requireMethod(request, ['POST']);
  if (!hasToken(request, url, context.token)) throw refused('token');
  const limit = context.uploadLimit ?? uploadLimit;
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limit) throw new StudioError('request.too-large', { bytes: announced, limit });
  const name = url.searchParams.get('name') ?? 'file';
  sendEnvelope(response, { ok: true, value: await receiveUpload(request, { folder: context.uploads, name, limit }) });
}

/** The page itself needs the token; its scripts, styles and fonts are the same for everybody and hold no secret. */
async function respondWithFile(context: Context, { request, response, url }: Exchange): Promise<void> {
  requireMethod(request, ['GET', 'HEAD']);
  const file = await fileOf(context.pages, url.pathname);
  if (file === null) throw new StudioError('not-found', { kind: 'page', id: url.pathname });
  if (file.endsWith('.html') && !hasToken(request, url, context.token)) throw refused('token');
  await sendFile(file, response, request.method === 'HEAD');
}

function upgrade(
  { context, sockets }: { context: Context; sockets: WebSocketServer },
  request: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Buffer },
): void {
  const url = new URL(request.url ?? '/', ownOrigins(context.port)[0]);
  const allowed = url.pathname === '/events' && isOurs(request, context.port) && hasToken(request, url, context.token);
  if (!allowed) {
    socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  sockets.handleUpgrade(request, socket, head, (client: WebSocket) => {
    client.on('error', () => {
      client.terminate();
    });
  });
}

/** Styles set by attribute are allowed for the drawings; scripts, frames and connections are our own alone. */
function setPolicy(response: ServerResponse, port: number): void {
  const sockets = ownOrigins(port)
    .map((origin) => origin.replace('http:', 'ws:'))
    .join(' ');
  response.setHeader(
    'content-security-policy',
    [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "style-src-attr 'unsafe-inline'",
      "img-src 'self' data:",
      "font-src 'self' data:",
      `connect-src 'self' ${sockets}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  );
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('permissions-policy', 'camera=(), microphone=(), geolocation=(), usb=()');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyLimit) throw new StudioError('request.too-large', { bytes, limit: bodyLimit });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new StudioError('request.invalid', { method: 'body', path: 'body', value: text.slice(0, 60), legal: 'JSON' });
  }
}

function requireMethod(request: IncomingMessage, allowed: readonly string[]): void {
  if (!allowed.includes(request.method ?? '')) {
    throw new StudioError('request.invalid', {
      method: request.method ?? '',
      path: 'method',
      value: request.method ?? '',
      legal: allowed.join(', '),
    });
  }
}

function refused(reason: string): StudioError {
  return new StudioError('request.refused', { reason });
}

/** HTTP status of an error that is about the request itself; what a call answers travels with 200. */
const statuses: Partial<Readonly<Record<ErrorCode, number>>> = {
  'request.refused': 403,
  'request.invalid': 400,
  'request.too-large': 413,
  'not-found': 404,
};

function sendError(response: ServerResponse, thrown: unknown): void {
  const error = toEnvelope(thrown);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  sendEnvelope(response, { ok: false, error }, statusOf(error));
}

/** A person who opened the address by hand, rather than the page's own script. */
function wantsPage(request: IncomingMessage): boolean {
  return request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');
}

function sendErrorPage(response: ServerResponse, thrown: unknown): void {
  const error = toEnvelope(thrown);
  const { title, cause, remedy } = sentenceOf(error);
  const lines = [title, cause, remedy].map((line) => line.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`));
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Atelier</title><p>${lines.join('</p><p>')}</p></html>`;
  response.writeHead(statusOf(error), {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(page),
    'cache-control': 'no-store',
  });
  response.end(page);
}

function statusOf(error: ErrorEnvelope): number {
  return error.kind === 'expected' ? (statuses[error.code] ?? 500) : 500;
}

function sendEnvelope(response: ServerResponse, envelope: Envelope<unknown>, status = 200): void {
  const text = JSON.stringify(envelope);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

async function listen(server: Server, first: number, fixed: boolean): Promise<number> {
  for (let port = first; ; port += 1) {
    try {
      return await listenOn(server, port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      if (fixed) throw new StudioError('port.in-use', { port }, { cause: error });
      if (port >= first + portsToTry) return await listenOn(server, 0);
    }
  }
}

function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
