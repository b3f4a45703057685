/** Electron's binary is used only when it is wholly there; when it cannot be had, the next start does not try again. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  fetchElectron,
  findElectron,
  hasFailedBefore,
  type ElectronPlaces,
} from '../../../main/build/electron-binary.ts';

let folder: string;
let places: ElectronPlaces;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atelier-electron-'));
  places = { package: join(folder, 'electron'), cache: join(folder, 'cache') };
  mkdirSync(places.package);
  manifest('45.0.0');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function manifest(version: string): void {
  writeFileSync(join(places.package, 'package.json'), JSON.stringify({ version, type: 'commonjs' }));
}

/** What the package's own installer does in this test. */
function installer(script: string): void {
  writeFileSync(
    join(places.package, 'install.js'),
    `const fs = require('node:fs'), path = require('node:path');\n${script}`,
  );
}

test('a package without its binary has none', () => {
  expect(findElectron(places)).toBe(null);
});

test('a recorded path to a file that is gone is none', () => {
  writeFileSync(join(places.package, 'path.txt'), 'electron');
  expect(findElectron(places)).toBe(null);
});

test('what the installer brings is found', async () => {
  installer(`fs.mkdirSync(path.join(__dirname, 'dist')); fs.writeFileSync(path.join(__dirname, 'dist/electron'), '');
    fs.writeFileSync(path.join(__dirname, 'path.txt'), 'electron');`);
  const binary = join(places.package, 'dist/electron');
  expect([await fetchElectron(places), findElectron(places), hasFailedBefore(places)]).toEqual([binary, binary, false]);
});

test('a failure is remembered for a week and for its version alone', async () => {
  installer('process.exit(1);');
  expect([hasFailedBefore(places), await fetchElectron(places), hasFailedBefore(places)]).toEqual([false, null, true]);
  const eightDaysAgo = new Date(Date.now() - 8 * 24 * 3_600_000);
  utimesSync(join(places.cache, 'electron-not-to-be-had'), eightDaysAgo, eightDaysAgo);
  expect(hasFailedBefore(places)).toBe(false);
  await fetchElectron(places);
  manifest('46.0.0');
  expect(hasFailedBefore(places)).toBe(false);
});

test('an installer that stays silent is given up', async () => {
  installer('setInterval(() => undefined, 1000);');
  const began = Date.now();
  expect(await fetchElectron(places, { silenceMs: 1500 })).toBe(null);
  expect(Date.now() - began).toBeLessThan(10_000);
});
