/** Names and layouts of GGUF's families: gguf-py's name map both ways, llama.cpp's order of rows, nothing lost on the way. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { familyOf, familyToWrite, hubName, storedName, type Layout } from '../../../engine/checkpoint/gguf-families.ts';
import { fromFile, otherShape, toFile } from '../../../engine/checkpoint/gguf-layout.ts';

const golden = join(import.meta.dirname, '../../../../shared/golden-extra/gguf');

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(join(golden, name), 'utf8')) as T;
}

const { maps } = readJson<{ maps: Readonly<Record<string, Readonly<Record<string, string | null>>>> }>('name_map.json');

describe("gguf-py's name map", () => {
  test.each(Object.keys(maps))('%s', (architecture) => {
    const family = familyOf(architecture);
    if (family === undefined) throw new Error(architecture);
    for (const [hub, stored] of Object.entries(maps[architecture] ?? {})) {
      const there = storedName(family, `${hub}.weight`);
      expect(there?.name ?? null, hub).toBe(stored === null ? null : `${stored}.weight`);
      if (there === null || stored === null) continue;
      expect(hubName(family, there.name), hub).toEqual({ name: `${hub}.weight`, layout: there.layout });
      expect(storedName(family, hub.replace('.0.', '.11.') + '.bias')?.name).toBe(
        `${stored.replace('.0.', '.11.')}.bias`,
      );
    }
  });

  test('names that only look like those of a family are of none', () => {
    const llama = familyToWrite('mistral');
    if (llama === undefined) throw new Error('llama');
    expect(llama.architecture).toBe('llama');
    for (const name of ['blk.0.attn_qkv.weight', 'blk.attn_q.weight', 'output.weight.extra', 'toString.weight']) {
      expect(hubName(llama, name), name).toBeNull();
    }
    for (const name of [
      'model.layers.x.mlp.up_proj.weight',
      'model.layers.0.mlp.weight',
      'score.weight',
      'model.norm',
    ]) {
      expect(storedName(llama, name), name).toBeNull();
    }
  });
});

interface Permutation {
  readonly row_order_head_dim_8: readonly number[];
  readonly row_order_n_head_4_head_dim_8: readonly number[];
}

describe('layouts', () => {
  const permutation = readJson<Permutation>('permutation.json');
  test.each([
    ['query-rows', permutation.row_order_n_head_4_head_dim_8, { queries: 4, keys: 1 }],
    ['key-rows', permutation.row_order_head_dim_8, { queries: 4, keys: 1 }],
  ] as const)('%s stand as llama.cpp has them', (layout, order, heads) => {
    // Row r holds r, three times.
    const rows = (list: readonly number[]): Float32Array => Float32Array.from(list.flatMap((row) => [row, row, row]));
    const values = rows(order.map((_, row) => row));
    expect(toFile(layout, { values, shape: [order.length, 3] }, heads)).toEqual(rows(order));
  });

  test.each<Layout>(['same', 'query-rows', 'key-rows', 'plus-one', 'transposed'])(
    '%s and back is what it was',
    (layout) => {
      const heads = { queries: 3, keys: 2 };
      const shape = [12, 5];
      const values = Float32Array.from({ length: 60 }, (_, i) => i / 4);
      const file = { values: toFile(layout, { values, shape }, heads), shape: otherShape(layout, shape) };
      expect(file.shape).toEqual(layout === 'transposed' ? [5, 12] : shape);
      expect(fromFile(layout, file, heads)).toEqual(values);
      if (layout !== 'same') expect(file.values).not.toEqual(values);
    },
  );
});
