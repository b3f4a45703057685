/** Files of the first BERT call the weights of a norm gamma and beta: the model is the same. */
import { cp, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openSafetensors } from '../../../engine/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../../engine/checkpoint/write-safetensors.ts';
import { goldenModel, loadMachine, randomRows, useFolder } from '../../support/engine-fixtures.ts';

const path = useFolder();

test('bert under its old names', async () => {
  const folder = path('old');
  await cp(goldenModel('bert'), folder, { recursive: true });
  const file = await openSafetensors(`${goldenModel('bert')}/model.safetensors`);
  const tensors = await Promise.all(
    [...file.tensors.values()].map(async ({ name, shape }) => ({
      name: name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
      shape,
      data: await file.read(name),
    })),
  );
  await file.close();
  expect(tensors.some(({ name }) => name.endsWith('gamma'))).toBe(true);
  await rm(`${folder}/model.safetensors`);
  await writeSafetensors(`${folder}/model.safetensors`, tensors);
  const rows = randomRows([5, 8]);
  const logits = await Promise.all(
    [goldenModel('bert'), folder].map(async (model) => {
      const { machine, base } = await loadMachine({ model, head: 'sequence-classification' });
      const found = await machine.logits(rows);
      await machine.release();
      await base.close();
      return found;
    }),
  );
  expect(logits[1]).toEqual(logits[0]);
});
