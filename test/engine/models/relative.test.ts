/** Buckets of distances: the very ones of Transformers, near, far and at the edges where rounding decides. */
import { describe, expect, test } from 'vitest';
import { distanceRow } from '../../../engine/models/deberta-v2/relative.ts';
import { offsetBucket } from '../../../engine/models/t5/relative.ts';

describe("DeBERTa's rows for distances (make_log_bucket_position, clamped)", () => {
  test.each([
    {
      buckets: 256,
      longest: 512,
      distances: [-1499, -511, -300, -129, -128, 0, 129, 200, 511, 1500],
      rows: [-256, -255, -207, -129, -128, 0, 129, 169, 255, 255],
    },
    {
      buckets: 8,
      longest: 64,
      distances: [-1499, -128, -5, -1, 0, 4, 5, 9, 60, 511],
      rows: [-8, -8, -5, -1, 0, 4, 5, 5, 7, 7],
    },
  ])('$buckets buckets up to $longest', ({ buckets, longest, distances, rows }) => {
    const relative = { span: buckets, buckets, longest, normed: false, sharedProjections: true };
    expect(distances.map((distance) => distanceRow(relative, distance) - buckets)).toEqual(rows);
  });

  test('without buckets a distance has its own row, up to the farthest', () => {
    const relative = { span: 10, buckets: null, longest: 10, normed: false, sharedProjections: true };
    expect([-20, -10, -9, 0, 9, 10, 20].map((distance) => distanceRow(relative, distance))).toEqual([
      0, 0, 1, 10, 19, 19, 19,
    ]);
  });
});

describe("T5's buckets of offsets (_relative_position_bucket)", () => {
  test.each([
    {
      buckets: 32,
      farthest: 128,
      causal: false,
      offsets: [-1500, -64, -33, -32, -16, -8, -1, 0, 1, 8, 16, 32, 64, 128],
      found: [15, 14, 12, 12, 10, 8, 1, 0, 17, 24, 26, 28, 30, 31],
    },
    {
      buckets: 32,
      farthest: 128,
      causal: true,
      offsets: [-1500, -64, -33, -32, -16, -8, -1, 0, 1, 128],
      found: [31, 26, 21, 21, 16, 8, 1, 0, 0, 0],
    },
    {
      buckets: 8,
      farthest: 20,
      causal: true,
      offsets: [-33, -9, -8, -7, -1, 0, 7],
      found: [7, 6, 5, 5, 1, 0, 0],
    },
  ])('$buckets buckets up to $farthest, causal: $causal', ({ offsets, found, ...config }) => {
    expect(offsets.map((offset) => offsetBucket(offset, config))).toEqual(found);
  });
});
