/** Which modules learn whole beside a method: a new head's, by the names that a list or PEFT's task class gives. */
import { expect, test } from 'vitest';
import { savedModules } from '../../../engine/methods/method.ts';
import type { HeadName } from '../../../engine/models/model.ts';
import { goldenModel, loadMachine } from '../../support/engine-fixtures.ts';
import { toEnvelope } from '../../../engine/spec/errors.ts';

async function learning(model: string, list: readonly string[] | null, head: HeadName = 'sequence-classification') {
  const { machine, base, setup } = await loadMachine({ model: goldenModel(model), head });
  await machine.release();
  await base.close();
  return savedModules(setup.target, list).map(({ name }) => name);
}

const bartHead = ['classification_head.dense', 'classification_head.out_proj'];

test.each<[string, string, readonly string[] | null, readonly string[]]>([
  ['without a list all of a new head', 'deberta-v3', null, ['pooler.dense', 'classifier']],
  ["with PEFT's names what they end", 'deberta-v3', ['classifier', 'score'], ['classifier']],
  ['both layers of a head', 'distilbert', ['classifier', 'score'], ['pre_classifier', 'classifier']],
  ['the head of an encoder–decoder', 'bart', ['classification_head', 'classifier', 'score'], bartHead],
  ["nothing of it with PEFT's names alone", 'bart', ['classifier', 'score'], []],
])('%s', async (...[, model, list, expected]) => {
  expect(await learning(model, list)).toEqual(expected);
});

test("a list of one's own that leaves the head out is refused with its name", async () => {
  const error = await learning('bart', ['layernorm_embedding']).catch((thrown: unknown) => toEnvelope(thrown));
  expect(error).toMatchObject({
    code: 'recipe.field',
    data: { value: 'layernorm_embedding', legal: 'names that include the new head: classification_head' },
  });
});
