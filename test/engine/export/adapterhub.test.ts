/** AdapterHub's folders, written by its library: opened on their base model without a recipe, or refused with what does not fit. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeSafetensors } from '../../../engine/checkpoint/write-safetensors.ts';
import { openTuned } from '../../../engine/export/open-adapter.ts';
import { Runtime } from '../../../engine/runtime/session.ts';
import { Machine } from '../../../engine/train/machine.ts';
import { openReference } from '../../parity/reference.ts';
import { shared, useFolder } from '../../support/engine-fixtures.ts';

const path = useFolder();
const extra = join(shared, 'golden-extra');
const folderOf = (name: string): string => join(extra, 'adapters', name, 'adapter');
const baseOf = (name: string): string => join(extra, 'base', name.split('-')[0] ?? name);
const names = (
  JSON.parse(readFileSync(join(extra, 'adapters/index.json'), 'utf8')) as { cases: { id: string }[] }
).cases.map(({ id }) => id);

const tasks: readonly (readonly [RegExp, string])[] = [
  [/-tagging/, 'token-classification'],
  [/-qa/, 'question-answering'],
  [/-cls/, 'text-classification'],
  [/-clm/, 'text-generation'],
  [/-s2s/, 'translation'],
];
const taskOf = (name: string): string | undefined => tasks.find(([pattern]) => pattern.test(name))?.[1];

test.each(names)('%s opens as what its head is for', async (name) => {
  const tuned = await openTuned(baseOf(name), folderOf(name));
  const classes = /-cls|-tagging/.test(name) ? ['LABEL_0', 'LABEL_1', 'LABEL_2'] : null;
  expect({ task: tuned.task.name, method: tuned.recipe.method.name }).toEqual({
    task: taskOf(name),
    method: 'adapter',
  });
  if (classes) expect(tuned.labels).toEqual(classes);
  await tuned.base.close();
});

test.each(names.filter((name) => name.includes('-cls')))('%s answers as it did there', async (name) => {
  const reference = await openReference(join(extra, 'adapters', name));
  const { shape, values } = reference.integers('batch0.input_ids');
  const mask = reference.integers('batch0.attention_mask').values;
  const [batch = 0, length = 0] = shape;
  const tuned = await openTuned(baseOf(name), folderOf(name));
  const machine = new Machine({ ...tuned, runtime: await Runtime.open(), device: 'cpu', threads: 1 });
  const rows = Array.from({ length: batch }, (_, row) => {
    const ids = values.slice(row * length, (row + 1) * length).filter((_id, at) => mask[row * length + at] === 1);
    return {
      ids,
      types: ids.map(() => 0),
      answers: [{ position: tuned.architecture.pooled(tuned.config, ids), label: 0 }],
    };
  });
  const found = (await machine.logits(rows)).flatMap((logits) => Array.from(logits));
  const expected = reference.floats('logits_final.batch0.logits').values;
  expect(found).toHaveLength(expected.length);
  expect(Math.max(...found.map((value, at) => Math.abs(value - (expected[at] ?? NaN))))).toBeLessThan(2e-5);
  await machine.release();
  await tuned.base.close();
});

describe('what does not fit is named', () => {
  test('a base of another size', async () => {
    await expect(openTuned(join(shared, 'models/minilm-l6'), folderOf('bert-houlsby-cls'))).rejects.toMatchObject({
      code: 'adapter.base',
    });
  });

  test('a base with fewer layers', async () => {
    const folder = path('short');
    await cp(folderOf('bert-houlsby-cls'), folder, { recursive: true });
    const file = join(folder, 'adapter_config.json');
    const raw = JSON.parse(await readFile(file, 'utf8')) as { config: object };
    // Seen from the adapter, a model without its last layer.
    await writeFile(file, JSON.stringify({ ...raw, config: { ...raw.config, leave_out: [1] } }));
    await expect(openTuned(baseOf('bert'), folder)).rejects.toMatchObject({ code: 'adapter.base' });
  });

  test('a base of another family', async () => {
    await expect(openTuned(baseOf('gpt2'), folderOf('bert-houlsby-cls'))).rejects.toMatchObject({
      code: 'adapter.incomplete',
    });
    await expect(openTuned(baseOf('gpt2'), folderOf('bert-houlsby-static-cls-bin'))).rejects.toMatchObject({
      code: 'model.config',
      data: { field: 'model_class', value: '"BertForSequenceClassification"' },
    });
  });

  test('an adapter whose tensors are missing, or whose keys were stripped', async () => {
    const folder = path('emptied');
    await cp(folderOf('bert-houlsby-cls'), folder, { recursive: true });
    for (const tensors of [[], [{ name: 'adapter_down.0.weight', shape: [1], data: new Float32Array(1) }]]) {
      await writeSafetensors(join(folder, 'adapter.safetensors'), tensors);
      await expect(openTuned(baseOf('bert'), folder)).rejects.toMatchObject({ code: 'adapter.incomplete' });
    }
  });

  test('an adapter without its head', async () => {
    const folder = path('headless');
    await cp(folderOf('bert-houlsby-cls'), folder, { recursive: true });
    await rm(join(folder, 'model_head.safetensors'));
    await expect(openTuned(baseOf('bert'), folder)).rejects.toMatchObject({ code: 'file.missing' });
    await rm(join(folder, 'head_config.json'));
    await expect(openTuned(baseOf('bert'), folder)).rejects.toMatchObject({ code: 'file.missing' });
  });

  test.each([
    ['head_type', 'masked_lm'],
    ['head_type', 'constructor'],
    ['layers', 'two'],
    ['layers', 1e9],
    ['layers', 0],
    ['activation_function', 'mish'],
    ['num_labels', null],
    ['num_labels', 0],
    ['num_labels', 2.5],
  ])('a head whose %s is %j', async (field, value) => {
    const folder = path('head');
    await cp(folderOf('bert-houlsby-cls'), folder, { recursive: true });
    const file = join(folder, 'head_config.json');
    const raw = JSON.parse(await readFile(file, 'utf8')) as { config: Record<string, unknown> };
    await writeFile(file, JSON.stringify({ ...raw, config: { ...raw.config, [field]: value } }));
    await expect(openTuned(baseOf('bert'), folder)).rejects.toMatchObject({
      code: 'model.config',
      data: { field: expect.stringContaining(field) as string, value: JSON.stringify(value) },
    });
  });

  test('a kind of adapter that AdapterHub knows and this engine does not', async () => {
    const folder = path('other kind');
    await cp(folderOf('bert-houlsby-cls'), folder, { recursive: true });
    const file = join(folder, 'adapter_config.json');
    const raw = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...raw, config: { architecture: 'prefix_tuning', prefix_length: 30 } }));
    await expect(openTuned(baseOf('bert'), folder)).rejects.toMatchObject({
      code: 'model.config',
      data: { field: 'config.architecture' },
    });
  });
});
