/** The engine as the rest of the studio holds it: starts its processes, passes commands, supervises and ends them. */
import { CancelledError, fromEnvelope } from '../../engine/spec/errors.ts';
import type { CommandName, Commands } from '../../engine/spec/commands.ts';
import type { CallOptions, Engine, Running } from './engine.ts';
import { crashError, LastWords, memoryKills } from './crash.ts';
import { engineEntry, type EngineProcess, type ExitNotice, type Fork } from './process.ts';
import type { RequestMessage, ToChild, ToHost } from './protocol.ts';

export interface HostOptions {
  readonly fork: Fork;
  /** The module an engine process runs; the engine's own when absent. */
  readonly entry?: string;
  /** Added to the environment of every engine process. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long a cancelled command may take to end by itself before its process is killed. */
  readonly graceMilliseconds?: number;
  /** How long the shared process may sit unused, with its models in memory. */
  readonly idleMilliseconds?: number;
}

/** A command under way, its types forgotten: they are those of `start`. */
interface Pending {
  readonly message: RequestMessage;
  readonly onNews: ((item: unknown) => void) | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  hasNews: boolean;
  cancelled: boolean;
}

/**
 * Commands with a process to themselves: a crash or a cancel in one leaves the others alone, its memory goes back to
 * the system when it ends, and the peak it reports is its own.
 */
const ownProcess: ReadonlySet<CommandName> = new Set<CommandName>(['train', 'measure']);

export function createHost(options: HostOptions): Engine {
  const entry = options.entry ?? engineEntry();
  const env = options.env ?? {};
  const grace = options.graceMilliseconds ?? 1500;
  const idle = options.idleMilliseconds ?? 300_000;
  const living = new Set<Supervised>();
  let shared: Supervised | null = null;
  let idleTimer: NodeJS.Timeout | undefined;
  let lastId = 0;
  let disposed = false;

  function spawn(): Supervised {
    const supervised = new Supervised(options.fork({ entry, env }));
    living.add(supervised);
    void supervised.ended.then((bystanders) => {
      living.delete(supervised);
      if (shared === supervised) shared = null;
      for (const pending of bystanders) place(pending).take(pending);
    });
    return supervised;
  }

  function place(pending: Pending): Supervised {
    if (ownProcess.has(pending.message.command)) return spawn();
    if (shared === null || shared.ending) shared = spawn();
    return shared;
  }

  /** Ends processes nobody needs: at once those that served one command, after a while the shared one. */
  function sweep(): void {
    clearTimeout(idleTimer);
    for (const supervised of living) {
      if (!supervised.busy && supervised !== shared) supervised.kill();
    }
    idleTimer = setTimeout(() => {
      if (shared?.busy === false) shared.kill();
    }, idle);
    idleTimer.unref();
  }

  function start<N extends CommandName>(
    command: N,
    request: Commands[N]['request'],
    callOptions: CallOptions<N> = {},
  ): Running<N> {
    const { onNews, signal } = callOptions;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const pending: Pending = {
      // Command and request belong together by the signature; the union of messages cannot be indexed by N.
      message: { type: 'request', id: ++lastId, command, request } as RequestMessage,
      onNews: onNews as ((item: unknown) => void) | undefined,
      resolve,
      reject,
      hasNews: false,
      cancelled: false,
    };
    const home = () => [...living].find((supervised) => supervised.has(pending));
    const cancel = () => home()?.cancel(pending, grace);
    if (disposed || signal?.aborted === true) reject(new CancelledError(`${command} was cancelled before it began`));
    else place(pending).take(pending);
    signal?.addEventListener('abort', cancel, { once: true });
    const reply = promise.finally(() => {
      signal?.removeEventListener('abort', cancel);
      sweep();
    });
    return {
      reply: reply as Running<N>['reply'],
      steer: (wish) => home()?.send({ type: 'steer', id: pending.message.id, wish }),
      cancel,
    };
  }

  return {
    start,
    call: (command, request, callOptions) => start(command, request, callOptions).reply,
    dispose: async () => {
      disposed = true;
      clearTimeout(idleTimer);
      await Promise.all([...living].map((supervised) => supervised.dispose()));
    },
  };
}

/** One engine process and the commands it is working on. */
class Supervised {
  /** Resolves when the process is gone, with the commands that are to be asked again elsewhere. */
  readonly ended: Promise<readonly Pending[]>;
  readonly #process: EngineProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #words = new LastWords();
  readonly #killsBefore = memoryKills();
  #outbox: ToChild[] | null = [];
  #killed = false;
  #disposed = false;

  constructor(engineProcess: EngineProcess) {
    this.#process = engineProcess;
    engineProcess.onText((text) => this.#words.add(text));
    engineProcess.onMessage((message) => this.#receive(message));
    this.ended = new Promise((resolve) => engineProcess.onExit((notice) => resolve(this.#bury(notice))));
  }

  get busy(): boolean {
    return this.#pending.size > 0;
  }

  /** True once it has been killed, though the system may take a moment. */
  get ending(): boolean {
    return this.#killed;
  }

  has(pending: Pending): boolean {
    return this.#pending.get(pending.message.id) === pending;
  }

  take(pending: Pending): void {
    this.#pending.set(pending.message.id, pending);
    this.send(pending.message);
  }

  /** Messages wait until the process says that it listens. */
  send(message: ToChild): void {
    if (this.#outbox) this.#outbox.push(message);
    else this.#process.send(message);
  }

  cancel(pending: Pending, graceMilliseconds: number): void {
    if (pending.cancelled) return;
    pending.cancelled = true;
    this.send({ type: 'cancel', id: pending.message.id });
    const timer = setTimeout(() => {
      if (this.has(pending)) this.kill();
    }, graceMilliseconds);
    timer.unref();
  }

  kill(): void {
    this.#killed = true;
    this.#process.kill();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.kill();
    await this.ended;
  }

  #receive(message: ToHost): void {
    if (message.type === 'ready') {
      const waiting = this.#outbox ?? [];
      this.#outbox = null;
      for (const early of waiting) this.#process.send(early);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if (message.type === 'news') {
      pending.hasNews = true;
      pending.onNews?.(message.item);
      return;
    }
    this.#pending.delete(message.id);
    if (message.envelope.ok) pending.resolve(message.envelope.value);
    else pending.reject(fromEnvelope(message.envelope.error));
  }

  /** Settles what was under way when the process ended; returns commands that can be asked again without harm. */
  #bury(notice: ExitNotice): readonly Pending[] {
    const pendings = [...this.#pending.values()];
    this.#pending.clear();
    const again: Pending[] = [];
    for (const pending of pendings) {
      if (pending.cancelled || this.#disposed)
        pending.reject(new CancelledError(`${pending.message.command} was cancelled`));
      else if (this.#killed && canBeAskedAgain(pending)) again.push(pending);
      else pending.reject(crashError({ notice, words: this.#words, killsBefore: this.#killsBefore }));
    }
    return again;
  }
}

/** True for a command that shared a process killed for another's sake, has written nothing and said nothing yet. */
function canBeAskedAgain(pending: Pending): boolean {
  return !pending.hasNews && pending.message.command !== 'export';
}
