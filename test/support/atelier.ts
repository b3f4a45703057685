/** Runs the bin `atelier` as a process of its own, the way a terminal does. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const bin = fileURLToPath(new URL('../../main/atelier.js', import.meta.url));

export interface RunOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process once it runs, to signal it. */
  readonly meanwhile?: (child: ChildProcess) => void;
}

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of stdout, parsed; empty unless `--json` was among the arguments. */
  readonly lines: readonly unknown[];
}

export async function atelier(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { input = '', cwd, env, meanwhile } = options;
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A stream that the caller closes early has no text.
  const outputs = Promise.all([child.stdout, child.stderr].map((stream) => text(stream).catch(() => '')));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  meanwhile?.(child);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  const [stdout = '', stderr = ''] = await outputs;
  const lines = args.includes('--json')
    ? stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown)
    : [];
  return { code, signal, stdout, stderr, lines };
}
