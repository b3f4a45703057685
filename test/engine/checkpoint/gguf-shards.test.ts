/** Models that come as several GGUF files. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openModel } from '../../../engine/checkpoint/model-folder.ts';
import { ggufBytes } from './gguf-bytes.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-shards-'));
});
afterAll(() => rm(folder, { recursive: true }));

const keys = {
  'general.architecture': 'qwen2',
  'qwen2.block_count': 1,
  'qwen2.context_length': 16,
  'qwen2.embedding_length': 8,
  'qwen2.feed_forward_length': 8,
  'qwen2.attention.head_count': 1,
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.tokens': ['a', 'b', 'ab'],
  'tokenizer.ggml.merges': ['a b'],
};
const split = (no: number) => ({ 'split.no': no, 'split.count': 2, 'split.tensors.count': 2 });
const words = { name: 'token_embd.weight', sizes: [8, 3], values: Float32Array.from({ length: 24 }, (_, i) => i) };
const norm = { name: 'output_norm.weight', sizes: [8], values: Float32Array.from({ length: 8 }, (_, i) => -i) };
const named = (name: string): string => join(folder, name);

test('the first file opens all of them', async () => {
  await writeFile(named('m-00001-of-00002.gguf'), ggufBytes({ ...keys, ...split(0) }, [words]));
  await writeFile(named('m-00002-of-00002.gguf'), ggufBytes(split(1), [norm]));
  const model = await openModel(named('m-00001-of-00002.gguf'));
  expect([...model.weights.names()]).toEqual(['model.embed_tokens.weight', 'model.norm.weight']);
  expect(await model.weights.read('model.embed_tokens.weight')).toEqual(words.values);
  expect(await model.weights.read('model.norm.weight')).toEqual(norm.values);
  expect(model.weights.bytes).toBe(4 * 32);
  await model.close();
  const ofFolder = await openModel(folder);
  expect(ofFolder.path).toBe(named('m-00001-of-00002.gguf'));
  await ofFolder.close();
});

test('one that is not the first, one that is missing, one that holds a tensor again', async () => {
  await expect(openModel(named('m-00002-of-00002.gguf'))).rejects.toMatchObject({
    code: 'checkpoint.corrupt',
    data: { reason: expect.stringContaining('m-00001-of-00002.gguf') as string },
  });
  await writeFile(named('n-00001-of-00002.gguf'), ggufBytes({ ...keys, ...split(0) }, [words]));
  await expect(openModel(named('n-00001-of-00002.gguf'))).rejects.toMatchObject({
    code: 'file.missing',
    data: { path: named('n-00002-of-00002.gguf') },
  });
  await writeFile(named('n-00002-of-00002.gguf'), ggufBytes(split(1), [words]));
  await expect(openModel(named('n-00001-of-00002.gguf'))).rejects.toMatchObject({
    code: 'checkpoint.corrupt',
    data: { reason: 'tensor token_embd.weight is in two files' },
  });
});
