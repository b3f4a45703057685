/** Dealing and collating: every row once an epoch, a function of the seed, padding that counts nowhere. */
import { describe, expect, test } from 'vitest';
import { architectureOf } from '../../../engine/models/registry.ts';
import { collate, dealByLength, dealEpoch, planSteps, roundLength } from '../../../engine/train/batches.ts';
import { createSetup, type Setup } from '../../../engine/train/setup.ts';
import type { Json } from '../../../engine/spec/json.ts';
import { bits, fillMask, normal, streamKey, uniform } from '../../../engine/train/random.ts';

const lengths = Array.from({ length: 1000 }, (_, row) => 3 + (bits(9, row) % 100));
const all = lengths.map((_, row) => row);

describe('an epoch', () => {
  test.each([1, 7, 16, 1000, 4096])('deals every row exactly once into batches of %i', (size) => {
    const batches = dealEpoch(lengths, size, 5);
    expect({
      rows: batches.flat().toSorted((a, b) => a - b),
      sizes: batches.every(({ length }) => length <= size),
    }).toEqual({ rows: all, sizes: true });
  });

  test('is a function of its key, and no two keys deal alike', () => {
    expect(dealEpoch(lengths, 16, 5)).toEqual(dealEpoch(lengths, 16, 5));
    expect(dealEpoch(lengths, 16, 6)).not.toEqual(dealEpoch(lengths, 16, 5));
  });

  test('pads little: rows of a batch are of similar length', () => {
    const padded = (batches: readonly (readonly number[])[]): number =>
      batches.reduce((total, batch) => total + batch.length * Math.max(...batch.map((row) => lengths[row] ?? 0)), 0) /
      lengths.reduce((a, b) => a + b, 0);
    const unsorted = Array.from({ length: 63 }, (_, index) => all.slice(index * 16, (index + 1) * 16));
    expect([padded(dealEpoch(lengths, 16, 5)) < 1.1, padded(unsorted) > 1.5]).toEqual([true, true]);
  });
});

test('measuring takes the longest rows first', () => {
  expect(dealByLength([3, 9, 4, 9, 1], 2)).toEqual([[1, 3], [2, 0], [4]]);
});

test('measuring takes fewer of long rows together, and never none', () => {
  const sizes = dealByLength([9000, 4096, 4096, 3000, ...Array.from({ length: 40 }, () => 100)], 32);
  expect(sizes.map(({ length }) => length)).toEqual([1, 2, 2, 32, 7]);
});

describe('a plan', () => {
  const options = { batchSize: 4, gradientAccumulation: 1, epochs: 3, maxSteps: null, seed: 1 };
  test.each([
    ['rows ÷ batch, rounded up', 10, {}, { stepsPerEpoch: 3, steps: 9 }],
    ['two batches an update', 10, { gradientAccumulation: 2 }, { stepsPerEpoch: 2, steps: 6 }],
    ['half a pass', 10, { epochs: 0.5 }, { stepsPerEpoch: 3, steps: 2 }],
    ['at least one update', 10, { epochs: 0.01 }, { stepsPerEpoch: 3, steps: 1 }],
    ['a limit of updates', 10, { maxSteps: 4 }, { stepsPerEpoch: 3, steps: 4 }],
    ['a limit beyond the passes', 10, { maxSteps: 40 }, { stepsPerEpoch: 3, steps: 9 }],
  ] as const)('%s', (...[, rows, changed, expected]) => {
    expect(planSteps(lengths.slice(0, rows), { ...options, ...changed })).toMatchObject(expected);
  });

  test('each epoch of updates learns from every row once, and any update can be asked for alone', () => {
    const plan = planSteps(lengths.slice(0, 50), { ...options, gradientAccumulation: 3 });
    const epochs = [0, 1].map((epoch) =>
      Array.from({ length: plan.stepsPerEpoch }, (_, step) => plan.groups(epoch * plan.stepsPerEpoch + step)),
    );
    const rows = epochs.map((steps) => steps.flat(2).toSorted((a, b) => a - b));
    expect(rows).toEqual([all.slice(0, 50), all.slice(0, 50)]);
    expect(epochs[1]).not.toEqual(epochs[0]);
    const fresh = planSteps(lengths.slice(0, 50), { ...options, gradientAccumulation: 3 });
    expect(fresh.groups(plan.stepsPerEpoch + 1)).toEqual(epochs[1]?.[1]);
  });
});

test('lengths are rounded up, never beyond the model', () => {
  expect([1, 4, 5, 33, 129, 500, 512].map((length) => roundLength(length, 512))).toEqual([4, 4, 8, 40, 144, 512, 512]);
  expect([500, 505].map((length) => roundLength(length, 502))).toEqual([502, 505]);
});

