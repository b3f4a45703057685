/** Sessions: results as tensors, updates in place, weights mapped from a file at any offset, faults named. */
import { execFile } from 'node:child_process';
import { appendFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Graph } from '../../../engine/autodiff/graph.ts';
import * as ops from '../../../engine/autodiff/ops.ts';
import { openSafetensors } from '../../../engine/checkpoint/safetensors.ts';
import { chooseDevice } from '../../../engine/runtime/device.ts';
import { Runtime, type Executable } from '../../../engine/runtime/session.ts';
import { BugError } from '../../../engine/spec/errors.ts';
import { floats, longs } from '../../../engine/train/state.ts';
import { useFolder } from '../../support/engine-fixtures.ts';

const path = useFolder();
const onCpu = { device: 'cpu', threads: 1 } as const;
let runtime: Runtime;
beforeAll(async () => {
  runtime = await Runtime.open();
});

describe('a compiled graph', () => {
  let session: Executable;
  beforeAll(async () => {
    const graph = new Graph();
    const weight = graph.parameter('weight', [2, 2]);
    const rate = graph.input('rate', 'float32', []);
    const next = ops.sub(weight, ops.mul(weight, rate));
    session = await runtime.compile(graph, { next, norm: ops.reduceSumSquare(next, [0, 1], false) }, onCpu);
  });
  afterAll(() => session.dispose());

  test('names its feeds and gives its outputs with type and shape', async () => {
    const feeds = new Map([
      ['weight', floats([2, 2], Float32Array.of(1, 2, 3, 4))],
      ['rate', floats([], Float32Array.of(0.5))],
    ]);
    expect({ inputs: session.inputs, nodes: session.nodes, ...(await session.run(feeds)) }).toEqual({
      inputs: ['weight', 'rate'],
      nodes: 3,
      next: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(0.5, 1, 1.5, 2) },
      norm: { dtype: 'float32', shape: [], data: Float32Array.of(7.5) },
    });
  });

  test('a tensor that is fed and written to is updated in place, run after run', async () => {
    const weight = floats([2, 2], Float32Array.of(8, 16, 24, 32));
    const feeds = new Map([
      ['weight', weight],
      ['rate', floats([], Float32Array.of(0.5))],
    ]);
    const seen: number[][] = [];
    for (let step = 0; step < 3; step += 1) {
      const { next } = await session.run(feeds, new Map([['next', weight]]));
      expect(next).toBe(weight);
      seen.push([...weight.data].map(Number));
    }
    expect(seen).toEqual([
      [4, 8, 12, 16],
      [2, 4, 6, 8],
      [1, 2, 3, 4],
    ]);
  });

  test('a feed changed between runs is read anew', async () => {
    const rate = floats([], Float32Array.of(0));
    const feeds = new Map([
      ['weight', floats([2, 2], Float32Array.of(1, 1, 1, 1))],
      ['rate', rate],
    ]);
    const norms: unknown[] = [];
    for (const value of [0, 1]) {
      rate.data[0] = value;
      norms.push((await session.run(feeds))['norm']?.data[0]);
    }
    expect(norms).toEqual([4, 0]);
  });

  test('a missing feed is a fault of ours and names the leaf', async () => {
    const run = session.run(new Map([['rate', floats([])]]));
    await expect(run).rejects.toThrow(new BugError('the run is not fed weight'));
  });
});

describe('weights mapped from a safetensors file', () => {
  const values = { a: [1, 2, 3], b: [0.5, -0.25, 8, 1e-3] };

  /** A header whose length makes the data start at `shift` mod 4. */
  async function write(name: string, shift: number): Promise<string> {
    const header = JSON.stringify({
      a: { dtype: 'F32', shape: [3], data_offsets: [0, 12] },
      b: { dtype: 'F32', shape: [2, 2], data_offsets: [12, 28] },
    });
    const length = header.length + ((shift - (8 + header.length)) & 3);
    const size = new BigUint64Array([BigInt(length)]);
    await writeFile(path(name), new Uint8Array(size.buffer));
    await appendFile(path(name), header.padEnd(length));
    await appendFile(path(name), new Uint8Array(Float32Array.of(...values.a, ...values.b).buffer));
    return realpath(path(name));
  }

  test.each([0, 1, 2, 3])('data that starts %i bytes behind a multiple of four', async (shift) => {
    const file = await openSafetensors(await write(`odd-${shift}.safetensors`, shift));
    const mapped = new Map(
      [...file.tensors].map(([name, entry]) => [
        name,
        { location: entry.file.replace(/^\//, ''), offset: entry.offset, length: entry.bytes },
      ]),
    );
    expect([...file.tensors.values()].map(({ offset }) => offset % 4)).toEqual([shift, shift]);
    await file.close();
    const graph = new Graph();
    const [a, b] = [graph.parameter('a', [3]), graph.parameter('b', [2, 2])];
    const session = await runtime.compile(graph, { a2: ops.mul(a, 2), b2: ops.mul(b, 1) }, { ...onCpu, mapped });
    const { a2, b2 } = await session.run(new Map());
    await session.dispose();
    expect({ inputs: session.inputs, a: a2?.data, b: b2?.data }).toEqual({
      inputs: [],
      a: Float32Array.from(values.a, (value) => 2 * value),
      b: Float32Array.from(values.b),
    });
  });
});

test('whole numbers of 64 bits go in and come out', async () => {
  const graph = new Graph();
  const ids = graph.input('ids', 'int64', [3]);
  const session = await runtime.compile(graph, { same: ops.reshape(ids, [3, 1]) }, onCpu);
  const given = longs([3], [0, 1, 49_151]);
  const { same } = await session.run(new Map([['ids', given]]));
  await session.dispose();
  expect(same).toEqual({ dtype: 'int64', shape: [3, 1], data: given.data });
});

test.each([
  ['auto', 'cpu'],
  ['cpu', 'cpu'],
  ['webgpu', 'webgpu'],
] as const)('device %s is %s', (wanted, device) => {
  expect(chooseDevice(wanted)).toBe(device);
});

test('a device that is not there is refused by name', () => {
  expect(() => chooseDevice('cuda')).toThrow(
    expect.objectContaining({ code: 'device.unavailable', data: { device: 'cuda', available: 'auto, cpu, webgpu' } }),
  );
});

test.skipIf(process.platform !== 'linux')('a computer without a graphics driver says so', async () => {
  const room = join(import.meta.dirname, '../../../engine');
  const script = `
    const { Graph } = await import('${room}/autodiff/graph.ts');
    const { neg } = await import('${room}/autodiff/ops.ts');
    const { Runtime } = await import('${room}/runtime/session.ts');
    const graph = new Graph();
    const y = neg(graph.input('x', 'float32', [1]));
    const compiled = (await Runtime.open()).compile(graph, { y }, { device: 'webgpu', threads: 1 });
    await compiled.catch(({ code, data }) => console.log(JSON.stringify({ code, data })));`;
  const env = { ...process.env, VK_ICD_FILENAMES: path('no-driver.json'), VK_DRIVER_FILES: path('no-driver.json') };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
  expect(JSON.parse(stdout)).toEqual({
    code: 'device.unavailable',
    data: { device: 'webgpu', available: 'auto, cpu' },
  });
});
