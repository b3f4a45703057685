/** torch.save's archives: tensors to the bit, everything that is more than a tensor refused, nothing ever run. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTorchArchive } from '../../../engine/checkpoint/torch-archive.ts';
import { isPickledTensor, readPickle } from '../../../engine/checkpoint/pickle.ts';
import { StudioError } from '../../../engine/spec/errors.ts';
import { openReference } from '../../parity/reference.ts';

const cases = join(import.meta.dirname, '../../../../shared/golden-extra/adapters');
const pickled = readdirSync(cases).filter((name) => existsSync(join(cases, name, 'adapter/pytorch_adapter.bin')));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-torch-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function refusal(path: string): Promise<unknown> {
  try {
    await (await openTorchArchive(path)).close();
    return 'accepted';
  } catch (thrown) {
    if (!(thrown instanceof StudioError)) throw thrown;
    return thrown;
  }
}

test('there are archives that the library itself saved', () => {
  expect(pickled.length).toBeGreaterThan(0);
});

describe.each(pickled)('%s', (name) => {
  test('holds the numbers that training left, bit for bit', async () => {
    const file = await openTorchArchive(join(cases, name, 'adapter/pytorch_adapter.bin'));
    const reference = await openReference(join(cases, name));
    const compared = [...file.tensors.keys()].filter((key) => reference.has(`final.${key}`));
    expect(compared.length).toBeGreaterThan(0);
    for (const key of compared) {
      const { shape, values } = reference.floats(`final.${key}`);
      expect(file.tensors.get(key)?.shape).toEqual(shape);
      expect(Array.from(await file.read(key))).toEqual(Array.from(values));
    }
  });

  test('cut off anywhere, it is refused', async () => {
    const whole = await readFile(join(cases, name, 'adapter/pytorch_adapter.bin'));
    for (const share of [0, 0.1, 0.5, 0.9, 0.999]) {
      const path = join(folder, 'cut.bin');
      await writeFile(path, whole.subarray(0, Math.floor(whole.length * share)));
      expect(await refusal(path)).toMatchObject({ code: 'checkpoint.corrupt' });
    }
  });
});

/** A zip archive as torch.save lays it, nothing packed, around a pickle of these bytes. */
async function archiveOf(pickle: Buffer): Promise<string> {
  const name = Buffer.from('made/data.pkl');
  // Of both headers: version, flags, method, time, checksum (which nobody asks for), sizes, length of the name.
  const common = Buffer.alloc(26);
  common.writeUInt32LE(pickle.length, 14);
  common.writeUInt32LE(pickle.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, pickle]);
  const directory = Buffer.concat([Buffer.from('PK\x01\x02\0\0'), common, Buffer.alloc(14), name]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(local.length, 16);
  const path = join(folder, 'made.bin');
  await writeFile(path, Buffer.concat([local, directory, end]));
  return path;
}

describe('a pickle that is more than tensors', () => {
  test.each([
    ['cos\nsystem\n(X\x04\x00\x00\x00evilt R.', 'os.system'],
    ['cbuiltins\neval\n.', 'builtins.eval'],
    ['\x80\x04\x8c\x02os\x8c\x06system\x93.', 'os.system'],
    ['ctorch.storage\n_load_from_bytes\n.', 'torch.storage._load_from_bytes'],
    ['ccollections\nCounter\n.', 'collections.Counter'],
  ])('%j is refused by the name of what it would call', (pickle, name) => {
    const read = (): unknown => readPickle(Buffer.from(pickle, 'latin1'), 'x.bin');
    expect(read).toThrow(expect.objectContaining({ code: 'checkpoint.code', data: { path: 'x.bin', name } }) as Error);
  });

  test.each([
    ['no instruction of a file of tensors', '\x80\x02i\x00.'],
    ['taking more than there is', '\x85\x85.'],
    ['a list without a start', 'K\x01e.'],
    ['calling what is no function', 'K\x01)R.'],
    ['no end', 'K\x01'],
  ])('%s: damaged', (_, pickle) => {
    expect(() => readPickle(Buffer.from(pickle, 'latin1'), 'x.bin')).toThrow(
      expect.objectContaining({ code: 'checkpoint.corrupt' }) as Error,
    );
  });

  test('in an archive it is refused too', async () => {
    expect(await refusal(await archiveOf(Buffer.from('cos\nsystem\n.', 'latin1')))).toMatchObject({
      code: 'checkpoint.code',
      data: { name: 'os.system' },
    });
    expect(await refusal(await archiveOf(Buffer.from('K\x01.', 'latin1')))).toMatchObject({
      code: 'checkpoint.corrupt',
    });
  });

  test('and plain values are read', () => {
    const read = (pickle: string): unknown => readPickle(Buffer.from(pickle, 'latin1'), 'x.bin');
    expect(read('\x80\x02(K\x01M\x00\x01J\xff\xff\xff\xff\x88Nt.')).toEqual([1, 256, -1, true, null]);
    expect(read('}X\x01\x00\x00\x00aK\x07s.')).toEqual(new Map([['a', 7]]));
    expect(read('\x8a\x02\x00\x80.')).toBe(-32_768);
    expect(isPickledTensor(read('K\x01.'))).toBe(false);
  });
});

test('a file of another kind is refused', async () => {
  const path = join(folder, 'other.bin');
  await writeFile(path, 'not an archive');
  expect(await refusal(path)).toMatchObject({ code: 'checkpoint.corrupt' });
  expect(await refusal(join(folder, 'none.bin'))).toMatchObject({ code: 'file.missing' });
});
