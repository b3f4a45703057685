/** `npm start` where no window can be shown: the studio on loopback, its address printed, and a clean end. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildPages, isStale } from '../../main/build/build.ts';

const root = join(import.meta.dirname, '../..');
const home = mkdtempSync(join(tmpdir(), 'atelier-start-'));

beforeAll(async () => {
  if (isStale('pages')) await buildPages();
}, 300_000);
afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

test('it prints an address that answers with the page, and ends when told to', async () => {
  const child = spawn(process.execPath, [join(root, 'main/start.js'), '--no-open'], {
    env: { ...process.env, ATELIER_HOME: home, ATELIER_NO_ELECTRON: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve([code, signal]);
    });
  });
  try {
    const address = await printedAddress(child.stdout);
    const page = await fetch(address);
    expect([page.status, page.headers.get('content-type'), (await page.text()).includes('<div id="app">')]).toEqual([
      200,
      'text/html; charset=utf-8',
      true,
    ]);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended).toEqual(process.platform === 'win32' ? [null, 'SIGTERM'] : [0, null]);
});

async function printedAddress(output: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const piece of output) {
    text += piece.toString('utf8');
    const address = /http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+/.exec(text)?.[0];
    if (address !== undefined) return address;
  }
  throw new Error(`it ended after printing: ${text}`);
}
