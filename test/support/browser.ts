/** Finds a Chromium for the end-to-end tests: Playwright's own, else the system's, else installs one. */
import { chromium } from '@playwright/test';
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';

const systemNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const fixedPlaces = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

function onPath(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const candidate = path.join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      continue;
    }
  }
  return null;
}

function systemBrowser(): string | null {
  for (const name of systemNames) {
    const found = onPath(name);
    if (found !== null) return found;
  }
  return fixedPlaces.find((place) => existsSync(place)) ?? null;
}

function succeeds(program: string, args: readonly string[]): boolean {
  const result = spawnSync(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    shell: process.platform === 'win32',
  });
  return result.status === 0;
}

/** An empty string means Playwright's own; otherwise the path of a system browser. */
export function findBrowser(): string {
  if (existsSync(chromium.executablePath())) return '';
  const installed = systemBrowser();
  if (installed !== null) return installed;
  if (process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    console.log('No Chromium here: installing Debian’s.');
    if (
      succeeds('apt-get', ['update', '-q']) &&
      succeeds('apt-get', ['install', '-qy', '--no-install-recommends', 'chromium'])
    ) {
      const fresh = systemBrowser();
      if (fresh !== null) return fresh;
    }
  }
  console.log('No Chromium here: asking Playwright for its own.');
  if (succeeds('playwright', ['install', 'chromium'])) return '';
  throw new Error('No Chromium was found or could be installed. Install Chromium or Chrome, then run the tests again.');
}
