/** Opens the studio: in an Electron window where the binary and a display are there, else in the browser over loopback. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sentenceOf } from '../engine/spec/wording/index.ts';
import { toEnvelope } from '../engine/spec/errors.ts';
import { buildApp, buildPages, isStale } from './build/build.ts';
import { electronPlaces, fetchElectron, findElectron, hasFailedBefore } from './build/electron-binary.ts';

/** An Electron that ends this soon with an error never showed a window. */
const startupMs = 15_000;

const { values: wish } = parseArgs({
  options: {
    browser: { type: 'boolean', default: false },
    open: { type: 'boolean', default: true },
    port: { type: 'string', default: '0' },
  },
  allowNegative: true,
});

try {
  if (isStale('pages')) {
    say('Building the pages …');
    await buildPages();
  }
  const electron = wish.browser ? null : await electronToUse();
  if (electron === null || !(await runWindow(electron))) await runBrowser();
} catch (error) {
  const envelope = toEnvelope(error);
  const { title, cause, remedy, evidence } = sentenceOf(envelope);
  say([title, cause, remedy, evidence].filter((line) => line !== '').join('\n'));
  process.exitCode = envelope.kind === 'expected' ? 2 : 1;
}

/** The binary, when a window could be shown with it; fetched on the first start if that goes quickly. */
async function electronToUse(): Promise<string | null> {
  if (process.env['ATELIER_NO_ELECTRON'] !== undefined || !hasDisplay()) return null;
  const here = findElectron(electronPlaces);
  if (here !== null || hasFailedBefore(electronPlaces)) return here;
  say('Fetching Electron, about 110 MB, once …');
  const fetched = await fetchElectron(electronPlaces);
  if (fetched === null) say('Electron cannot be had here; the studio opens in the browser instead.');
  return fetched;
}

function hasDisplay(): boolean {
  if (process.platform !== 'linux') return true;
  return Boolean(process.env['DISPLAY']) || Boolean(process.env['WAYLAND_DISPLAY']);
}

/** Runs the window to its end. False when it could not be shown, for want of a system library or a sandbox. */
async function runWindow(electron: string): Promise<boolean> {
  if (isStale('app')) await buildApp();
  const entry = fileURLToPath(new URL('../dist/app/main.js', import.meta.url));
  const began = Date.now();
  const child = spawn(electron, [...sandboxFlags(), entry], { stdio: 'inherit' });
  const code = await new Promise<number>((resolve) => {
    child.once('error', () => {
      resolve(1);
    });
    child.once('exit', (status) => {
      resolve(status ?? 1);
    });
  });
  // 2 is the app's own: it has said what is wrong.
  const shown = code === 0 || code === 2 || Date.now() - began > startupMs;
  if (shown) process.exitCode = code;
  else say('The window could not be shown; the studio opens in the browser instead.');
  return shown;
}

/** Chromium refuses to run as root with its sandbox; then there is no less trusted user to protect. */
function sandboxFlags(): string[] {
  return process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : [];
}

async function runBrowser(): Promise<void> {
  const { startStudio } = await import('./main.ts');
  const studio = await startStudio({ port: Number(wish.port), open: wish.open });
  say(`Atelier is open at ${studio.address}\nCtrl+C ends it.`);
  const end = Promise.withResolvers<undefined>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // A terminal tells this process, and the one above passes it on: the second time means nothing more.
    process.on(signal, () => {
      end.resolve(undefined);
    });
  }
  await end.promise;
  await studio.close();
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
