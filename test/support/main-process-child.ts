/** Runs the bundled main process on Electron's names alone, goes through one session and tells what came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { seen } from './electron-api.ts';

const [bundle = ''] = process.argv.slice(2);
await import(bundle);
for (let waited = 0; seen.handlers.size === 0 && seen.boxes.length === 0 && waited < 20_000; waited += 20)
  await sleep(20);

const home = 'atelier://studio/index.html';
const [window] = seen.windows;

async function call(
  method: string,
  payload: unknown,
  senderFrame: object = { url: home, parent: null },
): Promise<unknown> {
  return await seen.handlers.get('studio:call')?.({ senderFrame }, method, payload);
}

function navigates(url: string): boolean {
  let prevented = false;
  window?.webContents.emit('will-navigate', { url, preventDefault: () => (prevented = true) });
  return !prevented;
}

async function page(url: string): Promise<unknown> {
  const response = await seen.pages?.({ url, method: 'GET' });
  return [response?.status, response?.headers.get('content-security-policy')?.includes("default-src 'none'")];
}

function loads(url: string): unknown {
  let answer: unknown;
  seen.load?.({ url }, (given: unknown) => (answer = given));
  return answer;
}

const report =
  seen.boxes.length > 0
    ? { boxes: seen.boxes }
    : {
        project: await call('createProject', { sample: true }),
        theme: await call('setSettings', { theme: 'dark' }),
        foreign: await call('computer', {}, { url: 'https://example.com/', parent: null }),
        frame: await call('computer', {}, { url: home, parent: {} }),
        gone: await seen.handlers.get('studio:call')?.({ senderFrame: null }, 'computer', {}),
        unknown: await call('constructor', {}),
        pages: [await page(home), await page('atelier://studio/..%2f..%2fpackage.json')],
        goes: [navigates(`${home}#/library`), navigates('https://example.com/')],
        loads: [loads(`${home}`), loads('https://example.com/')],
        opens: window?.webContents.opener?.({ url: 'https://example.com/' }),
        preferences: window?.options.webPreferences,
        topics: [...new Set(window?.webContents.sent.map(([, topic]) => topic))],
        order: seen.order.map((step) => step.split(' ')[0]),
      };
const { app } = await import('./electron-api.ts');
if (seen.boxes.length === 0) app.emit('window-all-closed');
const exit = await seen.exit.promise;
process.send?.({ ...report, exit, left: seen.handlers.size }, undefined, undefined, () => process.exit(0));
