/** One layer of the classes of several data sets: what it learns and says is what a layer of its own for each would. */
import { describe, expect, test } from 'vitest';
import { gradients } from '../../../engine/autodiff/backward.ts';
import type { Head } from '../../../engine/models/model.ts';
import { Runtime } from '../../../engine/runtime/session.ts';
import { pTuningV2Preset, type PTuningV2Config } from '../../../engine/spec/methods/p-tuning-v2.ts';
import { objectiveOf, weightedLoss } from '../../../engine/tasks/objective.ts';
import type { TokenRow } from '../../../engine/tasks/rows.ts';
import { collate } from '../../../engine/train/batches.ts';
import { Machine } from '../../../engine/train/machine.ts';
import { openArchitecture } from '../../../engine/train/prepare.ts';
import { buildForward, createSetup, shapeOf } from '../../../engine/train/setup.ts';
import { floatData } from '../../../engine/train/state.ts';
import { summedGradient } from '../../../engine/train/step-graph.ts';
import { loadWeights } from '../../../engine/train/weights.ts';
import { goldenModel, randomRows } from '../../support/engine-fixtures.ts';

/** A model with a head of classes under deep prompts; all with the same first weights. */
async function deep(model: string, head: Head, known: ReadonlyMap<string, Float32Array> = new Map()) {
  const { base, architecture, config } = await openArchitecture(goldenModel(model));
  const context = { task: 'text-classification', architecture: model, parameters: null } as const;
  const method: PTuningV2Config = { ...pTuningV2Preset('balanced', context), virtualTokens: 3 };
  const setup = createSetup({ architecture, config, head, method });
  const weights = await loadWeights({ base, setup, seed: 3, known });
  await base.close();
  return { base, setup, weights };
}
type Deep = Awaited<ReturnType<typeof deep>>;

/** Σ weight·loss of the rows, and its gradients by name. */
async function learn({ setup, weights }: Deep, rows: readonly TokenRow[], weight: number) {
  const objective = objectiveOf(setup.head);
  const { shape, feeds } = collate(rows, { setup, objective, weight });
  const { graph, logits } = buildForward(setup, shape);
  const loss = weightedLoss(objective, logits, { graph, shape });
  const parameters = setup.trainable.map((name) => graph.parameter(name, shapeOf(setup, name)));
  const found = gradients(loss, parameters);
  const outputs = Object.fromEntries(
    setup.trainable.flatMap((name, index) => {
      const gradient = found[index];
      return gradient ? [[summedGradient(name), gradient] as const] : [];
    }),
  );
  const { mapped } = weights;
  const session = await (
    await Runtime.open()
  ).compile(graph, { loss, ...outputs }, { device: 'cpu', threads: 1, mapped });
  const result = await session.run(new Map([...weights.fed, ...feeds]));
  await session.dispose();
  return new Map(
    ['loss', ...setup.trainable].map((name) => [
      name,
      Array.from(floatData(result[name] ?? result[summedGradient(name)])),
    ]),
  );
}

const expectClose = (found: readonly number[], expected: readonly number[]): void => {
  expect(found.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  found.forEach((value, at) => {
    expect(Math.abs(value - (expected[at] ?? NaN))).toBeLessThanOrEqual(1e-5 * largest + 1e-9);
  });
};

describe.each([
  ['bert', 'sequence-classification', 'classifier'],
  ['bert', 'token-classification', 'classifier'],
  // Its first layer is shared, its second is each set's own.
  ['roberta', 'sequence-classification', 'classifier.out_proj'],
] as const)('%s for %s: one layer of the classes of three sets', (model, name, layer) => {
  const sets = [3, 4, 2] as const;
  const lengths = [5, 8, 6, 7, 5];
  const rowsOf = sets.map((labels, set) =>
    randomRows(lengths, { seed: 10 + set, labels }).map((row) => ({
      ...row,
      answers:
        name === 'sequence-classification'
          ? row.answers
          : row.ids.map((id, position) => ({ position, label: (id + position) % labels })),
    })),
  );
  const mixed = rowsOf
    .flatMap((rows, set) => rows.map((row) => ({ ...row, set })))
    .toSorted((a, b) => a.ids.length - b.ids.length);
  const items = mixed.reduce((count, { answers }) => count + answers.length, 0);
  const start = (set: number): number => sets.slice(0, set).reduce((total, count) => total + count, 0);
  /** A set's rows of a value of the shared layer. */
  const share = <Values extends { slice(from: number, to: number): Values; readonly length: number }>(
    values: Values,
    set: number,
  ): Values => {
    const width = values.length / start(3);
    return values.slice(start(set) * width, start(set + 1) * width);
  };

  test('teaches what a layer of its own for each would: loss, gradients, logits', async () => {
    const whole = await deep(model, { name, labels: start(3), sets });
    const found = await learn(whole, mixed, 1 / items);
    const alone = await Promise.all(
      sets.map(async (labels, set) => {
        const own = new Map(
          [...whole.weights.fed]
            .filter(([weight]) => whole.setup.trainable.includes(weight))
            .map(([weight, tensor]) => {
              const values = floatData(tensor);
              return [weight, weight.startsWith(layer) ? share(values, set) : values] as const;
            }),
        );
        const separate = await deep(model, { name, labels }, own);
        const rows = rowsOf[set] ?? [];
        const logits = await answersOf(separate, rows);
        return { gradients: await learn(separate, rows, 1 / items), logits };
      }),
    );
    const of = (weight: string, set: number): readonly number[] => alone[set]?.gradients.get(weight) ?? [];
    for (const [weight, values] of found) {
      if (weight.startsWith(layer))
        sets.forEach((_, set) => {
          expectClose(share([...values], set), of(weight, set));
        });
      else
        expectClose(
          values,
          values.map((_, at) => sets.reduce((sum, _labels, set) => sum + (of(weight, set)[at] ?? NaN), 0)),
        );
    }
    expect([...found.keys()].filter((weight) => weight.startsWith(layer)).length).toBe(2);
    expect(found.get('prompt_embeddings')?.some((value) => Math.abs(value) > 1e-7)).toBe(true);
    const logits = await answersOf(
      whole,
      rowsOf.flatMap((rows, set) => rows.map((row) => ({ ...row, set }))),
    );
    const expected = alone.flatMap((one) => one.logits);
    logits.forEach((own, row) => {
      expectClose([...own], [...(expected[row] ?? [])]);
    });
    expect(logits.length).toBe(15);
  });

  test('a row’s loss leaves the other sets’ classes exactly alone, whatever their scores', async () => {
    const whole = await deep(model, { name, labels: start(3), sets });
    const bias = whole.weights.fed.get(`${layer}.bias`);
    const rows = (rowsOf[1] ?? []).map((row) => ({ ...row, set: 1 }));
    const before = await learn(whole, rows, 1);
    if (bias) floatData(bias).fill(50, start(2));
    const after = await learn(whole, rows, 1);
    expect(after).toEqual(before);
    const moved = after.get(`${layer}.bias`) ?? [];
    expect([...share(moved, 0), ...share(moved, 2)].every((value) => value === 0)).toBe(true);
    expect(share(moved, 1).every((value) => value !== 0)).toBe(true);
  });
});

async function answersOf({ base, setup, weights }: Deep, rows: readonly TokenRow[]): Promise<readonly Float32Array[]> {
  const machine = new Machine({ runtime: await Runtime.open(), device: 'cpu', threads: 1, setup, base, weights });
  const logits = await machine.logits(rows);
  await machine.release();
  return logits;
}
