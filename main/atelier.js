#!/usr/bin/env node
/** The bin `atelier`: runs main/cli.ts, on the Node that npm brought when the one running cannot read TypeScript. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const readsTypeScript = major > 22 || (major === 22 && minor >= 18);
const cli = new URL('cli.ts', import.meta.url);

endWithNpx();
if (readsTypeScript) await import(cli.href);
else startAgain();

function startAgain() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const brought = fileURLToPath(new URL(`../node_modules/node/bin/${name}`, import.meta.url));
  if (!existsSync(brought)) {
    process.stderr.write(
      `Atelier needs Node 22.18 or newer; this is ${process.version}, and the one that npm brings is not here.\n` +
        'Run `npm install` in the project folder, or install a newer Node.\n',
    );
    process.exit(2);
  }
  // The channel carries no messages: its end tells the other process that this one was killed.
  const child = spawn(brought, [fileURLToPath(cli), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  child.channel?.unref();
  // Windows tells every process of a console itself, and has no gentle kill.
  const passOn = (signal) => process.platform !== 'win32' && child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, passOn);
  child.on('error', (error) => {
    process.stderr.write(`${brought} cannot be started: ${error.message}\n`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
}

/** Under npx the npm process is above this one, with a shell between. When it is killed outright, nobody waits for the work. */
function endWithNpx() {
  if (process.env.npm_command !== 'exec' || process.platform === 'win32') return;
  const above = () => `${process.ppid} ${parentOf(process.ppid)}`;
  const npm = above();
  setInterval(() => {
    if (above() !== npm) process.exit(1);
  }, 200).unref();
}

/** The parent of another process, where the system tells. */
function parentOf(processId) {
  try {
    return readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1];
  } catch {
    return undefined;
  }
}
