/** The engine's process as Electron forks it: a utility process, so that the window never waits and a crash is its own. */
import { utilityProcess } from 'electron';
import type { Fork } from '../trainer/process.ts';
import type { ToHost } from '../trainer/protocol.ts';

export const forkUtility: Fork = ({ entry, env }) => {
  const child = utilityProcess.fork(entry, [], {
    env: { ...process.env, ...env },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serviceName: 'Atelier engine',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts: ((text: string) => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (piece: Buffer) => {
      for (const listener of texts) listener(piece.toString('utf8'));
    });
  }
  return {
    get pid() {
      return child.pid;
    },
    send: (message) => {
      child.postMessage(message);
    },
    onMessage: (listener) =>
      void child.on('message', (message: ToHost) => {
        listener(message);
      }),
    onText: (listener) => void texts.push(listener),
    onExit: (listener) =>
      void child.once('exit', (code) => {
        listener({ code, signal: null });
      }),
    kill: () => {
      if (!endAtOnce(child.pid)) child.kill();
    },
  };
};

/** Electron's own kill is a request, which a step under way in native code does not hear. */
function endAtOnce(processId: number | undefined): boolean {
  if (processId === undefined) return false;
  try {
    return process.kill(processId, 'SIGKILL');
  } catch {
    return false;
  }
}
