/** A folder shaped like an unpacked Electron, for packing where its binary cannot be had: names and places, no program. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const executables = {
  linux: ['electron', 'chrome_crashpad_handler', 'chrome-sandbox'],
  win32: ['electron.exe'],
} as const;

export function standInElectron(folder: string, platform: keyof typeof executables): string {
  const manifest = createRequire(import.meta.url).resolve('electron/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string };
  const files = { version, LICENSE: '', 'LICENSES.chromium.html': '', 'locales/en-US.pak': '', 'resources/.keep': '' };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  for (const name of executables[platform]) {
    writeFileSync(join(folder, name), '');
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}
