/** A run that cannot be written whole is refused before it starts, with what is needed and what is free. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refuseFullDisk } from '../../../engine/train/disk.ts';

describe('a disk', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atelier-disk-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('without room is refused with both numbers, and nothing is made', async () => {
    const out = join(folder, 'run');
    await expect(refuseFullDisk(out, 1e18)).rejects.toMatchObject({
      code: 'disk.full',
      data: { path: out, neededBytes: 1e18, freeBytes: expect.any(Number) as number },
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('with room is taken', async () => {
    await expect(refuseFullDisk(join(folder, 'run'), 1)).resolves.toBeUndefined();
  });
});
