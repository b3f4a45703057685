/** Promises: a head learns on kept features what it learns on the whole model, and to the bit the same after a resume. */
import { expect, test } from 'vitest';
import type { HeadName } from '../../../engine/models/model.ts';
import { plainProbe } from '../../../engine/spec/methods/linear-probe.ts';
import type { TokenRow } from '../../../engine/tasks/rows.ts';
import { Features } from '../../../engine/train/features.ts';
import { collate } from '../../../engine/train/batches.ts';
import { floatData } from '../../../engine/train/state.ts';
import { goldenModel, loadMachine, randomRows } from '../../support/engine-fixtures.ts';

const lengths = [4, 9, 12, 5, 7, 30];
const settings = { learningRate: 1e-2, weightDecay: 0.01, maxGradNorm: 1, seed: 3 };

function spans(rows: readonly TokenRow[]): TokenRow[] {
  return rows.map((row) => ({
    ...row,
    answers: row.ids.slice(1).map((_, index) => ({ position: index + 1, label: 0 })),
    span: [1, 2],
  }));
}

/** Two or three candidates each. */
function choices(rows: readonly TokenRow[]): TokenRow[] {
  return rows.map((row, index) => ({
    ...row,
    answers: [{ position: 0, label: index % 2 }],
    choices: randomRows([4, 6 + index, 5].slice(0, 2 + (index % 2)), { seed: index + 2, labels: 1 }),
  }));
}

const cases: readonly { model: string; head: HeadName; rows: readonly TokenRow[]; labels?: number }[] = [
  { model: 'bert', head: 'sequence-classification', rows: randomRows(lengths) },
  { model: 'roberta', head: 'sequence-classification', rows: randomRows(lengths) },
  { model: 'bert', head: 'question-answering', rows: spans(randomRows(lengths)), labels: 2 },
  { model: 'bert', head: 'multiple-choice', rows: choices(randomRows(lengths)), labels: 1 },
  { model: 'smollm', head: 'causal-lm', rows: randomRows(lengths, { answers: 'next' }) },
];

test.each(cases)('$head of $model', async ({ model, head, rows, labels = 3 }) => {
  const load = (): ReturnType<typeof loadMachine> =>
    loadMachine({ model: goldenModel(model), head, labels, method: plainProbe });
  const all = [await load(), await load(), await load()];
  const [plain, kept, resumed] = all.map(({ machine }) => machine);
  if (!plain || !kept || !resumed) throw new Error('no machine');
  for (const machine of [plain, kept, resumed]) machine.prepareTraining();
  kept.expect(rows);
  resumed.expect(rows);
  const groups = [[rows.slice(0, 4)], [rows.slice(2), rows.slice(0, 2)], [rows.slice(0, 4)]] as const;
  for (const [index, group] of groups.entries()) {
    const at = { ...settings, step: index + 1 };
    const [whole, head] = [await plain.step(group, at), await kept.step(group, at)];
    expect(Math.abs(whole.loss - head.loss)).toBeLessThan(1e-5);
    expect(head.answers).toBe(whole.answers);
    // Goes on where the other stood before its last step, having read none of the rows.
    if (index === 1)
      for (const name of kept.learned) floatData(resumed.state.get(name)).set(floatData(kept.state.get(name)));
    if (index === 2) expect(await resumed.step(group, at)).toEqual(head);
  }
  for (const name of kept.learned) expect(kept.state.get(name)?.data).toEqual(resumed.state.get(name)?.data);
  const [whole, known] = [await plain.logits(rows), await kept.logits(rows)];
  known.forEach((values, row) => {
    values.forEach((value, at) => expect(Math.abs(value - (whole[row]?.[at] ?? NaN))).toBeLessThan(1e-4));
  });
  for (const { machine, base } of all) {
    await machine.release();
    await base.close();
  }
});

test('computes each row once, and keeps no more than it may', async () => {
  const rows = randomRows([4, 4, 4]);
  const { setup, base } = await loadMachine({
    model: goldenModel('bert'),
    head: 'sequence-classification',
    method: plainProbe,
  });
  const asked: TokenRow[] = [];
  const store = new Features({
    size: 2,
    objective: 'class',
    limit: 16,
    compute: (group) => {
      asked.push(...group);
      return Promise.resolve(group.map(() => [Float32Array.of(1, 2)]));
    },
  });
  store.expect(rows);
  const two = rows.slice(0, 2);
  expect([store.has(two), store.has(rows)]).toEqual([true, false]);
  const batch = collate(two, { setup, objective: 'class', weight: 1 });
  expect(await store.of(two, batch)).toEqual(Float32Array.of(1, 2, 1, 2));
  await store.of(two, batch);
  expect(asked).toEqual(two);
  await base.close();
});
