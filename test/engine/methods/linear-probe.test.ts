/** Which weights learn beside a new head: the last layers, or layers by their numbers. */
import { expect, test } from 'vitest';
import { toEnvelope } from '../../../engine/spec/errors.ts';
import { plainProbe, type LinearProbeConfig } from '../../../engine/spec/methods/linear-probe.ts';
import { goldenModel, loadMachine } from '../../support/engine-fixtures.ts';

async function learning(model: string, config: Partial<LinearProbeConfig>): Promise<ReadonlySet<string>> {
  const method = { ...plainProbe, ...config };
  const { machine, base, setup } = await loadMachine({
    model: goldenModel(model),
    head: 'sequence-classification',
    method,
  });
  await machine.release();
  await base.close();
  return new Set(setup.trainable.map((name) => /layers?\.\d+/.exec(name)?.[0] ?? name));
}

test('layers by number learn with what stands above all layers', async () => {
  expect(await learning('llama', { layers: [0] })).toEqual(new Set(['layers.0', 'model.norm.weight', 'score.weight']));
});

test('the last layer by its number is the last layer', async () => {
  expect(await learning('llama', { layers: [1] })).toEqual(await learning('llama', { lastLayers: 1 }));
});

test('a layer that the model lacks is refused with the numbers it has', async () => {
  const error = await learning('llama', { layers: [0, 2] }).catch((thrown: unknown) => toEnvelope(thrown));
  expect(error).toMatchObject({ code: 'recipe.field', data: { path: 'method.layers', value: '2' } });
});
