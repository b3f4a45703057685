/** Promises: the studio opens whole under Node, a second one and a taken port are told, and after its end another may open. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startStudio } from '../../../main/main.ts';
import { housePaths, temporaryFolder } from '../services/house.ts';

const folder = temporaryFolder();
const pages = join(folder.path, 'pages');
const paths = housePaths(folder.path);
beforeAll(() => {
  mkdirSync(pages);
  writeFileSync(join(pages, 'index.html'), '<!doctype html><title>Atelier</title>');
});
afterAll(() => {
  folder.remove();
});

test('page, calls and news are the real thing; one studio a data folder', async () => {
  const studio = await startStudio({ paths, pages });
  const { origin, searchParams, host } = new URL(studio.address);
  const token = searchParams.get('token') ?? '';
  const call = async (method: string, payload: unknown) => {
    const init = { method: 'POST', headers: { 'x-atelier-token': token }, body: JSON.stringify(payload) };
    return (await (await fetch(`${origin}/api/${method}`, init)).json()) as {
      ok: boolean;
      value: { id: string; name: string };
    };
  };
  const socket = new WebSocket(`ws://${host}/events?token=${token}`);
  await new Promise((resolve) => socket.once('open', resolve));
  const heard = new Promise<unknown>((resolve) => {
    socket.once('message', (data: Buffer) => {
      resolve(JSON.parse(data.toString('utf8')));
    });
  });
  const page = await fetch(studio.address);
  const made = await call('createProject', { name: 'Letters' });
  const found = await call('getProject', { projectId: made.value.id });
  expect([page.status, found, await heard]).toEqual([200, made, { topic: 'project', news: made.value }]);
  await expect(startStudio({ paths, pages })).rejects.toMatchObject({
    code: 'instance.second',
    data: { folder: paths.home },
  });
  await studio.close();
  const again = await startStudio({ paths, pages });
  await again.close();
});

test('a port that is taken is told, and the data folder is free again', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await expect(startStudio({ paths, pages, port })).rejects.toMatchObject({ code: 'port.in-use', data: { port } });
  await new Promise((resolve) => other.close(resolve));
  const studio = await startStudio({ paths, pages, port });
  expect(new URL(studio.address).port).toBe(String(port));
  await studio.close();
});

test('pages that were never built are told before anything is opened', async () => {
  const empty = join(folder.path, 'empty');
  await expect(startStudio({ paths, pages: empty })).rejects.toMatchObject({
    code: 'pages.missing',
    data: { folder: empty },
  });
});
