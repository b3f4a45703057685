/** Model folders: what opens, what is refused by which name, and the tokenizer's way into an adapter's folder. */
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyTokenizerFiles } from '../../../engine/checkpoint/copy-tokenizer.ts';
import { openModel } from '../../../engine/checkpoint/model-folder.ts';
import { openSafetensors } from '../../../engine/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../../engine/checkpoint/write-safetensors.ts';
import { withOrWithout } from '../../../engine/models/model.ts';
import { StudioError } from '../../../engine/spec/errors.ts';
import { loadTokenizer } from '../../../engine/tokenizer/load.ts';

const shared = join(import.meta.dirname, '../../../../shared');
const llama = join(shared, 'golden/models/llama');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atelier-models-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function llamaWithout(...names: readonly string[]): Promise<string> {
  const own = await mkdtemp(join(folder, 'llama-'));
  for (const name of await readdir(llama)) {
    if (!names.includes(name)) await writeFile(join(own, name), await readFile(join(llama, name)));
  }
  return own;
}

async function refusal(path: string): Promise<unknown> {
  try {
    await (await openModel(path)).close();
    return 'accepted';
  } catch (thrown) {
    if (thrown instanceof StudioError) return { code: thrown.code as string, ...thrown.data };
    throw thrown;
  }
}

describe('opening', () => {
  test('MiniLM: a bare model, whose names are found with and without their prefix', async () => {
    const model = await openModel(join(shared, 'models/minilm-l6'));
    const names = new Set(model.weights.names());
    const weight = 'embeddings.word_embeddings.weight';
    expect({
      name: model.name,
      format: model.format,
      hidden: model.config['hidden_size'],
      entry: model.weights.entry(weight)?.dtype,
      shape: model.weights.entry(weight)?.shape,
      bytes: model.weights.bytes,
      found: [
        withOrWithout(`bert.${weight}`, 'bert.').find((name) => names.has(name)),
        withOrWithout('bert.none', 'bert.').find((name) => names.has(name)),
      ],
      prefixed: withOrWithout('a', 'bert.'),
      licence: model.licenceFiles.map((file) => file.slice(-7)),
      limit: model.tokenizer.modelMaxLength,
    }).toEqual({
      name: 'minilm-l6',
      format: 'safetensors',
      hidden: 384,
      entry: 'F16',
      shape: [30522, 384],
      bytes: 45426432,
      found: [weight, undefined],
      prefixed: ['a', 'bert.a'],
      licence: ['LICENSE'],
      limit: 512,
    });
    await model.close();
  });

  test('a sharded model behind links, as the hub caches it, equals the whole one', async () => {
    const own = await llamaWithout('model.safetensors');
    const blobs = await mkdtemp(join(folder, 'blobs-'));
    const whole = await openSafetensors(join(llama, 'model.safetensors'));
    const names = [...whole.tensors.keys()];
    const shards = [names.slice(0, 5), names.slice(5)];
    const map: Record<string, string> = {};
    for (const [index, part] of shards.entries()) {
      const shard = `model-0000${index + 1}-of-00002.safetensors`;
      const tensors = part.map((name) => ({
        name,
        shape: whole.tensors.get(name)?.shape ?? [],
        data: () => whole.read(name),
      }));
      await writeSafetensors(join(blobs, `blob${index}`), tensors);
      await symlink(join(blobs, `blob${index}`), join(own, shard));
      for (const name of part) map[name] = shard;
    }
    await writeFile(join(own, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));
    const model = await openModel(own);
    expect([...model.weights.names()].sort()).toEqual(names.sort());
    for (const name of names) expect(await model.weights.read(name)).toEqual(await whole.read(name));
    expect(model.weights.entry(names[0] ?? '')?.file.startsWith(blobs)).toBe(true);
    await model.close();
    await whole.close();
  });

  test('a folder that holds one GGUF file and no config', async () => {
    const own = await mkdtemp(join(folder, 'gguf-'));
    await cp(join(shared, 'golden-extra/gguf/models/llama-q8_0.gguf'), join(own, 'tiny.gguf'));
    const model = await openModel(own);
    expect({ name: model.name, format: model.format }).toEqual({ name: 'tiny', format: 'gguf' });
    await model.close();
  });
});

