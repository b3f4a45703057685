/** Safetensors files: read to the bit, refused when wrong, written whole or not at all. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSafetensors } from '../../../engine/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../../engine/checkpoint/write-safetensors.ts';
import { StudioError } from '../../../engine/spec/errors.ts';
import { readPlain } from './plain-reader.ts';

const shared = join(import.meta.dirname, '../../../../shared');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function refusal(path: string): Promise<unknown> {
  const started = performance.now();
  const memory = process.memoryUsage.rss();
  try {
    const file = await openSafetensors(path);
    await file.close();
    return 'accepted';
  } catch (thrown) {
    if (!(thrown instanceof StudioError)) throw thrown;
    expect(performance.now() - started).toBeLessThan(2000);
    expect(process.memoryUsage.rss() - memory).toBeLessThan(50e6);
    return thrown.code;
  }
}

describe('reading', () => {
  const models = readdirSync(join(shared, 'golden/models'));
  test.each([...models.map((name) => `golden/models/${name}`), 'models/minilm-l6'])(
    '%s, as a second reader sees it',
    async (model) => {
      const path = join(shared, model, 'model.safetensors');
      const plain = readPlain(path);
      const file = await openSafetensors(path);
      expect([...file.tensors.keys()].sort()).toEqual([...plain.names].sort());
      const [first = '', middle = '', last = ''] = [0, plain.names.length >> 1, plain.names.length - 1].map(
        (i) => plain.names[i] ?? '',
      );
      for (const name of new Set([first, middle, last])) {
        expect(file.tensors.get(name)?.shape).toEqual(plain.shape(name));
        expect(Array.from(await file.read(name))).toEqual(plain.values(name));
      }
      await file.close();
    },
  );

  test('an entry says where its bytes are', async () => {
    const path = join(shared, 'golden/models/bert/model.safetensors');
    const file = await openSafetensors(path);
    const whole = await readFile(path);
    for (const [name, entry] of file.tensors) {
      expect(
        Buffer.from(await file.readRaw(name)).equals(whole.subarray(entry.offset, entry.offset + entry.bytes)),
      ).toBe(true);
    }
    await file.close();
  });

  test('every element type widens to its float32', async () => {
    const path = join(folder, 'types.safetensors');
    const stored = (dtype: string, array: ArrayBufferView): { dtype: string; bytes: Uint8Array } => ({
      dtype,
      bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
    });
    const all = {
      F64: new Float64Array([1.5, -1e300]),
      I64: new BigInt64Array([-5n, 2n ** 40n]),
      U64: new BigUint64Array([5n, 2n ** 40n]),
      I32: new Int32Array([-5, 7]),
      U32: new Uint32Array([5, 4_000_000_000]),
      I16: new Int16Array([-5, 7]),
      U16: new Uint16Array([5, 65535]),
      I8: new Int8Array([-5, 7]),
      U8: new Uint8Array([5, 255]),
      BOOL: new Uint8Array([0, 1]),
      BF16: new Uint16Array([0x3f80, 0xc049]),
      F16: new Uint16Array([0x0001, 0xfbff]),
    };
    await writeSafetensors(
      path,
      Object.entries(all).map(([name, array]) => ({ name, shape: [2], data: stored(name, array) })),
    );
    const file = await openSafetensors(path);
    const read: Record<string, number[]> = {};
    for (const name of file.tensors.keys()) read[name] = Array.from(await file.read(name));
    await file.close();
    expect(read).toEqual({
      F64: [1.5, -Infinity],
      I64: [-5, 2 ** 40],
      U64: [5, 2 ** 40],
      I32: [-5, 7],
      U32: [5, 4_000_000_000],
      I16: [-5, 7],
      U16: [5, 65535],
      I8: [-5, 7],
      U8: [5, 255],
      BOOL: [0, 1],
      BF16: [1, -3.140625],
      F16: [2 ** -24, -65504],
    });
  });
});

describe('refusing', () => {
  const hostile = join(shared, 'data/hostile/safetensors');
  const expected: Record<string, string> = {
    'nan-weights.safetensors': 'accepted',
    'traversal-names.safetensors': 'accepted',
    'unknown-dtype.safetensors': 'checkpoint.type',
  };
  test.each(readdirSync(hostile))('%s', async (name) => {
    expect(await refusal(join(hostile, name))).toBe(expected[name] ?? 'checkpoint.corrupt');
  });

  test('a good file cut off at any place, or with a bit of its length flipped', async () => {
    const good = await readFile(join(shared, 'golden/models/bert/model.safetensors'));
    const path = join(folder, 'broken.safetensors');
    const codes = new Set<unknown>();
    for (const length of [0, 7, 8, 100, 5000, good.length - 1]) {
      await writeFile(path, good.subarray(0, length));
      codes.add(await refusal(path));
    }
    for (const [byte, bit] of [
      [0, 1],
      [0, 128],
      [1, 4],
      [3, 1],
      [7, 128],
    ] as const) {
      const flipped = Buffer.from(good);
      flipped[byte] = (flipped[byte] ?? 0) ^ bit;
      await writeFile(path, flipped);
      codes.add(await refusal(path));
    }
    expect([...codes]).toEqual(['checkpoint.corrupt']);
  });

  test('the reason names the tensor and the numbers', async () => {
    await expect(openSafetensors(join(hostile, 'shape-mismatch.safetensors'))).rejects.toMatchObject({
      data: {
        reason: expect.stringMatching(/^tensor \w+: shape \[.*\] of F32 does not fill its 16 bytes$/) as unknown,
      },
    });
  });

  test('what is no file', async () => {
    expect(await refusal(join(folder, 'nothing.safetensors'))).toBe('file.missing');
    expect(await refusal(folder)).toBe('file.unreadable');
  });
});

describe('writing', () => {
  test('what was written is read back, floats to the bit', async () => {
    const path = join(folder, 'round.safetensors');
    const values = Float32Array.from({ length: 6 }, (_, i) => Math.fround(Math.sin(i) / 3));
    await writeSafetensors(path, [
      { name: 'b', shape: [2, 3], data: values },
      { name: 'a', shape: [6], data: () => Promise.resolve(values) },
      { name: 'half', shape: [4], data: new Float32Array([1 / 3, 1e9, 65519, 6e-8]), dtype: 'F16' },
      { name: 'nothing', shape: [0, 4], data: new Float32Array(0) },
    ]);
    const file = await openSafetensors(path);
    const plain = readPlain(path);
    expect({
      metadata: file.metadata,
      order: plain.names,
      b: await file.read('b'),
      a: plain.values('a'),
      shape: file.tensors.get('b')?.shape,
      half: Array.from(await file.read('half')),
      nothing: (await file.read('nothing')).length,
      aligned: [...file.tensors.values()].every((entry) => entry.offset % 2 === 0),
    }).toEqual({
      metadata: { format: 'pt' },
      order: ['a', 'b', 'nothing', 'half'],
      b: values,
      a: Array.from(values),
      shape: [2, 3],
      half: [0.333251953125, Infinity, 65504, 2 ** -24],
      nothing: 0,
      aligned: true,
    });
    await file.close();
  });

  test('float16 written is float16 read, for every finite bit pattern', async () => {
    const path = join(folder, 'halves.safetensors');
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((pattern) => (pattern & 0x7c00) !== 0x7c00);
    await writeSafetensors(path, [
      { name: 'h', shape: [bits.length], data: { dtype: 'F16', bytes: new Uint8Array(bits.buffer) } },
    ]);
    const file = await openSafetensors(path);
    const data = await file.read('h');
    await file.close();
    await writeSafetensors(path, [{ name: 'h', shape: [bits.length], data, dtype: 'F16' }]);
    const again = await openSafetensors(path);
    expect(Buffer.from(await again.readRaw('h')).equals(Buffer.from(bits.buffer))).toBe(true);
    await again.close();
  });

  test('a write that throws leaves the old file and nothing beside it', async () => {
    const own = await mkdtemp(join(folder, 'atomic-'));
    const path = join(own, 'model.safetensors');
    await writeSafetensors(path, [{ name: 'kept', shape: [1], data: new Float32Array([1]) }]);
    const failing = writeSafetensors(path, [
      { name: 'a', shape: [2], data: new Float32Array(2) },
      { name: 'b', shape: [2], data: () => Promise.reject(new Error('no more')) },
    ]);
    await expect(failing).rejects.toThrow('no more');
    const file = await openSafetensors(path);
    expect({ files: await readdir(own), tensors: [...file.tensors.keys()] }).toEqual({
      files: ['model.safetensors'],
      tensors: ['kept'],
    });
    await file.close();
    expect(existsSync(path)).toBe(true);
  });
});
