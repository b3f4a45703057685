/** One outgoing HTTP request: the offline lock, the rule for redirects, the stall clock and the connection log. */
import type { ConnectionView } from '../contract/views.ts';
import { StudioError } from '../../engine/spec/errors.ts';

export interface ConnectorOptions {
  readonly log: (entry: ConnectionView) => void;
  readonly offline: () => boolean;
  /** Origin that is trusted whatever its scheme, since the user chose it. */
  readonly endpoint: URL;
  /** Silence, in milliseconds, after which a connection counts as broken. */
  readonly stallMs: number;
}

export interface Connection {
  readonly status: number;
  readonly headers: Headers;
  /** Headers of the redirects passed on the way; the hub names a large file's SHA-256 only there. */
  readonly hops: readonly Headers[];
  /** The body, piece by piece. @throws BrokenConnection when it ends early or goes silent. */
  read(): AsyncGenerator<Uint8Array, void, undefined>;
  /** Drops the body. Safe to call at any time, more than once. */
  close(): Promise<void>;
}

export interface Connector {
  /**
   * @throws StudioError `net.offline` under the lock, `net.failed` for a redirect that is not allowed
   * @throws BrokenConnection when the other side cannot be reached
   */
  open(
    url: URL,
    options: { readonly signal: AbortSignal; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<Connection>;
}

/** The line broke; another try may help. */
export class BrokenConnection extends Error {
  override readonly name = 'BrokenConnection';
}

const mostRedirects = 5;

export function createConnector(options: ConnectorOptions): Connector {
  return {
    open: async (url, { signal, headers = {} }) => {
      const hops: Headers[] = [];
      let next = url;
      for (;;) {
        const connection = await request(next, { ...options, signal, headers, hops });
        const location = redirectOf(connection);
        if (location === null) return connection;
        await connection.close();
        if (hops.length === mostRedirects)
          throw new StudioError('net.failed', { url: withoutSecrets(url), reason: 'too many redirects' });
        hops.push(connection.headers);
        next = redirectTarget(location, next, options.endpoint);
      }
    },
  };
}

/** What the log and messages may show of an address: no query, no user, no password. */
export function withoutSecrets(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(url.hostname);
}

/** A redirect may lead to https, to the endpoint itself, or on this computer if the endpoint is on it. */
export function mayFollow(url: URL, endpoint: URL): boolean {
  if (url.protocol === 'https:') return true;
  if (url.protocol !== 'http:') return false;
  return url.origin === endpoint.origin || (isLoopback(endpoint) && isLoopback(url));
}

function redirectOf({ status, headers }: Connection): string | null {
  return [301, 302, 303, 307, 308].includes(status) ? headers.get('location') : null;
}

function redirectTarget(location: string, from: URL, endpoint: URL): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from.href) : null;
  if (target === null || !mayFollow(target, endpoint)) {
    throw new StudioError('net.failed', {
      url: withoutSecrets(from),
      reason: `it redirects to an address that is not https (${target === null ? 'unreadable' : withoutSecrets(target)})`,
    });
  }
  return target;
}

type RequestOptions = ConnectorOptions & {
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  readonly hops: readonly Headers[];
};

async function request(url: URL, options: RequestOptions): Promise<Connection> {
  const { log, offline, stallMs, signal, hops } = options;
  const shown = withoutSecrets(url);
  if (offline()) throw new StudioError('net.offline', { url: shown });
  signal.throwIfAborted();
  const time = new Date().toISOString();
  const silence = stallClock(stallMs);
  const stop = new AbortController();
  let bytes = 0;
  let logged = false;
  const end = (outcome: string): void => {
    silence.stop();
    if (logged) return;
    logged = true;
    log({ time, url: shown, bytes, outcome });
  };
  const broken = (thrown: unknown): unknown => {
    if (signal.aborted) {
      end('cancelled');
      return signal.reason;
    }
    const reason = silence.signal.aborted ? `no data for ${String(Math.round(stallMs / 1000))} s` : reasonOf(thrown);
    end(`broken: ${reason}`);
    return new BrokenConnection(reason, { cause: thrown });
  };
  let response: Response;
  try {
    response = await fetch(url, {
      redirect: 'manual',
      headers: { 'accept-encoding': 'identity', 'user-agent': 'atelier', ...options.headers },
      signal: AbortSignal.any([signal, silence.signal, stop.signal]),
    });
  } catch (error) {
    throw broken(error);
  }
  const outcome = String(response.status);
  return {
    status: response.status,
    headers: response.headers,
    hops: [...hops],
    close: async () => {
      stop.abort();
      await response.body?.cancel().catch(() => undefined);
      end(outcome);
    },
    read: async function* () {
      const reader = (
        response.body ?? new ReadableStream<Uint8Array>()
      ).getReader() as ReadableStreamDefaultReader<Uint8Array>;
      try {
        for (;;) {
          const { done, value } = await reader.read().catch((error: unknown) => {
            throw broken(error);
          });
          if (done) break;
          bytes += value.length;
          silence.restart();
          if (offline()) {
            end('stopped by the offline lock');
            throw new StudioError('net.offline', { url: shown });
          }
          yield value;
        }
        end(outcome);
      } finally {
        stop.abort();
        end(`${outcome}, not read to its end`);
      }
    },
  };
}

function stallClock(milliseconds: number) {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new Error('stalled'));
  }, milliseconds);
  return {
    signal: controller.signal,
    restart: () => timer.refresh(),
    stop: () => {
      clearTimeout(timer);
    },
  };
}

function reasonOf(thrown: unknown): string {
  let error = thrown;
  while (error instanceof Error && error.cause instanceof Error) error = error.cause;
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? error.message : `${code} ${error.message}`;
}