describe('refusing', () => {
  test('what is missing, each by its own name', async () => {
    const noWeights = await llamaWithout('model.safetensors');
    const noTokenizer = await llamaWithout('tokenizer.json');
    const noConfig = await llamaWithout('config.json');
    expect([
      await refusal(noWeights),
      await refusal(noTokenizer),
      await refusal(noConfig),
      await refusal(join(folder, 'nowhere')),
    ]).toEqual([
      { code: 'model.no-weights', path: noWeights },
      { code: 'model.no-tokenizer', path: noTokenizer },
      { code: 'file.missing', path: join(noConfig, 'config.json') },
      { code: 'file.missing', path: join(folder, 'nowhere') },
    ]);
  });

  test('pickles, by name, and never opened', async () => {
    const own = await llamaWithout('model.safetensors');
    await writeFile(join(own, 'pytorch_model.bin'), 'any');
    expect(await refusal(own)).toEqual({
      code: 'checkpoint.type',
      path: join(own, 'pytorch_model.bin'),
      name: 'pytorch_model.bin',
      type: 'pickle',
    });
    expect(await refusal(join(shared, 'data/hostile/models/pickle-torch-zip'))).toMatchObject({
      code: 'checkpoint.type',
    });
    expect(await refusal(join(shared, 'data/hostile/models/pickle-named-safetensors'))).toMatchObject({
      code: 'checkpoint.corrupt',
    });
  });

  test('a config that is not one', async () => {
    const codes: unknown[] = [];
    for (const text of ['', '<html></html>', '[]', '{"hidden_size": NaN}']) {
      const own = await llamaWithout();
      await writeFile(join(own, 'config.json'), text);
      codes.push(((await refusal(own)) as { code: string }).code);
    }
    expect(codes).toEqual(['checkpoint.corrupt', 'checkpoint.corrupt', 'checkpoint.corrupt', 'checkpoint.corrupt']);
  });

  test('prototype keys of a config mean nothing', async () => {
    const own = await llamaWithout();
    await writeFile(join(own, 'config.json'), '{"model_type":"llama","__proto__":{"polluted":"yes"}}');
    const model = await openModel(own);
    expect({ config: Object.assign({}, model.config), polluted: Reflect.get({}, 'polluted') as unknown }).toEqual({
      config: { model_type: 'llama' },
      polluted: undefined,
    });
    await model.close();
  });

  test('shards outside the folder, missing shards, tensors that a shard lacks', async () => {
    const cases = {
      '../outside.safetensors': 'checkpoint.corrupt',
      '/etc/hostname': 'checkpoint.corrupt',
      '\\\\server.invalid\\share\\w.safetensors': 'checkpoint.corrupt',
      'C:w.safetensors': 'checkpoint.corrupt',
      'pytorch_model-00001-of-00002.bin': 'checkpoint.corrupt',
      'model-00001-of-99999.safetensors': 'file.missing',
      'part.safetensors': 'model.weight-missing',
    };
    const found: Record<string, unknown> = {};
    for (const shard of Object.keys(cases)) {
      const own = await llamaWithout('model.safetensors');
      await writeSafetensors(join(own, 'part.safetensors'), [{ name: 'b', shape: [1], data: new Float32Array(1) }]);
      await writeFile(join(own, 'model.safetensors.index.json'), JSON.stringify({ weight_map: { a: shard } }));
      found[shard] = ((await refusal(own)) as { code: string }).code;
    }
    expect(found).toEqual(cases);
    expect(await refusal(join(shared, 'data/hostile/models/shard-traversal'))).toMatchObject({
      code: 'checkpoint.corrupt',
    });
  });

  test('every hostile model folder, within two seconds', async () => {
    const hostile = join(shared, 'data/hostile/models');
    for (const name of await readdir(hostile)) {
      const started = performance.now();
      expect(await refusal(join(hostile, name)), name).not.toBe('accepted');
      expect(performance.now() - started, name).toBeLessThan(2000);
    }
  });
});

describe('the tokenizer goes along', () => {
  const texts = ['Café 東京 😀  two  spaces\n\ttab', '<|im_start|>user\n1234<|im_end|>'];

  test.each(['golden/models/smollm', 'models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf'])(
    'from %s',
    async (path) => {
      const base = await openModel(join(shared, path));
      const destination = join(folder, `copy-${base.name}`);
      await mkdir(destination);
      const written = await copyTokenizerFiles(base, destination);
      const { tokenizer, chatTemplate } = await loadTokenizer(destination);
      expect((await readdir(destination)).sort()).toEqual(written.toSorted());
      expect(chatTemplate).toBe(base.chatTemplate);
      expect(chatTemplate).toContain('<|im_start|>');
      expect(tokenizer.special).toEqual(base.tokenizer.special);
      expect(await tokenizer.encodeBatch(texts)).toEqual(await base.tokenizer.encodeBatch(texts));
      await base.close();
    },
  );
});
