/** Promises: only this computer's own page with its token gets anything but files, and nothing leaves the folder of pages. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { newsHub } from '../../../main/services/news.ts';
import { serve, type Serving } from '../../../main/serve/serve.ts';
import { safeName } from '../../../main/serve/upload.ts';

const folder = mkdtempSync(join(tmpdir(), 'atelier-serve-'));
const pages = join(folder, 'pages');
const uploads = join(folder, 'uploads');
const hub = newsHub();
let serving: Serving;

beforeAll(async () => {
  mkdirSync(join(pages, 'assets'), { recursive: true });
  writeFileSync(join(pages, 'index.html'), '<!doctype html><title>Atelier</title>');
  writeFileSync(join(pages, 'assets', 'a b.js'), 'export {};');
  writeFileSync(join(pages, '.env.txt'), 'hidden');
  writeFileSync(join(pages, 'tool.exe'), 'x');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  symlinkSync(join(folder, 'secret.txt'), join(pages, 'link.txt'));
  serving = await serve({
    dispatch: (method, payload) => Promise.resolve({ ok: true, value: { method, payload } }),
    subscribe: hub.subscribe,
    pages,
    uploads,
    port: 0,
    fixedPort: false,
    uploadLimit: 1000,
  });
});
afterAll(async () => {
  await serving.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request as it stands, its path not normalised. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Reply> {
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: serving.port, path, method, headers }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () =>
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
const withToken = () => ({ 'x-atelier-token': serving.token });
const codeOf = (reply: Reply) => (JSON.parse(reply.body) as { error: { code: string } }).error.code;

describe('the page', () => {
  test('comes with its token, and without it does not', async () => {
    const [given, none, wrong] = [await ask(`/?token=${serving.token}`), await ask('/'), await ask('/?token=nonsense')];
    expect([given.status, given.body, none.status, wrong.status]).toEqual([
      200,
      '<!doctype html><title>Atelier</title>',
      403,
      403,
    ]);
  });

  test('opened by hand without its token says in words what to do', async () => {
    const reply = await ask('/<b>', { headers: { accept: 'text/html,*/*' } });
    const bare = await ask('/', { headers: { accept: 'text/html,*/*' } });
    expect([
      bare.status,
      bare.headers['content-type'],
      bare.body.includes('Open the address that Atelier printed'),
    ]).toEqual([403, 'text/html; charset=utf-8', true]);
    expect([reply.status, reply.body.includes('<b>')]).toEqual([404, false]);
  });

  test('has a policy under which only its own scripts run and nobody frames it', async () => {
    const { headers } = await ask(`/?token=${serving.token}`);
    const policy = String(headers['content-security-policy']);
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]),
    );
    expect([policy.includes('unsafe-eval'), headers['x-content-type-options'], headers['referrer-policy']]).toEqual([
      false,
      'nosniff',
      'no-referrer',
    ]);
  });

  test('files have their types; names are decoded once', async () => {
    const reply = await ask('/assets/a%20b.js');
    expect([reply.status, reply.headers['content-type'], reply.body]).toEqual([
      200,
      'text/javascript; charset=utf-8',
      'export {};',
    ]);
  });

  test.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/%252e%252e/secret.txt',
    '/link.txt',
    '/.env.txt',
    '/tool.exe',
    '/assets',
    '/a%00.js',
    '/%ff.js',
    '//etc/passwd.txt',
  ])('%s is not there', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is no way to read it', async (method) => {
    expect((await ask('/', { method })).status).toBe(400);
  });
});

describe('a call', () => {
  test('is answered with the token in the header or in the query', async () => {
    const body = JSON.stringify({ runId: 'r' });
    const inHeader = await ask('/api/getRun', { method: 'POST', headers: withToken(), body });
    const inQuery = await ask(`/api/getRun?token=${serving.token}`, { method: 'POST', body });
    expect([inHeader, inQuery].map((reply) => JSON.parse(reply.body) as unknown)).toEqual(
      Array(2).fill({ ok: true, value: { method: 'getRun', payload: { runId: 'r' } } }),
    );
  });

  test.each([
    ['without a token', {}],
    ['with a wrong token', { 'x-atelier-token': 'x'.repeat(32) }],
    ['from a page elsewhere', { origin: 'https://example.org', host: 'ours', token: 'ours' }],
    ['from a sandboxed page', { origin: 'null', host: 'ours', token: 'ours' }],
    ['to a rebound name', { host: 'attacker.example', token: 'ours' }],
    ['to another port', { host: '127.0.0.1:1', token: 'ours' }],
  ])(
    '%s is refused',
    async (
      _,
      { token, host, ...headers }: { token?: string; host?: string; origin?: string; 'x-atelier-token'?: string },
    ) => {
      const reply = await ask('/api/getRun', {
        method: 'POST',
        body: '{}',
        headers: {
          ...headers,
          ...(token && withToken()),
          ...(host && { host: host === 'ours' ? `127.0.0.1:${String(serving.port)}` : host }),
        },
      });
      expect([reply.status, codeOf(reply)]).toEqual([403, 'request.refused']);
    },
  );

  test('of its own page, by either name of this computer, is answered', async () => {
    const names = ['127.0.0.1', 'localhost'].map((name) => `${name}:${String(serving.port)}`);
    const replies = await Promise.all(
      names.map((host) =>
        ask('/api/computer', { method: 'POST', headers: { ...withToken(), host, origin: `http://${host}` } }),
      ),
    );
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
  });

  test('that is not JSON, not POST or too large is refused', async () => {
    const broken = await ask('/api/getRun', { method: 'POST', headers: withToken(), body: '{' });
    const get = await ask('/api/getRun', { headers: withToken() });
    const large = await ask('/api/getRun', {
      method: 'POST',
      headers: withToken(),
      body: Buffer.alloc(8 * 2 ** 20 + 1, 32),
    });
    expect([broken.status, get.status, large.status]).toEqual([400, 400, 413]);
  });
});