function setupOf(raw: Readonly<Record<string, Json>>): Setup {
  const architecture = architectureOf(raw);
  const head = { name: 'token-classification', labels: 3 } as const;
  return createSetup({ architecture, config: architecture.parseConfig(raw, ''), head, method: null });
}

describe('a batch', () => {
  const raw = { hidden_size: 8, num_attention_heads: 2, num_hidden_layers: 1, vocab_size: 50, intermediate_size: 8 };
  const rows = [
    { ids: [7, 8, 9], types: [0, 1, 1], answers: [{ position: 0, label: 2 }] },
    { ids: [5], types: null, answers: [{ position: 0, label: 1 }] },
  ];
  test.each([
    ['bert', { pad_token_id: 3 }, [0, 1, 2, 3, 0, 1, 2, 3], 3],
    ['roberta', { pad_token_id: 1 }, [2, 3, 4, 1, 2, 1, 1, 1], 1],
    ['llama', { pad_token_id: null }, [0, 1, 2, 3, 0, 1, 2, 3], 0],
  ])('of %s: padding is masked and weighs nothing', (...[type, changed, positions, pad]) => {
    const config = { ...raw, ...changed, model_type: type };
    const batch = collate(rows, { setup: setupOf(config), objective: 'class', weight: 0.5 });
    const feeds = Object.fromEntries([...batch.feeds].map(([name, { data }]) => [name, Array.from(data, Number)]));
    expect({ ...batch, feeds }).toEqual({
      shape: { batch: 2, length: 4, decoderLength: 0, answers: 2, choices: 1 },
      ranges: [
        [0, 1],
        [1, 2],
      ],
      items: 2,
      itemRanges: [
        [0, 1],
        [1, 2],
      ],
      tokens: 4,
      feeds: {
        ids: [7, 8, 9, pad, 5, pad, pad, pad],
        mask: [1, 1, 1, 0, 1, 0, 0, 0],
        positions,
        ...(type === 'llama' ? {} : { types: [0, 1, 1, 0, 0, 0, 0, 0] }),
        rows: [0, 4],
        labels: [2, 1],
        weights: [0.5, 0.5],
      },
    });
  });

  test('more answers than rows are rounded up; those too many weigh nothing', () => {
    const config = { ...raw, model_type: 'llama' };
    const row = { ids: [4, 5, 6], types: null, answers: [0, 1].map((position) => ({ position, label: 5 + position })) };
    const batch = collate([row], { setup: setupOf(config), objective: 'class', weight: 1 });
    const weights = Array.from(batch.feeds.get('weights')?.data ?? [], Number);
    expect({ shape: batch.shape, items: batch.items, sum: weights.reduce((a, b) => a + b, 0) }).toEqual({
      shape: { batch: 1, length: 4, decoderLength: 0, answers: 64, choices: 1 },
      items: 2,
      sum: 2,
    });
  });
});

describe('randomness', () => {
  const key = streamKey(7, 'stream');
  test('a dropout mask keeps its share and its mean, and is a function of its key', () => {
    const mask = new Float32Array(100_001);
    fillMask(mask, 0.25, key);
    const again = new Float32Array(100_001);
    fillMask(again, 0.25, key);
    const kept = mask.filter((value) => value > 0);
    expect({
      values: [...new Set(mask)].toSorted((a, b) => a - b).map((value) => Number(value.toFixed(5))),
      share: Math.abs(kept.length / mask.length - 0.75) < 0.005,
      same: again.every((value, at) => value === mask[at]),
    }).toEqual({ values: [0, 1.33333], share: true, same: true });
  });

  test('uniform and normal numbers have the moments they should', () => {
    const draw = (at: (index: number) => number) => Array.from({ length: 50_000 }, (_, index) => at(index));
    const moments = (values: readonly number[]): number[] => {
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      return [Math.round(mean * 50) / 50, Math.round(variance * 50) / 50];
    };
    const flat = draw((index) => uniform(key, index));
    expect({
      flat: moments(flat),
      bell: moments(draw((index) => normal(key, index))),
      range: [Math.min(...flat) >= 0, Math.max(...flat) < 1],
    }).toEqual({ flat: [0.5, 0.08], bell: [expect.closeTo(0), 1], range: [true, true] });
  });

  test('streams of other names or seeds are others', () => {
    const keys = [streamKey(7, 'a'), streamKey(7, 'b'), streamKey(8, 'a'), streamKey(7, 'a', 1), streamKey(7, 'a', 2)];
    expect(new Set(keys).size).toBe(5);
  });
});
