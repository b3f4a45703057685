/** `npm start`: runs main/start.ts, on the Node that npm brought when the one running cannot read TypeScript. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const start = new URL('start.ts', import.meta.url);
const name = process.platform === 'win32' ? 'node.exe' : 'node';
const brought = fileURLToPath(new URL(`../node_modules/node/bin/${name}`, import.meta.url));
const [major = 0] = process.versions.node.split('.').map(Number);

if (major >= 24) await import(start.href);
else if (existsSync(brought)) startAgain();
else {
  process.stderr.write(
    `Atelier needs Node 24 or newer; this is ${process.version}, and the one that npm brings is not here.\n` +
      'Run `npm install` in the project folder, or install a newer Node.\n',
  );
  process.exitCode = 2;
}

function startAgain() {
  const child = spawn(brought, [fileURLToPath(start), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => process.platform !== 'win32' && child.kill(signal));
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
