/** Exports: twenty rows answered again from the files just written, or nothing written at all. */
import { appendFile, cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { openSafetensors } from '../../../engine/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../../engine/checkpoint/write-safetensors.ts';
import type { Json } from '../../../engine/spec/json.ts';
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
} from '../../support/tiny-runs.ts';

const path = useFolder();
const quiet = (): void => undefined;

function exported(run: string, out: string, model = 'bert') {
  const request = { run: path(run), modelPath: goldenModel(model), to: 'peft', out: path(out) } as const;
  return handlers.export(request, quiet, new Panel());
}

async function json(...names: string[]): Promise<Readonly<Record<string, Json>>> {
  return JSON.parse(await readFile(path(...names), 'utf8')) as Readonly<Record<string, Json>>;
}

const lora = { name: 'lora', r: 2, alpha: 4, dropout: 0.1, targetModules: ['query', 'value'] };

beforeAll(async () => {
  await writeRows(path('train.csv'), textRows(32, 1));
  await writeRows(path('test.csv'), textRows(23, 77));
  await writeChats(path('train.jsonl'), 8);
  await writeChats(path('test.jsonl'), 3);
  await trainTiny({ folder: path(), out: path('lora'), recipe: textRecipe({ method: lora }) });
});

describe('a finished run', () => {
  const sources: readonly [string, 'text' | 'chat', string, readonly string[]][] = [
    ['lora', 'text', 'bert', ['adapter_config.json', 'adapter_model.safetensors']],
    ['full', 'text', 'bert', ['config.json', 'model.safetensors']],
    ['linear-probe', 'text', 'bert', ['config.json', 'model.safetensors']],
    ['full', 'chat', 'llama', ['config.json', 'model.safetensors']],
  ];
  test.each(sources)('%s for %s on %s: every file, and all rows match', async (...[method, task, model, files]) => {
    const name = task === 'chat' ? `${method} chat` : method;
    const config = method === 'lora' ? lora : { name: method };
    const recipe = task === 'chat' ? chatRecipe({ method: config }) : textRecipe({ method: config });
    if (name !== 'lora') await trainTiny({ folder: path(), out: path(name), recipe });
    const report = await exported(name, `${name} out`, model);
    const rows = task === 'chat' ? 3 : 20;
    const written = [
      ...files,
      'README.md',
      'head.json',
      'labels.json',
      'recipe.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ];
    const extra = task === 'chat' ? ['chat_template.jinja'] : [];
    expect({ ...report, files: report.files.map((file) => file.name).toSorted() }).toEqual({
      folder: path(`${name} out`),
      files: [...written, ...extra].toSorted(),
      replay: { matched: rows, of: rows, largestDifference: expect.any(Number) as number },
    });
    expect(report.replay.largestDifference).toBeLessThan(1e-5);
    expect(await filesBelow(path(`${name} out`))).toEqual(await filesBelow(path(name, 'adapter')));
  });

  test('LoRA’s folder is what PEFT reads, without a path of this computer', async () => {
    await exported('lora', 'peft');
    expect(await json('peft/adapter_config.json')).toMatchObject({
      base_model_name_or_path: 'bert',
      peft_type: 'LORA',
      task_type: 'SEQ_CLS',
      r: 2,
      lora_alpha: 4,
      lora_dropout: 0.1,
      target_modules: ['query', 'value'],
      modules_to_save: ['classifier', 'score'],
      inference_mode: true,
    });
    const file = await openSafetensors(path('peft/adapter_model.safetensors'));
    const shapes = Object.fromEntries([...file.tensors].map(([name, { shape }]) => [name, shape]));
    await file.close();
    const parts = [0, 1].flatMap((layer) =>
      ['query', 'value'].flatMap((part) => {
        const module = `base_model.model.bert.encoder.layer.${String(layer)}.attention.self.${part}`;
        return [
          [`${module}.lora_A.weight`, [2, 32]],
          [`${module}.lora_B.weight`, [32, 2]],
        ];
      }),
    );
    expect(shapes).toEqual({
      ...Object.fromEntries(parts),
      'base_model.model.classifier.weight': [3, 32],
      'base_model.model.classifier.bias': [3],
    });
    for (const file of ['README.md', 'recipe.json']) {
      expect(await readFile(path('peft', file), 'utf8')).not.toContain(path());
    }
  });

  test('a whole model names its class and labels as Transformers does', async () => {
    expect(await json('full/adapter/config.json')).toMatchObject({
      architectures: ['BertForSequenceClassification'],
      model_type: 'bert',
      id2label: { '0': 'calm', '1': 'glad', '2': 'sad' },
      label2id: { calm: 0, glad: 1, sad: 2 },
      problem_type: 'single_label_classification',
    });
  });
});

describe('what is wrong is told, and nothing is left behind', () => {
  const weights = 'adapter/adapter_model.safetensors';

  /** A copy of the run whose adapter's tensors went through `change`; null leaves one out. */
  async function damaged(name: string, change: (tensor: string, values: Float32Array) => Float32Array | null) {
    await cp(path('lora'), path(name), { recursive: true });
    const file = await openSafetensors(path('lora', weights));
    const tensors = await Promise.all(
      [...file.tensors].map(async ([tensor, { shape }]) => {
        const data = change(tensor, await file.read(tensor));
        return data === null ? [] : [{ name: tensor, shape, data }];
      }),
    );
    await file.close();
    await writeSafetensors(path(name, weights), tensors.flat());
  }

  const missing = 'base_model.model.classifier.bias';
  beforeAll(async () => {
    await damaged('turned', (name, values) =>
      name.endsWith('classifier.weight') ? values.map((one) => -one) : values,
    );
    await damaged('shifted', (name, values) =>
      name.endsWith('classifier.bias') ? values.map((one) => one + 0.5) : values,
    );
    await damaged('nothing', (name, values) => (name.endsWith('classifier.weight') ? values.map(() => NaN) : values));
    await damaged('incomplete', (name, values) => (name === missing ? null : values));
    await cp(path('lora'), path('torn'), { recursive: true });
    await appendFile(path('torn', weights), 'x');
    await mkdir(path('no adapter'));
  });

  test.each([
    ['answers turned round', 'turned', { code: 'export.mismatch', data: { of: 20 } }],
    ['logits shifted, answers the same', 'shifted', { code: 'export.mismatch', data: { matched: 0, of: 20, row: 1 } }],
    ['no numbers', 'nothing', { code: 'export.mismatch', data: { matched: 0, of: 20, row: 1 } }],
    ['a tensor left out', 'incomplete', { code: 'adapter.incomplete', data: { name: missing } }],
    ['a torn file', 'torn', { code: 'checkpoint.corrupt' }],
    ['a run without an adapter', 'no adapter', { code: 'file.missing' }],
    ['no run at all', 'nowhere', { code: 'file.missing' }],
  ])('%s', async (_title, run, error) => {
    await expect(exported(run, `${run} out`)).rejects.toMatchObject(error);
    expect((await readdir(path())).filter((name) => name.startsWith(`${run} out`))).toEqual([]);
  });

  test('an adapter of another model', async () => {
    await expect(exported('lora', 'other out', 'llama')).rejects.toMatchObject({ name: 'StudioError' });
    expect(existsSync(path('other out.part'))).toBe(false);
  });

  test('a folder with something in it is not written to; an empty one is', async () => {
    await mkdir(path('taken'));
    await writeFile(path('taken', 'letter.txt'), 'mine');
    await expect(exported('lora', 'taken')).rejects.toMatchObject({
      code: 'file.exists',
      data: { path: path('taken') },
    });
    expect(await readFile(path('taken', 'letter.txt'), 'utf8')).toBe('mine');
    await mkdir(path('empty'));
    expect((await exported('lora', 'empty')).replay).toMatchObject({ matched: 20, of: 20 });
  });

  test('a cancel while it replays', async () => {
    const panel = new Panel();
    const request = { run: path('lora'), modelPath: goldenModel('bert'), to: 'peft', out: path('cancelled') } as const;
    panel.abort();
    await expect(handlers.export(request, quiet, panel)).rejects.toMatchObject({ name: 'AbortError' });
    expect((await readdir(path())).filter((name) => name.startsWith('cancelled'))).toEqual([]);
  });
});
