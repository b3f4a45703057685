/** The bundled bridge, run as a sandboxed window runs it: one CommonJS script that is given `require('electron')` alone. */
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import type { Bridge } from '../../../main/contract/index.ts';

type Listener = (event: unknown, ...rest: unknown[]) => void;

async function exposed(): Promise<{
  name: string;
  bridge: Bridge;
  invoked: unknown[][];
  tell: (...news: unknown[]) => void;
  listeners: Set<Listener>;
}> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '../../../main/preload/preload.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['electron'],
    write: false,
  });
  const invoked: unknown[][] = [];
  const listeners = new Set<Listener>();
  const found: { name: string; bridge: Bridge }[] = [];
  const electron = {
    contextBridge: { exposeInMainWorld: (name: string, bridge: Bridge) => found.push({ name, bridge }) },
    ipcRenderer: {
      invoke: (...call: unknown[]) => {
        invoked.push(call);
        return Promise.resolve({ ok: true, value: 'reply' });
      },
      on: (_channel: string, listener: Listener) => listeners.add(listener),
      off: (_channel: string, listener: Listener) => listeners.delete(listener),
    },
    webUtils: { getPathForFile: ({ name }: File) => `/home/${name}` },
  };
  runInNewContext(outputFiles[0]?.text ?? '', {
    require: (module: string) => {
      if (module !== 'electron') throw new Error(`a sandboxed preload cannot require ${module}`);
      return electron;
    },
  });
  const [only, ...others] = found;
  if (only === undefined || others.length > 0) throw new Error('one bridge was expected');
  return {
    ...only,
    invoked,
    listeners,
    tell: (...news) => {
      for (const listener of [...listeners]) listener({}, ...news);
    },
  };
}

test('calls of the contract go over one channel and bring the envelope', async () => {
  const { name, bridge, invoked } = await exposed();
  const reply = await bridge.call('getProject', { projectId: 'p1' });
  expect({ name, keys: Object.keys(bridge).toSorted(), reply, invoked }).toEqual({
    name: 'studio',
    keys: ['call', 'on', 'pathOf'],
    reply: { ok: true, value: 'reply' },
    invoked: [['studio:call', 'getProject', { projectId: 'p1' }]],
  });
});

test('news reaches the listeners of its topic, without the event, until they leave', async () => {
  const { bridge, tell, listeners } = await exposed();
  const heard: unknown[] = [];
  const leave = bridge.on('download', (news) => heard.push(news));
  tell('run', { id: 'other' });
  tell('download', { model: 'a' });
  leave();
  tell('download', { model: 'b' });
  expect([heard, listeners.size]).toEqual([[{ model: 'a' }], 0]);
});

test('a dropped file gives its path', async () => {
  const { bridge } = await exposed();
  expect(await bridge.pathOf(new File([], 'rows.csv'))).toBe('/home/rows.csv');
});
