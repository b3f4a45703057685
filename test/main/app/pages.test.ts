/** The window's own protocol: files of the built window, and no way out of their folder. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerPage } from '../../../main/app/pages.ts';
import { contentSecurityPolicy } from '../../../main/app/policy.ts';

let folder: string;
let pages: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-pages-'));
  pages = join(folder, 'pages');
  await mkdir(join(pages, 'assets'), { recursive: true });
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(pages, 'index.html'), '<!doctype html>');
  await writeFile(join(pages, 'assets/app.js'), 'export {};');
  await writeFile(join(pages, '.hidden.txt'), 'secret');
  await symlink(join(folder, 'secret.txt'), join(pages, 'link.txt'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function ask(url: string, method = 'GET'): Promise<{ status: number; type: string | null; body: string }> {
  const response = await answerPage(pages, { url, method });
  expect(response.headers.get('content-security-policy')).toBe(contentSecurityPolicy);
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

test('pages and their scripts are served with their types', async () => {
  expect([await ask('atelier://studio/index.html#/data'), await ask('atelier://studio/assets/app.js')]).toEqual([
    { status: 200, type: 'text/html; charset=utf-8', body: '<!doctype html>' },
    { status: 200, type: 'text/javascript; charset=utf-8', body: 'export {};' },
  ]);
});

test.each([
  'atelier://studio/../secret.txt',
  'atelier://studio/%2e%2e/secret.txt',
  'atelier://studio/..%2fsecret.txt',
  'atelier://studio/..%5csecret.txt',
  'atelier://studio/assets/..%2f..%2fsecret.txt',
  'atelier://studio//etc/passwd',
  'atelier://studio/link.txt',
  'atelier://studio/.hidden.txt',
  'atelier://studio/assets',
  'atelier://studio/absent.html',
  'atelier://studio/%',
])('%s is not found', async (url) => {
  expect(await ask(url)).toEqual({ status: 404, type: null, body: '' });
});

test.each([
  ['atelier://elsewhere/index.html', 'GET'],
  ['file:///etc/passwd', 'GET'],
  ['atelier://studio/index.html', 'POST'],
])('%s by %s is refused', async (url, method) => {
  expect(await ask(url, method)).toEqual({ status: 403, type: null, body: '' });
});
