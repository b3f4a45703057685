/** The window's one way to the studio: Electron's bridge where there is one, else the same contract over loopback. */
import type { Bridge, MethodOf, News, PayloadOf, ReplyOf, Studio, Topic } from '../../main/contract/index.ts';
import { fromEnvelope, StudioError, type Envelope } from '../../engine/spec/errors.ts';

/** The studio as the window holds it. */
export interface StudioLink extends Studio {
  /** Tells when news stops or begins to flow again. */
  onLink(listener: (connected: boolean) => void): () => void;
}

declare global {
  interface Window {
    readonly studio?: Bridge;
  }
}

const retryMilliseconds = [250, 500, 1000, 2000, 4000] as const;
const tokenKey = 'atelier-token';

export function connect(): StudioLink {
  return window.studio ? overBridge(window.studio) : overLoopback(window.location, takeToken(window.location));
}

function unwrap<T>(envelope: Envelope<T>): T {
  if (envelope.ok) return envelope.value;
  throw fromEnvelope(envelope.error);
}

function overBridge(bridge: Bridge): StudioLink {
  return {
    call: async (method, payload) => unwrap(await bridge.call(method, payload)),
    on: (topic, listener) => bridge.on(topic, listener),
    pathOf: (file) => bridge.pathOf(file),
    onLink: () => () => undefined,
  };
}

/** The token of the address; it stays there, since the page cannot be loaded again without it. */
function takeToken(location: Location): string {
  const given = new URLSearchParams(location.search).get('token');
  if (given === null) return sessionStorage.getItem(tokenKey) ?? '';
  sessionStorage.setItem(tokenKey, given);
  return given;
}

function overLoopback(location: Location, token: string): StudioLink {
  const listeners = new Map<Topic, Set<(news: never) => void>>();
  const linkListeners = new Set<(connected: boolean) => void>();
  listen(`${location.origin.replace(/^http/, 'ws')}/events?token=${encodeURIComponent(token)}`, {
    news: (topic, news) => listeners.get(topic)?.forEach((listener) => listener(news as never)),
    link: (connected) => linkListeners.forEach((listener) => listener(connected)),
  });

  async function ask<T>(path: string, init: RequestInit): Promise<T> {
    let reply: Response;
    try {
      reply = await fetch(path, { ...init, headers: { ...init.headers, 'x-atelier-token': token } });
    } catch (thrown) {
      throw new StudioError('studio.unreachable', { address: location.origin }, { cause: thrown });
    }
    if (!(reply.headers.get('content-type') ?? '').includes('json')) {
      throw new StudioError('studio.unreachable', { address: location.origin });
    }
    return unwrap((await reply.json()) as Envelope<T>);
  }

  return {
    call: <M extends MethodOf>(method: M, payload: PayloadOf<M>) =>
      ask<ReplyOf<M>>(`/api/${method}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(payload),
      }),
    on: (topic, listener) => subscribe(listenersOf(listeners, topic), listener),
    pathOf: async (file) => {
      const { path } = await ask<{ readonly path: string }>(`/upload?name=${encodeURIComponent(file.name)}`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: file,
      });
      return path;
    },
    onLink: (listener) => subscribe(linkListeners, listener),
  };
}

function listenersOf<T extends Topic>(
  all: Map<Topic, Set<(news: never) => void>>,
  topic: T,
): Set<(news: News[T]) => void> {
  const known = all.get(topic) ?? new Set<(news: never) => void>();
  all.set(topic, known);
  return known as Set<(news: News[T]) => void>;
}

function subscribe<L>(listeners: Set<L>, listener: L): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

interface Listener {
  readonly news: (topic: Topic, news: unknown) => void;
  readonly link: (connected: boolean) => void;
}

/** Holds the socket for as long as the page lives, and opens it again when it breaks. */
function listen(address: string, listener: Listener, attempt = 0): void {
  const socket = new WebSocket(address);
  let tries = attempt;
  socket.addEventListener('open', () => {
    tries = 0;
    listener.link(true);
  });
  socket.addEventListener('message', (event) => {
    const { topic, news } = JSON.parse(String(event.data)) as { topic: Topic; news: unknown };
    listener.news(topic, news);
  });
  socket.addEventListener('close', () => {
    listener.link(false);
    setTimeout(
      () => listen(address, listener, tries + 1),
      retryMilliseconds[Math.min(tries, retryMilliseconds.length - 1)],
    );
  });
}
