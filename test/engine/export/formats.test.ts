/** Every format that a run's result can be taken along in: written, read again by the loaders of strangers, and answering as the run did. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writtenTypes } from '../../../engine/checkpoint/gguf-families.ts';
import { openGguf } from '../../../engine/checkpoint/gguf.ts';
import { openModel } from '../../../engine/checkpoint/model-folder.ts';
import { methodOf } from '../../../engine/methods/registry.ts';
import {
  exportFormats,
  ggufModelTypes,
  reachableFormats,
  whyUnreachable,
  type ExportFormat,
  type GgufQuantisation,
} from '../../../engine/spec/exports.ts';
import { methodPreset, supportedMethods } from '../../../engine/spec/methods/index.ts';
import { goldenModel, Panel, useFolder } from '../../support/engine-fixtures.ts';
import {
  chatRecipe,
  filesBelow,
  handlers,
  textRecipe,
  textRows,
  trainTiny,
  writeChats,
  writeRows,
  type Fields,
} from '../../support/tiny-runs.ts';

const path = useFolder();

interface Asked {
  readonly run: string;
  readonly to: ExportFormat;
  readonly model: string;
  readonly quantisation?: GgufQuantisation;
  readonly shardBytes?: number;
}

function exported({ run, model, ...asked }: Asked) {
  const out = path(`${run} ${asked.to} ${asked.quantisation ?? ''}`);
  const request = { run: path(run), modelPath: goldenModel(model), out, ...asked };
  return handlers.export(request, () => undefined, new Panel());
}

const encoderLora: Fields = { name: 'lora', r: 2, alpha: 4, dropout: 0, targetModules: ['query', 'value'] };
const decoderLora: Fields = { name: 'lora', r: 2, alpha: 4, dropout: 0, targetModules: ['q_proj', 'v_proj'] };

const runs: Readonly<Record<string, { readonly model: string; readonly recipe: (model: string) => Fields }>> = {
  'lora text': { model: 'bert', recipe: () => textRecipe({ method: encoderLora }) },
  'probe text': { model: 'bert', recipe: () => textRecipe({ method: { name: 'linear-probe' } }) },
  'full text': { model: 'bert', recipe: () => textRecipe({ method: { name: 'full' } }) },
  'prompt text': { model: 'bert', recipe: () => textRecipe({ method: { name: 'prompt', virtualTokens: 4 } }) },
  'lora chat': { model: 'llama', recipe: (model) => chatRecipe({ method: decoderLora, model }) },
  'probe chat': { model: 'llama', recipe: (model) => chatRecipe({ method: { name: 'linear-probe' }, model }) },
  'full tied': { model: 'smollm', recipe: (model) => chatRecipe({ method: { name: 'full' }, model }) },
};

beforeAll(async () => {
  await writeRows(path('train.csv'), textRows(32, 1));
  await writeRows(path('test.csv'), textRows(23, 77));
  await writeChats(path('train.jsonl'), 8);
  await writeChats(path('test.jsonl'), 3);
  for (const [name, { model, recipe }] of Object.entries(runs))
    await trainTiny({ folder: path(), out: path(name), recipe: recipe(goldenModel(model)) });
}, 120_000);

describe('the whole model as a Hugging Face folder', () => {
  test.each(['lora text', 'probe text', 'full text', 'lora chat', 'probe chat', 'full tied'])('%s', async (run) => {
    const { model } = runs[run] ?? { model: '' };
    const report = await exported({ run, to: 'model', model });
    const rows = run.endsWith('text') ? 20 : 3;
    expect(report.replay).toMatchObject({ matched: rows, of: rows });
    expect(report.replay.largestDifference).toBeLessThan(1e-4);
    const names = report.files.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['config.json', 'model.safetensors', 'README.md', 'tokenizer.json']));
    // A stranger opens it without knowing of the run.
    const opened = await openModel(report.folder);
    const config = opened.config as { architectures: string[]; id2label?: object };
    expect(config.architectures).toEqual([run.endsWith('text') ? 'BertForSequenceClassification' : 'LlamaForCausalLM']);
    if (run.endsWith('text')) expect(config.id2label).toEqual({ '0': 'calm', '1': 'glad', '2': 'sad' });
    expect([...opened.weights.names()].some((name) => name.includes('lora'))).toBe(false);
    await opened.close();
  });

  test('merged, a corrected weight is the base’s and the correction', async () => {
    const report = await exported({ run: 'lora text', to: 'model', model: 'bert', quantisation: 'F16' });
    const [merged, base] = await Promise.all([openModel(report.folder), openModel(goldenModel('bert'))]);
    const name = 'bert.encoder.layer.0.attention.self.query.weight';
    const own = [...base.weights.names()].find((stored) => name.endsWith(stored)) ?? name;
    const [ours, theirs] = await Promise.all([merged.weights.read(name), base.weights.read(own)]);
    expect(ours).not.toEqual(theirs);
    const untouched = 'bert.encoder.layer.0.attention.self.key.weight';
    const stored = [...base.weights.names()].find((key) => untouched.endsWith(key)) ?? untouched;
    expect(await merged.weights.read(untouched)).toEqual(await base.weights.read(stored));
    await merged.close();
    await base.close();
  });

  test('in shards above a limit, with an index that names the file of each weight', async () => {
    const whole = await exported({ run: 'full text', to: 'model', model: 'bert', quantisation: 'F32' });
    const limit = 20_000;
    const { folder, replay, files } = await exported({
      run: 'full text',
      to: 'model',
      model: 'bert',
      shardBytes: limit,
      quantisation: 'Q8_0',
    });
    expect(replay).toMatchObject({ matched: 20, of: 20 });
    const shards = files.filter(({ name }) => /^model-\d{5}-of-\d{5}\.safetensors$/.test(name));
    expect(shards.length).toBeGreaterThan(2);
    expect(files.some(({ name }) => name === 'model.safetensors')).toBe(false);
    const index = JSON.parse(await readFile(join(folder, 'model.safetensors.index.json'), 'utf8')) as {
      metadata: { total_size: number };
      weight_map: Record<string, string>;
    };
    expect(new Set(Object.values(index.weight_map))).toEqual(new Set(shards.map(({ name }) => name)));
    const [one, many] = await Promise.all([openModel(whole.folder), openModel(folder)]);
    expect([...many.weights.names()].toSorted()).toEqual([...one.weights.names()].toSorted());
    expect(index.metadata.total_size).toBe(one.weights.bytes);
    for (const name of one.weights.names()) expect(await many.weights.read(name)).toEqual(await one.weights.read(name));
    await one.close();
    await many.close();
  });
});

describe('GGUF', () => {
  test.each([
    ['lora chat', 'F16'],
    ['lora chat', 'F32'],
    ['probe chat', 'F16'],
    ['full tied', 'F16'],
    ['lora chat', 'Q8_0'],
    ['lora chat', 'Q4_0'],
  ] as const)('%s in %s', async (run, quantisation) => {
    const { model } = runs[run] ?? { model: '' };
    const { folder, replay, files } = await exported({ run, to: 'gguf', model, quantisation });
    expect(replay.of).toBe(3);
    if (quantisation === 'F32') expect(replay.matched).toBe(3);
    const file = files.find(({ name }) => name.endsWith(`.${quantisation}.gguf`))?.name ?? '';
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['Modelfile', 'README.md', file]));
    expect(await readFile(join(folder, 'Modelfile'), 'utf8')).toContain(`FROM ./${file}`);
    const opened = await openModel(join(folder, file));
    expect(opened.chatTemplate).not.toBeNull();
    await opened.close();
  });

  test('the LoRA alone answers on its base as the run did', async () => {
    const { folder, replay, files } = await exported({ run: 'lora chat', to: 'gguf-lora', model: 'llama' });
    expect(replay).toMatchObject({ matched: 3, of: 3 });
    const name = files.find((file) => file.name.endsWith('.lora.gguf'))?.name ?? '';
    const file = await openGguf(join(folder, name));
    expect(file.keys.get('adapter.type')).toBe('lora');
    expect(file.tensors.size).toBe(8);
    await file.close();
    const text = await readFile(join(folder, 'Modelfile'), 'utf8');
    expect(text).toContain(`ADAPTER ./${name}`);
    expect(text).toMatch(/^FROM \.\/.+\.gguf$/m);
  });
});

describe('out of reach', () => {
  test.each([
    ['prompt text', 'model', 'bert', 'export.method', 'prompt'],
    ['prompt text', 'gguf', 'bert', 'export.method', 'prompt'],
    ['lora text', 'gguf', 'bert', 'export.task', 'text-classification'],
    ['full tied', 'gguf-lora', 'smollm', 'export.method', 'full'],
  ] as const)('%s as %s is refused, and nothing is left behind', async (...[run, to, model, why, what]) => {
    await expect(exported({ run, to, model })).rejects.toMatchObject({
      code: 'export.unreachable',
      data: { format: to, why, what, possible: expect.stringContaining('peft') as string },
    });
    expect(await filesBelow(path(`${run} ${to} `))).toEqual([]);
  });

  test('a family that GGUF does not know is named', () => {
    const about = { method: 'lora', task: 'chat', architecture: 'opt' } as const;
    expect(whyUnreachable('gguf', about)).toBe('export.family');
    expect(reachableFormats(about)).not.toContain('gguf-lora');
  });
});

test('what methods declare is what they are', () => {
  const context = { task: 'chat', architecture: 'llama', parameters: null } as const;
  for (const name of supportedMethods) {
    const method = methodOf(methodPreset(name, 'balanced', context));
    const reached = reachableFormats({ method: name, task: null, architecture: null });
    expect(reached.includes('peft'), name).toBe(method.savedAs !== 'adapterhub');
    expect(reached.includes('adapterhub'), name).toBe(method.savedAs === 'adapterhub');
    const whole = method.savedAs === 'model' || method.savedAs === 'head' || method.merging !== null;
    expect(reached.includes('model'), name).toBe(whole);
    expect(reached.includes('gguf'), name).toBe(whole);
    expect(reached.includes('onnx'), name).toBe(method.savedAs !== 'prompt');
    expect(reached.includes('gguf-lora'), name).toBe(method.lowRank !== undefined);
  }
  expect([...ggufModelTypes].toSorted()).toEqual([...writtenTypes].toSorted());
  expect(exportFormats.length).toBeGreaterThan(0);
});
