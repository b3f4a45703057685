/** Forward passes against Transformers: last hidden states and logits of the golden models, and of MiniLM. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HeadName } from '../../../engine/models/model.ts';
import { openReference } from '../../parity/reference.ts';
import { goldenModel, loadMachine, shared } from '../../support/engine-fixtures.ts';

/** Largest difference, relative where the numbers are above 1. */
function deviation(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  if (ours.length !== theirs.length) return Infinity;
  return Array.from(ours).reduce((worst, value, at) => {
    const expected = theirs[at] ?? NaN;
    const difference = Math.abs(value - expected) / Math.max(1, Math.abs(expected));
    return Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }, 0);
}

describe('golden models', () => {
  test.each([
    ['bert', 'token-classification', null],
    ['roberta', 'token-classification', null],
    ['llama', 'causal-lm', 'output.logits'],
    ['llama3-rope', 'causal-lm', 'output.logits'],
    ['smollm', 'causal-lm', 'output.logits'],
    ['mistral', 'causal-lm', 'output.logits'],
    ['qwen2', 'causal-lm', 'output.logits'],
    ['qwen3', 'causal-lm', 'output.logits'],
    ['gemma2', 'causal-lm', 'output.logits'],
    ['gemma3', 'causal-lm', 'output.logits'],
    ['phi3', 'causal-lm', 'output.logits'],
    ['gpt2', 'causal-lm', 'output.logits'],
    ['gpt_neox', 'causal-lm', 'output.logits'],
    ['opt', 'causal-lm', 'output.logits'],
  ] as const)('%s: what Transformers computes, padding apart', async (name, head: HeadName, logitsName) => {
    const { machine, base, setup } = await loadMachine({ model: goldenModel(name), head });
    const reference = await openReference(goldenModel(name), 'forward_golden.safetensors');
    const { values: ids, shape } = reference.integers('input.input_ids');
    const [, length = 0] = shape;
    const { values: mask } = reference.integers('input.attention_mask');
    const types = reference.has('input.token_type_ids') ? reference.integers('input.token_type_ids').values : null;
    const rows = [0, 1].map((row) => {
      const span = (all: readonly number[]): number[] =>
        all.slice(row * length, (row + 1) * length).filter((_, at) => mask[row * length + at] === 1);
      const own = span(ids);
      return {
        ids: own,
        types: types && span(types),
        answers: own.map((_, position) => ({ position, label: 0 })),
      };
    });
    expect(rows.map((row) => row.ids.length)).not.toEqual([length, length]);
    const kept = (golden: string): number[] => {
      const { values, shape: wide } = reference.floats(golden);
      const width = wide.at(-1) ?? 0;
      return Array.from(values).filter((_, at) => mask[Math.floor(at / width)] === 1);
    };
    const hidden = deviation(
      (await machine.hidden(rows)).flatMap((row) => [...row]),
      kept('output.hidden_states.2'),
    );
    const logits = await machine.logits(rows);
    await machine.release();
    await base.close();
    expect(hidden).toBeLessThan(2e-5);
    if (logitsName !== null)
      expect(
        deviation(
          logits.flatMap((row) => [...row]),
          kept(logitsName),
        ),
      ).toBeLessThan(2e-5);
    expect(logits[0]?.length).toBe((rows[0]?.ids.length ?? 0) * setup.head.labels);
  });
});

interface MiniLmCase {
  readonly text: string;
  readonly max_length: number;
  readonly input_ids: readonly number[];
  readonly cls_first8: readonly number[];
  readonly last_first8: readonly number[];
  readonly mean_pooled_normalised_first8: readonly number[];
}

test('MiniLM: ids and hidden states of its reference, all texts in one batch', async () => {
  const folder = join(shared, 'models/minilm-l6');
  const { cases } = JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8')) as {
    readonly cases: readonly MiniLmCase[];
  };
  const { machine, base, config } = await loadMachine({ model: folder, head: 'token-classification' });
  const encoded = await Promise.all(cases.map((one) => base.tokenizer.encode(one.text, { maxLength: one.max_length })));
  expect(encoded.map(({ ids }) => ids)).toEqual(cases.map((one) => one.input_ids));
  const rows = encoded.map(({ ids, typeIds }) => ({
    ids,
    types: typeIds,
    answers: ids.map((_, position) => ({ position, label: 0 })),
  }));
  const states = await machine.hidden(rows);
  await machine.release();
  await base.close();
  for (const [index, { ids }] of rows.entries()) {
    const { hidden } = config;
    const vectors = ids.map((_, at) => states[index]?.subarray(at * hidden, (at + 1) * hidden));
    const mean = Array.from({ length: hidden }, (_, at) =>
      vectors.reduce((sum, vector) => sum + (vector?.[at] ?? 0) / vectors.length, 0),
    );
    const size = Math.hypot(...mean);
    const expected = cases[index];
    expect({
      cls: deviation(vectors[0]?.subarray(0, 8) ?? [], expected?.cls_first8 ?? []),
      last: deviation(vectors.at(-1)?.subarray(0, 8) ?? [], expected?.last_first8 ?? []),
      pooled: deviation(
        mean.slice(0, 8).map((value) => value / size),
        expected?.mean_pooled_normalised_first8 ?? [],
      ),
    }).toEqual({ cls: small, last: small, pooled: small });
  }
});

/** The reference is rounded to six decimals. */
const small = expect.toSatisfy((value: number) => value < 1e-5, 'less than 1e-5') as unknown;
