/** The loop of an engine process: takes requests from its parent, runs handlers, sends news and replies. */
import { constants, setPriority } from 'node:os';
import type { Handlers } from '../../engine/index.ts';
import { BugError, toEnvelope } from '../../engine/spec/errors.ts';
import type { Control } from '../../engine/spec/commands.ts';
import type { Wish } from './engine.ts';
import type { RequestMessage, ToChild, ToHost } from './protocol.ts';

/** Of 19 steps of courtesy on Unix: the window and the browser come first, and an otherwise idle computer gives it all. */
const slightlyNicer = 5;

/** The end of a process that is towards its parent. */
interface ParentPort {
  send(message: ToHost): void;
  onMessage(listener: (message: ToChild) => void): void;
}

/** A command under way in this process, and how it is steered. */
class Steering implements Control {
  readonly #abort = new AbortController();
  #wish: Wish = 'run';
  #change = Promise.withResolvers<undefined>();

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  wish(): Wish {
    return this.#wish;
  }

  changed(): Promise<void> {
    return this.#change.promise;
  }

  steer(wish: Wish): void {
    this.#wish = wish;
    this.#announce();
  }

  cancel(): void {
    this.#abort.abort();
    this.#announce();
  }

  #announce(): void {
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers();
    if (this.#abort.signal.aborted) this.#change.resolve(undefined);
    resolve(undefined);
  }
}

/** Serves `load`'s handlers to the parent process until it goes away. `load` runs when the first request comes. */
export function runEngineProcess(load: () => Promise<Handlers>): void {
  const parent = electronParent() ?? nodeParent();
  const underWay = new Map<number, Steering>();
  let handlers: Promise<Handlers> | null = null;
  lowerPriority();
  // A terminal sends Ctrl-C to the whole group; what it means is the parent's to decide.
  process.on('SIGINT', () => undefined);

  async function answer(message: RequestMessage, control: Steering): Promise<void> {
    const { id, command, request } = message;
    const news = (item: unknown) => parent.send({ type: 'news', id, item });
    try {
      const all = await (handlers ??= load());
      control.signal.throwIfAborted();
      // The union of handlers and the union of requests are keyed by the same `command`, which TypeScript cannot see.
      const handler = all[command] as (
        request: unknown,
        news: (item: unknown) => void,
        control: Control,
      ) => Promise<unknown>;
      const value = await handler(request, news, control);
      parent.send({ type: 'reply', id, envelope: { ok: true, value } });
    } catch (thrown) {
      parent.send({ type: 'reply', id, envelope: { ok: false, error: toEnvelope(thrown) } });
    } finally {
      underWay.delete(id);
    }
  }

  process.on('uncaughtException', (thrown) => {
    const envelope = { ok: false, error: toEnvelope(thrown) } as const;
    process.stderr.write(`${thrown.stack ?? String(thrown)}\n`);
    for (const id of underWay.keys()) parent.send({ type: 'reply', id, envelope });
    // What this process holds can no longer be trusted; the delay lets the replies leave.
    setTimeout(() => process.exit(1), 100);
  });

  parent.onMessage((message) => {
    switch (message.type) {
      case 'request': {
        const control = new Steering();
        underWay.set(message.id, control);
        void answer(message, control);
        return;
      }
      case 'steer':
        underWay.get(message.id)?.steer(message.wish);
        return;
      case 'cancel':
        underWay.get(message.id)?.cancel();
        return;
    }
  });
  parent.send({ type: 'ready' });
}

function lowerPriority(): void {
  try {
    setPriority(0, process.platform === 'win32' ? constants.priority.PRIORITY_BELOW_NORMAL : slightlyNicer);
  } catch {
    // Some containers refuse it; the work is the same.
  }
}

function nodeParent(): ParentPort {
  if (process.send === undefined) throw new BugError('the engine process has no parent to talk to');
  const send = process.send.bind(process);
  process.on('disconnect', () => process.exit(0));
  return {
    // A parent that has just gone leaves a broken channel; 'disconnect' follows.
    send: (message) => void send(message, undefined, undefined, () => undefined),
    onMessage: (listener) => void process.on('message', (message) => listener(message as ToChild)),
  };
}

/** Electron's utility process: its port is on `process`, so nothing of Electron is imported. */
interface ElectronPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

function electronParent(): ParentPort | null {
  const { parentPort } = process as NodeJS.Process & { readonly parentPort?: ElectronPort };
  if (parentPort === undefined) return null;
  return {
    send: (message) => parentPort.postMessage(message),
    onMessage: (listener) => parentPort.on('message', (event) => listener(event.data as ToChild)),
  };
}