describe('an upload', () => {
  const send = (name: string, body: Buffer) =>
    ask(`/upload?name=${encodeURIComponent(name)}`, { method: 'POST', headers: withToken(), body });

  test('is kept under its hash and name; the same twice is one file', async () => {
    const body = Buffer.from('text,label\na,b\n');
    const paths = (await Promise.all([send('täglich.csv', body), send('täglich.csv', body)])).map(
      (reply) => (JSON.parse(reply.body) as { value: { path: string } }).value.path,
    );
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
    expect([paths, readFileSync(paths[0] ?? '').equals(body)]).toEqual([
      Array(2).fill(join(uploads, hash, 'täglich.csv')),
      true,
    ]);
  });

  test('that is too large leaves nothing', async () => {
    const before = readdirSync(uploads);
    const announced = await send('big.csv', Buffer.alloc(1001));
    const streamed = await ask('/upload?name=big.csv', {
      method: 'POST',
      headers: { ...withToken(), 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(5_000_000),
    });
    expect([announced.status, streamed.status, readdirSync(uploads)]).toEqual([413, 413, before]);
  });

  test('without the token is refused', async () => {
    expect((await ask('/upload?name=a.csv', { method: 'POST', body: 'x' })).status).toBe(403);
  });

  test.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\me\\daten.xlsx', 'daten.xlsx'],
    ['a:b?.csv', 'a_b_.csv'],
    ['..', 'file'],
    ['', 'file'],
    ['.hidden', 'hidden'],
    ['x\u0000y.csv', 'x_y.csv'],
    [`${'long'.repeat(100)}.jsonl`, `${'long'.repeat(100)}.jsonl`.slice(-80)],
  ])('named %j is kept as %j', (given, kept) => {
    expect(safeName(given)).toBe(kept);
  });
});

describe('news', () => {
  const open = (path: string, headers: Record<string, string> = {}) =>
    new Promise<WebSocket>((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${String(serving.port)}${path}`, { headers });
      socket.on('open', () => resolve(socket));
      socket.on('error', reject);
    });

  test('comes over the socket as topic and news', async () => {
    const socket = await open(`/events?token=${serving.token}`, { origin: `http://127.0.0.1:${String(serving.port)}` });
    const heard = new Promise((resolve) =>
      socket.once('message', (data: Buffer) => resolve(JSON.parse(data.toString()))),
    );
    const news = { method: 'addData', id: 'p', done: 1, total: 2, note: 'rows' } as const;
    hub.publish('job', news);
    expect(await heard).toEqual({ topic: 'job', news });
    socket.close();
  });

  test.each([
    ['without a token', '/events', {}],
    ['from a page elsewhere', 'token', { origin: 'https://example.org' }],
    ['at another path', '/other?token', {}],
  ])('%s is refused', async (_, path, headers) => {
    const address =
      path === 'token'
        ? `/events?token=${serving.token}`
        : path === '/other?token'
          ? `/other?token=${serving.token}`
          : path;
    await expect(open(address, headers)).rejects.toThrow('403');
  });
});

describe('the port', () => {
  const again = (fixedPort: boolean) =>
    serve({
      dispatch: () => Promise.resolve({ ok: true, value: null }),
      subscribe: hub.subscribe,
      pages,
      uploads,
      port: serving.port,
      fixedPort,
    });

  test('in use is told when it was asked for, and passed over when not', async () => {
    await expect(again(true)).rejects.toMatchObject({ code: 'port.in-use', data: { port: serving.port } });
    const next = await again(false);
    expect([next.port === serving.port, next.token === serving.token]).toEqual([false, false]);
    await next.close();
  });
});
