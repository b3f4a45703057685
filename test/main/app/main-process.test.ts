/** The bundled main process, with its real store, services and engine, on Electron's names alone: composed, guarded, ended. */
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildApp, buildPages, isStale } from '../../../main/build/build.ts';
import { lockFolder } from '../../../main/store/lock.ts';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'atelier-main-process-'));

beforeAll(async () => {
  if (isStale('app')) await buildApp();
  if (isStale('pages')) await buildPages();
}, 300_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function session(home: string, environment: NodeJS.ProcessEnv = {}): Promise<unknown> {
  const hook = pathToFileURL(join(root, 'test/support/electron-hook.ts')).href;
  const child = fork(
    join(root, 'test/support/main-process-child.ts'),
    [pathToFileURL(join(root, 'dist/app/main.js')).href],
    {
      env: { ...process.env, ...environment, ATELIER_HOME: home },
      execArgv: ['--disable-warning=ExperimentalWarning', '--import', hook],
    },
  );
  return await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => {
      reject(new Error(`it ended with ${String(code)} before it told anything`));
    });
  });
}

test('a session from the first window to the end', async () => {
  expect(await session(join(folder, 'home'))).toEqual({
    project: {
      ok: true,
      value: expect.objectContaining({
        sample: true,
        dataset: expect.objectContaining({ counts: expect.anything() as unknown }) as unknown,
      }) as unknown,
    },
    theme: { ok: true, value: expect.objectContaining({ theme: 'dark' }) as unknown },
    foreign: { ok: false, error: { kind: 'expected', code: 'request.refused', data: { reason: 'sender' } } },
    frame: { ok: false, error: { kind: 'expected', code: 'request.refused', data: { reason: 'sender' } } },
    gone: { ok: false, error: { kind: 'expected', code: 'request.refused', data: { reason: 'sender' } } },
    unknown: { ok: false, error: expect.objectContaining({ code: 'request.invalid' }) as unknown },
    pages: [
      [200, true],
      [404, true],
    ],
    goes: [true, false],
    loads: [{ cancel: false }, { cancel: true }],
    opens: { action: 'deny' },
    preferences: expect.objectContaining({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      spellcheck: false,
      preload: join(root, 'dist/preload/preload.cjs'),
    }) as unknown,
    topics: expect.arrayContaining(['project']) as unknown,
    order: expect.arrayContaining(['path', 'name', 'sandbox', 'privileged', 'ready']) as unknown,
    exit: 0,
    left: 0,
  });
});

test('a data folder that another studio holds is told in a sentence, and the app ends', async () => {
  const home = join(folder, 'held');
  const lock = lockFolder(join(home, 'lock.sqlite'));
  try {
    expect(await session(home)).toEqual({ boxes: [[expect.any(String), expect.any(String)]], exit: 2, left: 0 });
  } finally {
    lock.release();
  }
});

test('the bundle imports what ships with the app and nothing else', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const bundle = join(root, 'dist/app');
  const imported = readdirSync(bundle).flatMap((file) =>
    [
      ...readFileSync(join(bundle, file), 'utf8').matchAll(
        /^(?:import|export)\b[^;]*?from "([^".][^"]*)";|^import "([^".][^"]*)";|import\("([^".][^"]*)"\)/gm,
      ),
    ].map(([, named, bare, late]) => named ?? bare ?? late ?? ''),
  );
  const packages = new Set(
    imported
      .filter((name) => !name.startsWith('node:') && !builtinModules.includes(name))
      .map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
  );
  packages.delete('electron');
  expect(packages).toContain('onnxruntime-node');
  expect(Object.keys(dependencies)).toEqual(expect.arrayContaining([...packages]));
});
