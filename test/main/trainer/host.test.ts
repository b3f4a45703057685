/** Promises of the trainer host, kept with real processes around a tiny engine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { Engine } from '../../../main/trainer/engine.ts';
import { createHost } from '../../../main/trainer/host.ts';
import { forkNode } from '../../../main/trainer/process.ts';

const entry = fileURLToPath(new URL('../../support/tiny-engine.ts', import.meta.url));
const engines: Engine[] = [];

function host(
  options: { graceMilliseconds?: number; idleMilliseconds?: number; env?: Record<string, string> } = {},
): Engine {
  const engine = createHost({ fork: forkNode, entry, ...options });
  engines.push(engine);
  return engine;
}

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.dispose()));
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  for (let waited = 0; isAlive(pid) && waited < 5000; waited += 20)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isAlive(pid)).toBe(false);
}

async function pidOf(engine: Engine): Promise<number> {
  return (await engine.call('inspectModel', { modelPath: '' })).parameters;
}

const recipe = (value: unknown) => ({ recipe: value, folder: '', modelPath: '' });
const training = (out: string) => ({ ...recipe(null), out, resume: false });
const prompt = { modelPath: '', adapter: null, maxNewTokens: 1, temperature: 0, seed: 0 };

test('a command is answered by one shared process, with the environment it was given', async () => {
  const engine = host({ env: { TINY_NAME: 'given' } });
  const first = await engine.call('inspectModel', { modelPath: 'here' });
  expect([
    first.path,
    first.name,
    first.parameters === (await pidOf(engine)),
    first.parameters === process.pid,
  ]).toEqual(['here', 'given', true, false]);
});

test('news arrive in order and before the reply', async () => {
  const heard: string[] = [];
  const words = Array.from({ length: 500 }, (_, index) => `w${index}`);
  const onNews = ({ text }: { text: string }) => void heard.push(text);
  await host().call('generate', { ...prompt, prompt: words.join(' ') }, { onNews });
  expect(heard).toEqual(words);
});

test('an expected error keeps its code and data, a bug its message and stack', async () => {
  const engine = host();
  await expect(engine.call('estimate', recipe('refuse'))).rejects.toMatchObject({
    name: 'StudioError',
    code: 'file.missing',
    data: { path: 'rows.csv' },
  });
  await expect(engine.call('estimate', recipe('bug'))).rejects.toMatchObject({
    name: 'BugError',
    message: 'undefined is not a function',
    stack: expect.stringContaining('tiny-engine.ts') as string,
  });
});

test('an exception outside of any command is a bug of the commands under way, and the next command works', async () => {
  const engine = host();
  await expect(engine.call('estimate', recipe('stray'))).rejects.toMatchObject({
    name: 'BugError',
    message: 'thrown outside of any command',
  });
  expect(await pidOf(engine)).toBeGreaterThan(0);
});

test('steering reaches a run', async () => {
  const heard: number[] = [];
  const running = host().start('train', training('steer'), {
    onNews: (event) => {
      if (event.type !== 'resumed') return;
      heard.push(event.step);
      if (event.step === 1) running.steer('pause');
      if (event.step === 2) running.steer('run');
      if (event.step === 3) running.steer('stop');
    },
  });
  expect([(await running.reply).train.precision, heard]).toEqual(['run pause run', [1, 2, 3]]);
});

test('a run has a process of its own, which ends with it', async () => {
  const engine = host();
  const shared = await pidOf(engine);
  let own = 0;
  const running = engine.start('train', training('steer'), {
    onNews: (event) => {
      if (event.type === 'checkpoint') own = event.step;
      running.steer('stop');
    },
  });
  await running.reply;
  expect(own).not.toBe(shared);
  await untilGone(own);
  expect(await pidOf(engine)).toBe(shared);
});

test('a cancel between steps ends the command as cancelled and leaves the process', async () => {
  const engine = host();
  let pid = 0;
  const abort = new AbortController();
  const call = engine.call('train', training('wait'), {
    signal: abort.signal,
    onNews: (event) => {
      if (event.type === 'checkpoint') pid = event.step;
      else abort.abort();
    },
  });
  await expect(call).rejects.toMatchObject({ name: 'CancelledError' });
  await untilGone(pid);
});

test('a cancel inside a blocked step kills the process, and a command beside it is asked again', async () => {
  const engine = host({ graceMilliseconds: 200 });
  const shared = await pidOf(engine);
  const began = performance.now();
  const started = Promise.withResolvers<undefined>();
  const blocked = engine.start(
    'generate',
    { ...prompt, prompt: 'a', seed: 60_000 },
    { onNews: () => started.resolve(undefined) },
  );
  await started.promise;
  await new Promise((resolve) => setTimeout(resolve, 100));
  const beside = pidOf(engine);
  blocked.cancel();
  await expect(blocked.reply).rejects.toMatchObject({ name: 'CancelledError' });
  expect(await beside).not.toBe(shared);
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('a command cancelled before it began is cancelled without a process', async () => {
  await expect(host().call('estimate', recipe(0), { signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: 'CancelledError',
  });
});

test('kill -9 of the process is a crash, told with its signal, and the next command starts a new one', async () => {
  const engine = host();
  const call = engine.call('train', training('block'), {
    onNews: (event) => {
      if (event.type === 'checkpoint') process.kill(event.step, 'SIGKILL');
    },
  });
  await expect(call).rejects.toMatchObject({ code: 'engine.crashed', data: { signal: 'SIGKILL', lastLine: '' } });
  expect(await pidOf(engine)).toBeGreaterThan(0);
});

test('an abort is a crash with its last words; one for want of memory is said to be that', async () => {
  const engine = host();
  await expect(engine.call('estimate', recipe('abort'))).rejects.toMatchObject({
    code: 'engine.crashed',
    data: { signal: 'SIGABRT', lastLine: 'the last line' },
  });
  await expect(engine.call('estimate', recipe('memory'))).rejects.toMatchObject({ code: 'memory.exhausted' });
});

test('a module that cannot be started is a crash that says why', async () => {
  const engine = createHost({ fork: forkNode, entry: `${entry}.absent` });
  await expect(engine.call('inspectModel', { modelPath: '' })).rejects.toMatchObject({
    code: 'engine.crashed',
    data: { signal: 'exit 1' },
  });
  await engine.dispose();
});

test('dispose ends the processes and cancels what is under way', async () => {
  const engine = host();
  const shared = await pidOf(engine);
  const call = expect(engine.call('train', training('block'))).rejects.toMatchObject({ name: 'CancelledError' });
  await engine.dispose();
  await call;
  expect(isAlive(shared)).toBe(false);
  await expect(engine.call('inspectModel', { modelPath: '' })).rejects.toMatchObject({ name: 'CancelledError' });
});

test('the shared process ends when it has been idle', async () => {
  await untilGone(await pidOf(host({ idleMilliseconds: 50 })));
});

test('an engine process outlives nobody: it ends when its parent is killed', async () => {
  const parent = spawn(process.execPath, [fileURLToPath(new URL('../../support/tiny-parent.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await untilGone(pid);
});
