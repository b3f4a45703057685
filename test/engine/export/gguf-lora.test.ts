/** LoRA adapters as GGUF: on the base model's file they change the weights as PEFT's merge changes the model's. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storedName, familyToWrite } from '../../../engine/checkpoint/gguf-families.ts';
import { openGguf, type GgufFile } from '../../../engine/checkpoint/gguf.ts';
import { openModel, type BaseModel } from '../../../engine/checkpoint/model-folder.ts';
import { exportGguf, type Weight } from '../../../engine/export/gguf.ts';
import { exportGgufLora, type LoraPair } from '../../../engine/export/gguf-lora.ts';
import { goldenLora, mergedWeights, product, transposed } from './golden-lora.ts';

const golden = join(import.meta.dirname, '../../../../shared/golden');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-lora-gguf-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function baseFile(base: BaseModel, changed: ReadonlyMap<string, Float32Array>): Promise<GgufFile> {
  const out = await mkdtemp(join(folder, 'base-'));
  const weights = new Map(
    Array.from(base.weights.names(), (name): [string, Weight] => [
      name,
      {
        shape: base.weights.entry(name)?.shape ?? [],
        read: () => changed.get(name) ?? base.weights.read(name),
      },
    ]),
  );
  const { config, tokenizer, chatTemplate } = base;
  const stop = new Set<number>();
  const [file = ''] = await exportGguf({ name: 'm', config, weights, tokenizer, chatTemplate, stop }, out, 'F32');
  return openGguf(join(out, file));
}

describe('the golden adapters', () => {
  test.each([
    'llama-causallm-lora',
    'llama-causallm-lora-all-linear',
    'llama-causallm-lora-patterns',
    'llama-causallm-lora-layers',
    'llama-causallm-lora-embedding',
    'gpt2-causallm-lora',
    'gpt2-causallm-lora-all-linear',
    'mistral-causallm-lora',
    'phi3-causallm-lora',
    'gemma2-causallm-lora',
    'gemma3-causallm-lora',
    'qwen3-causallm-lora',
  ])('%s', async (name) => {
    const base = await openModel(join(golden, 'models', name.split('-')[0] ?? ''));
    const modules = goldenLora(join(golden, 'cases', name, 'adapter'));
    expect(modules.size).toBeGreaterThan(0);
    const before = await baseFile(base, new Map());
    const after = await baseFile(base, await mergedWeights(base, modules));
    const written = await exportGgufLora({ name, config: base.config, modules }, folder);
    const adapter = await openGguf(join(folder, written));
    const alpha = Number(adapter.keys.get('adapter.lora.alpha'));
    expect(adapter.tensors.size).toBe(2 * modules.size);
    const family = familyToWrite(typeof base.config['model_type'] === 'string' ? base.config['model_type'] : '');
    for (const module of modules.keys()) {
      const stored = family && storedName(family, `${module}.weight`)?.name;
      const read = async (part: string) => ({
        shape: adapter.tensors.get(`${stored}.${part}`)?.shape ?? [],
        values: await adapter.read(`${stored}.${part}`),
      });
      const [a, b] = [await read('lora_a'), await read('lora_b')];
      const rank = b.shape[1] ?? 0;
      // llama.cpp looks up the rows of A by word and multiplies them by B; of all others it multiplies by A, then by B.
      const change = stored === 'token_embd.weight' ? product(a, transposed(b)) : product(b, a);
      const found = (await before.read(stored ?? '')).map((value, at) => value + (alpha / rank) * (change[at] ?? NaN));
      const expected = await after.read(stored ?? '');
      const worst = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - (found[at] ?? NaN))), 0);
      expect(worst, module).toBeLessThan(1e-6);
      expect(expected, module).not.toEqual(await before.read(stored ?? ''));
    }
    for (const file of [before, after, adapter]) await file.close();
    await base.close();
  });

  test('says what it is, in F16 where that is asked', async () => {
    const base = await openModel(join(golden, 'models/llama'));
    const modules = goldenLora(join(golden, 'cases/llama-causallm-lora/adapter'));
    const name = await exportGgufLora({ name: 'half', config: base.config, modules }, folder, 'F16');
    expect(name).toBe('half.lora.gguf');
    const adapter = await openGguf(join(folder, name));
    expect(Object.fromEntries(adapter.keys)).toMatchObject({
      'general.architecture': 'llama',
      'general.type': 'adapter',
      'adapter.type': 'lora',
      'adapter.lora.alpha': 8,
    });
    expect([...adapter.tensors.values()].map(({ dtype, shape }) => [dtype, shape]).slice(0, 2)).toEqual([
      ['F16', [4, 32]],
      ['F16', [32, 4]],
    ]);
    await adapter.close();
    await base.close();
  });
});

test('what llama.cpp has no tensor for is refused by name, and nothing is written', async () => {
  const base = await openModel(join(golden, 'models/qwen2'));
  const [pair] = goldenLora(join(golden, 'cases/llama-causallm-lora/adapter')).values();
  const before = await readdir(folder);
  const write = (modules: readonly (readonly [string, LoraPair | undefined])[]): Promise<string> =>
    exportGgufLora(
      {
        name: 'no',
        config: base.config,
        modules: new Map(modules.flatMap(([name, one]) => (one ? [[name, one]] : []))),
      },
      folder,
    );
  // One table: of the head there is none in the file, and llama.cpp fails on the words.
  for (const [module, what] of [
    ['lm_head', 'lm_head'],
    ['model.embed_tokens', 'model.embed_tokens'],
    ['score', 'score.weight'],
  ] as const) {
    await expect(write([[module, pair]])).rejects.toMatchObject({ code: 'export.no-place', data: { what } });
  }
  await expect(write([])).rejects.toMatchObject({ code: 'export.no-place' });
  expect(await readdir(folder)).toEqual(before);
  await base.close();
});

test('what is no pair of matrices is refused by name', () => {
  const refusal = (name: string): unknown => {
    try {
      return goldenLora(join(golden, 'cases', name, 'adapter')).size;
    } catch (thrown) {
      return (thrown as { data: { what: string } }).data.what;
    }
  };
  expect(refusal('llama-causallm-lora')).toBe(4);
  expect(refusal('llama-causallm-lora-dora')).toBe('model.layers.0.self_attn.q_proj.lora_magnitude_vector');
  expect(refusal('llama-causallm-lora-lm-head')).toBe('lm_head.weight');
  expect(refusal('qwen2-causallm-lora-bias-all')).toMatch(/bias$/);
});
