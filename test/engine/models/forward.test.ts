/** Forward passes against Transformers: last hidden states and logits of the golden models, and of MiniLM. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HeadName } from '../../../engine/models/model.ts';
import type { TokenRow } from '../../../engine/tasks/rows.ts';
import { openReference, type Reference } from '../../parity/reference.ts';
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

interface Wanted {
  readonly model: string;
  readonly head: HeadName;
  /** The golden's last hidden states, and its logits where the head is the model's own. */
  readonly hidden: string;
  readonly logits: string | null;
}

const encoder = (model: string, hidden = 'output.hidden_states.2'): Wanted => ({
  model,
  head: 'token-classification',
  hidden,
  logits: null,
});
/** Logits of a masked language model are called so in a model with another answer beside them. */
const masked = (model: string, logits = 'output.logits'): Wanted => ({ ...encoder(model), head: 'masked-lm', logits });
const decoder = (model: string): Wanted => ({ ...encoder(model), head: 'causal-lm', logits: 'output.logits' });
const both = (model: string): Wanted => ({
  ...encoder(model, 'output.decoder_hidden_states.2'),
  head: 'seq2seq-lm',
  logits: 'output.logits',
});

describe('golden models', () => {
  test.each([
    ...['bert', 'roberta', 'distilbert', 'electra', 'deberta-v3'].map((model) => encoder(model)),
    masked('bert', 'output.prediction_logits'),
    ...['roberta', 'distilbert', 'deberta-v3'].map((model) => masked(model)),
    ...['llama', 'llama3-rope', 'smollm', 'mistral', 'qwen2', 'qwen3'].map(decoder),
    ...['gemma2', 'gemma3', 'phi3', 'gpt2', 'gpt_neox', 'opt'].map(decoder),
    ...['t5', 't5-tied'].map((model) => encoder(model, 'output.encoder_last_hidden_state')),
    ...['t5', 't5-tied', 'bart'].map(both),
  ])('$model $head: what Transformers computes, padding apart', async ({ model, head, hidden, logits }) => {
    const { machine, base, setup } = await loadMachine({ model: goldenModel(model), head });
    const reference = await openReference(goldenModel(model), 'forward_golden.safetensors');
    const rows = rowsOf(reference, head === 'seq2seq-lm');
    const tokens = rows.map(({ row }) => row);
    expect(new Set(tokens.map(({ ids }) => ids.length)).size).toBe(2);
    const kept = (golden: string): number[] => {
      const { values, shape } = reference.floats(golden);
      const width = shape.at(-1) ?? 0;
      const asked = rows.flatMap((row) => row.asked);
      return Array.from(values).filter((_, at) => asked[Math.floor(at / width)]);
    };
    const flat = (found: readonly Float32Array[]): number[] => found.flatMap((row) => [...row]);
    const states = deviation(flat(await machine.hidden(tokens)), kept(hidden));
    const scores = await machine.logits(tokens);
    await machine.release();
    await base.close();
    expect(states).toBeLessThan(2e-5);
    if (logits !== null) expect(deviation(flat(scores), kept(logits))).toBeLessThan(2e-5);
    expect(scores[0]?.length).toBe((tokens[0]?.answers.length ?? 0) * setup.head.labels);
  });
});

interface GoldenRow {
  readonly row: TokenRow;
  /** Of each position of the golden's states, whether ours has it. */
  readonly asked: readonly boolean[];
}

/** The golden's two rows without their padding; all positions of the last stack answer. */
function rowsOf(reference: Reference, decodes: boolean): readonly GoldenRow[] {
  const read = (name: string): number[][] => {
    const { values, shape } = reference.integers(name);
    const length = shape.at(-1) ?? 0;
    return [0, 1].map((row) => values.slice(row * length, (row + 1) * length));
  };
  const ids = read('input.input_ids');
  const types = reference.has('input.token_type_ids') ? read('input.token_type_ids') : null;
  const decoders = decodes ? read('input.decoder_input_ids') : null;
  return read('input.attention_mask').map((mask, index) => {
    const own = (values: readonly number[] = []): number[] => values.filter((_, at) => mask[at] === 1);
    const last = decoders?.[index] ?? own(ids[index]);
    return {
      asked: decoders ? last.map(() => true) : mask.map((value) => value === 1),
      row: {
        ids: own(ids[index]),
        types: types && own(types[index]),
        answers: last.map((_, position) => ({ position, label: 0 })),
        ...(decoders ? { decoder: last } : {}),
      },
    };
  });
}

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
