/** Runs every kind of test one after another, whatever the one before said, and closes with one line of counts. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { findBrowser } from './browser.ts';
import { clearTallies, readTally, sum, writeTally, type Tally } from './tally.ts';

interface Runner {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  /** Reads counts off a line of the output; other runners write their own tally. */
  readonly count?: (line: string) => Tally | null;
}

function readParity(line: string): Tally | null {
  const found = /^parity: (\d+) passed, (\d+) failed, (\d+) skipped/.exec(line);
  return found ? { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3]) } : null;
}

/** Echoes the runner's output and resolves to its exit status. */
function run({ name, command, environment, count }: Runner): Promise<number> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
    shell: process.platform === 'win32',
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    console.log(line);
    const tally = count?.(line);
    if (tally) writeTally(name, tally);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
}

/** Also what takes minutes: every method on every family, a journey for each task. */
const all = process.argv.includes('--all');
const chosen = process.argv.slice(2).filter((argument) => argument !== '--all');

const runners: readonly Runner[] = [
  { name: 'vitest', command: ['vitest', 'run', ...chosen] },
  { name: 'parity', command: ['node', 'test/parity/run.ts'], count: readParity },
  { name: 'playwright', command: ['playwright', 'test'] },
];

clearTallies();
const tallies: Tally[] = [];
const broken: string[] = [];
for (const runner of runners) {
  const started = performance.now();
  console.log(`\n== ${runner.name}`);
  const environment = runner.name === 'playwright' ? { ATELIER_BROWSER: findBrowser() } : {};
  const status = await run({ ...runner, environment: { ...environment, ...(all ? { ATELIER_ALL: '1' } : {}) } });
  console.log(`== ${runner.name}: exit status ${status} after ${((performance.now() - started) / 1000).toFixed(0)} s`);
  const tally = readTally(runner.name);
  if (tally) tallies.push(tally);
  if (status !== 0 && (tally === null || tally.failed === 0)) {
    broken.push(runner.name);
    tallies.push({ passed: 0, failed: 1, skipped: 0 });
  }
}
if (broken.length > 0)
  console.log(`\nEnded badly without a failed test: ${broken.join(', ')} (counted as one failure each).`);
const total = sum(tallies);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
