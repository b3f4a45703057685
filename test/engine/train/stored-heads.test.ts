/** What a model's file holds decides: a head of its own beside a tied table, a buffer that is not there. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSafetensors } from '../../../engine/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../../engine/checkpoint/write-safetensors.ts';
import type { Json } from '../../../engine/spec/json.ts';
import { goldenModel, loadMachine, useFolder } from '../../support/engine-fixtures.ts';

const folder = useFolder();

/** A golden model whose tensors are changed: what becomes null is left out. */
async function variant(
  model: string,
  name: string,
  change: (tensors: Map<string, { shape: readonly number[]; data: Float32Array }>) => void,
): Promise<string> {
  const path = folder(name);
  await cp(goldenModel(model), path, { recursive: true });
  const file = await openSafetensors(join(goldenModel(model), 'model.safetensors'));
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [key, { shape }] of file.tensors) tensors.set(key, { shape, data: await file.read(key) });
  await file.close();
  change(tensors);
  await writeSafetensors(
    join(path, 'model.safetensors'),
    [...tensors].map(([key, tensor]) => ({ name: key, ...tensor })),
  );
  return path;
}

async function logitsOf(model: string): Promise<{ tied: boolean; logits: readonly number[] }> {
  const { machine, base, config } = await loadMachine({ model, head: 'seq2seq-lm' });
  const row = { ids: [40, 41, 42], types: null, decoder: [2], answers: [{ position: 0, label: 0 }] };
  const [logits = new Float32Array()] = await machine.logits([row]);
  await machine.release();
  await base.close();
  return { tied: config.tied, logits: [...logits] };
}

test.each([
  ['bart', 'model.shared.weight'],
  ['t5-tied', 'shared.weight'],
])('%s: a head with values of its own is read as it is, a copy of the table stays tied', async (model, table) => {
  const plain = await logitsOf(goldenModel(model));
  const copied = await variant(model, `${model}-copy`, (tensors) => {
    const own = tensors.get(table);
    if (own) tensors.set('lm_head.weight', own);
  });
  const doubled = await variant(model, `${model}-own`, (tensors) => {
    const own = tensors.get(table);
    if (own) tensors.set('lm_head.weight', { ...own, data: own.data.map((value) => 2 * value) });
    // BART's logits are the products alone then.
    tensors.get('final_logits_bias')?.data.fill(0);
  });
  const bare = await variant(model, `${model}-bare`, (tensors) => {
    tensors.get('final_logits_bias')?.data.fill(0);
  });
  expect(plain.tied).toBe(true);
  expect(await logitsOf(copied)).toEqual(plain);
  const { tied, logits } = await logitsOf(doubled);
  expect(tied).toBe(false);
  const products = (await logitsOf(bare)).logits;
  logits.forEach((value, at) => {
    expect(value).toBeCloseTo(2 * (products[at] ?? NaN), 5);
  });
});

test('a buffer that the file lacks is zero', async () => {
  const zero = await variant('bart', 'zero', (tensors) => tensors.get('final_logits_bias')?.data.fill(0));
  const none = await variant('bart', 'none', (tensors) => tensors.delete('final_logits_bias'));
  expect(await logitsOf(none)).toEqual(await logitsOf(zero));
  expect(await logitsOf(none)).not.toEqual(await logitsOf(goldenModel('bart')));
});

test('T5 v1.1 as Transformers 5 writes it: tied by name, a matrix of its own in the file', async () => {
  const path = await variant('t5', 'flan', () => undefined);
  const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as Readonly<Record<string, Json>>;
  const written = { ...config, tie_word_embeddings: true, scale_decoder_outputs: false };
  await writeFile(join(path, 'config.json'), JSON.stringify(written));
  expect(await logitsOf(path)).toEqual(await logitsOf(goldenModel('t5')));
});
