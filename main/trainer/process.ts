/** An engine process as its host sees it, whoever forks it; and the fork for plain Node. */
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ToChild, ToHost } from './protocol.ts';

export interface ExitNotice {
  readonly code: number | null;
  /** Name of the signal that ended it, where the system says so. */
  readonly signal: string | null;
}

export interface EngineProcess {
  readonly pid: number | undefined;
  send(message: ToChild): void;
  onMessage(listener: (message: ToHost) => void): void;
  /** What the process writes on its own outputs: for the report of a crash. */
  onText(listener: (text: string) => void): void;
  /** Called once, also when the process could not be started. */
  onExit(listener: (notice: ExitNotice) => void): void;
  /** Ends it at once, also inside a step. */
  kill(): void;
}

export interface ForkOptions {
  /** Path of the module the process runs. */
  readonly entry: string;
  /** Added to the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
}
export type Fork = (options: ForkOptions) => EngineProcess;

/** The engine's own entry: the source beside this file, or its bundle where the app is packaged. */
export function engineEntry(): string {
  const source = fileURLToPath(new URL('child.ts', import.meta.url));
  return existsSync(source) ? source : fileURLToPath(new URL('child.js', import.meta.url));
}

/** Forks with Node's child_process. */
export function forkNode({ entry, env }: ForkOptions): EngineProcess {
  const child = fork(entry, [], {
    env: { ...process.env, ...env },
    // Flags of the parent, such as a debugger's port, are not the child's.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const texts: ((text: string) => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => texts.forEach((listener) => listener(text)));
  }
  return {
    pid: child.pid,
    send: (message) => void child.send(message, () => undefined),
    onMessage: (listener) => void child.on('message', (message) => listener(message as ToHost)),
    onText: (listener) => void texts.push(listener),
    onExit: (listener) => {
      let told = false;
      const tell = (notice: ExitNotice) => {
        if (!told) listener(notice);
        told = true;
      };
      // 'close' comes after the outputs have been read to their end, so the last line is known.
      child.on('close', (code, signal) => tell({ code, signal }));
      child.on('error', (error) => {
        texts.forEach((text) => text(error.message));
        if (child.pid === undefined) tell({ code: null, signal: null });
      });
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
