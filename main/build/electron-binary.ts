/** Where Electron's binary lies, if it is here; and getting it once, quickly or not at all. Never imports `electron`. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ElectronPlaces {
  /** Folder of the npm package, which comes without the binary. */
  readonly package: string;
  /** Folder for what is remembered between starts. */
  readonly cache: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
export const electronPlaces: ElectronPlaces = {
  package: join(root, 'node_modules/electron'),
  cache: join(root, '.cache'),
};

/** How long a failure is remembered: 7 days. */
const memoryMs = 7 * 24 * 3_600_000;

/** Path of the binary as the package recorded it, or null when it is not wholly there. */
export function findElectron({ package: folder }: ElectronPlaces): string | null {
  const recorded = join(folder, 'path.txt');
  if (!existsSync(recorded)) return null;
  const binary = join(
    process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(folder, 'dist'),
    readFileSync(recorded, 'utf8').trim(),
  );
  return existsSync(binary) ? binary : null;
}

/** Whether an earlier try failed, for this version of the package and not long ago. */
export function hasFailedBefore(places: ElectronPlaces): boolean {
  const memory = statSync(memoryFile(places), { throwIfNoEntry: false });
  return (
    memory !== undefined &&
    Date.now() - memory.mtimeMs < memoryMs &&
    readFileSync(memoryFile(places), 'utf8') === versionOf(places)
  );
}

/**
 * Lets the package fetch its own binary. Null when it cannot be had; that is remembered.
 * @param options.silenceMs how long a download may go without a byte before it is given up
 */
export async function fetchElectron(places: ElectronPlaces, { silenceMs = 20_000 } = {}): Promise<string | null> {
  const temporary = join(places.cache, 'electron-download');
  mkdirSync(temporary, { recursive: true });
  const child = spawn(process.execPath, [join(places.package, 'install.js')], {
    // Its own temporary folder shows how far the download is.
    env: { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
    stdio: 'ignore',
  });
  const guard = killWhenSilent(temporary, silenceMs, () => child.kill('SIGKILL'));
  await new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', resolve);
  });
  clearInterval(guard);
  rmSync(temporary, { recursive: true, force: true });
  const binary = findElectron(places);
  if (binary === null) writeFileSync(memoryFile(places), versionOf(places));
  return binary;
}

function killWhenSilent(folder: string, silenceMs: number, kill: () => void): NodeJS.Timeout {
  let last = -1;
  let since = Date.now();
  return setInterval(() => {
    const bytes = bytesIn(folder);
    if (bytes !== last) [last, since] = [bytes, Date.now()];
    // Once whole, it is unpacked elsewhere, which takes a while and makes no bytes here.
    if (Date.now() - since > (bytes > 0 ? 6 * silenceMs : silenceMs)) kill();
  }, 1000);
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce(
    (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

function memoryFile({ cache }: ElectronPlaces): string {
  return join(cache, 'electron-not-to-be-had');
}

function versionOf({ package: folder }: ElectronPlaces): string {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version: string };
  return version;
}
