/** GGUF files that we write: ggml's own bytes, every kind of key, read back as they went in, whole or not there. */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openGguf } from '../../../engine/checkpoint/gguf.ts';
import { quantise, type WrittenType } from '../../../engine/checkpoint/quantise.ts';
import { writeGguf, type GgufValue } from '../../../engine/checkpoint/write-gguf.ts';
import { readPlain } from './plain-reader.ts';

const types = join(import.meta.dirname, '../../../../shared/golden-extra/gguf/types');
const written: readonly WrittenType[] = ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0'];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-write-gguf-'));
});
afterAll(() => rm(folder, { recursive: true }));

test.each(written)('%s: the bytes that ggml writes', async (type) => {
  const input = Float32Array.from(readPlain(join(types, 'input.safetensors')).values('x'));
  const golden = await openGguf(join(types, `${type}.gguf`));
  const bytes = await golden.readRaw('golden.weight');
  await golden.close();
  expect(Buffer.from(quantise(type, input)).equals(bytes)).toBe(true);
});

test('rounds as ggml does where a value lies between two codes', () => {
  // Scale 1: halves go away from zero. The largest, 127, is the 32nd.
  const halves = Float32Array.from({ length: 32 }, (_, i) => (i === 31 ? 127 : (i - 15) / 2));
  const codes = Array.from(new Int8Array(quantise('Q8_0', halves).buffer, 2));
  const away = Array.from(halves, (value) => Math.sign(value) * Math.round(Math.abs(value)));
  expect(codes.map((code) => code + 0)).toEqual(away.map((code) => code + 0));
  expect(Array.from(quantise('Q4_0', new Float32Array(32)))).toEqual([0, 0x80, ...Array<number>(16).fill(0x88)]);
});

const keys = {
  'general.architecture': { kind: 'string', value: 'none' },
  u8: { kind: 'uint8', value: 255 },
  i8: { kind: 'int8', value: -128 },
  u16: { kind: 'uint16', value: 65535 },
  i16: { kind: 'int16', value: -32768 },
  u32: { kind: 'uint32', value: 4294967295 },
  i32: { kind: 'int32', value: -2147483648 },
  f32: { kind: 'float32', value: 0.5 },
  bool: { kind: 'bool', value: true },
  text: { kind: 'string', value: 'ü東🙂' },
  u64: { kind: 'uint64', value: 2 ** 52 },
  i64: { kind: 'int64', value: -(2 ** 52) },
  f64: { kind: 'float64', value: 0.1 },
  texts: { kind: 'list', of: 'string', values: ['a', '', '東'] },
  flags: { kind: 'list', of: 'bool', values: [true, false] },
  numbers: { kind: 'list', of: 'int32', values: [1, -2, 3] },
  nothing: { kind: 'list', of: 'float32', values: [] },
} satisfies Record<string, GgufValue>;

describe('a file', () => {
  test('is read back: keys of every kind, tensors of every type, one after another', async () => {
    const path = join(folder, 'all.gguf');
    const values = Float32Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i));
    const order: string[] = [];
    await writeGguf(
      path,
      new Map(Object.entries(keys)),
      [...written, 'F32' as const].map((type, i) => ({
        name: i === written.length ? 'odd' : type,
        shape: i === written.length ? [5] : [3, 64],
        type,
        values: () => {
          order.push(type);
          return Promise.resolve(i === written.length ? values.slice(0, 5) : values);
        },
      })),
    );
    expect(order).toEqual([...written, 'F32']);
    const file = await openGguf(path);
    expect(Object.fromEntries(file.keys)).toEqual(
      Object.fromEntries(
        Object.entries<GgufValue>(keys).map(([key, value]) => [
          key,
          value.kind === 'list' ? value.values : value.value,
        ]),
      ),
    );
    expect([...file.tensors.values()].map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ...written.map((type) => [type, type, [3, 64]]),
      ['odd', 'F32', [5]],
    ]);
    for (const type of written) expect(Buffer.from(await file.readRaw(type)).equals(quantise(type, values))).toBe(true);
    expect(await file.read('odd')).toEqual(values.slice(0, 5));
    await file.close();
    expect((await readFile(path)).length % 32).toBe(0);
  });

  test('is not there when a tensor fails, and the folder is as it was', async () => {
    const before = await readdir(folder);
    const tensor = (name: string, values: () => Float32Array) => ({ name, shape: [32], type: 'Q8_0', values }) as const;
    const broken = tensor('b', () => {
      throw new Error('the disk of the model is gone');
    });
    const short = tensor('b', () => new Float32Array(31));
    for (const second of [broken, short]) {
      const good = tensor('a', () => new Float32Array(32));
      await expect(writeGguf(join(folder, 'broken.gguf'), new Map(), [good, second])).rejects.toThrow();
    }
    expect(await readdir(folder)).toEqual(before);
  });

  test('refuses rows that do not fill blocks, and a name given twice', async () => {
    const tensor = { name: 'a', shape: [2, 40], type: 'Q4_0', values: () => new Float32Array(80) } as const;
    const path = join(folder, 'refused.gguf');
    await expect(writeGguf(path, new Map(), [tensor])).rejects.toThrow('Q4_0 [2, 40]');
    const fine = { ...tensor, type: 'F32' } as const;
    await expect(writeGguf(path, new Map(), [fine, fine])).rejects.toThrow('twice');
  });
});
