/** Adapters that were trained elsewhere: taken in with every number they hold, worked on like our own, refused with the reason. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openSafetensors } from '../../../engine/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../../engine/checkpoint/write-safetensors.ts';
import { bare } from '../../../engine/export/foreign-tensors.ts';
import { openTuned } from '../../../engine/export/open-adapter.ts';
import type { ImportRequest } from '../../../engine/spec/commands.ts';
import type { Json } from '../../../engine/spec/json.ts';
import type { TaskName } from '../../../engine/spec/tasks.ts';
import { refuseNothing } from '../../../engine/train/prepare.ts';
import { floatData } from '../../../engine/train/state.ts';
import { goldenModel, loadMachine, Panel, shared, useFolder } from '../../support/engine-fixtures.ts';
import { handlers, textRecipe, textRows, trainTiny, writeRows } from '../../support/tiny-runs.ts';

const path = useFolder();
const cases = join(shared, 'golden/cases');
const hostile = join(shared, 'data/hostile');
const golden = (name: string): string => join(cases, name, 'adapter');

function imported(asked: Partial<ImportRequest> & Pick<ImportRequest, 'folder' | 'modelPath' | 'out'>) {
  return handlers.importAdapter({ task: null, labels: null, ...asked }, () => undefined, new Panel());
}

function modelOf(name: string): string {
  const told = JSON.parse(readFileSync(join(cases, name, 'case.json'), 'utf8')) as { readonly model: string };
  return goldenModel(told.model.split('/').at(-1) ?? '');
}

/** Where PEFT's task type leaves a choice. */
function taskOf(name: string): TaskName | null {
  return name.includes('-mc-') ? 'multiple-choice' : name.includes('-seq2seq-') ? 'translation' : null;
}

/** Layers of heads that are made at random, that PEFT saves only where it is told to, and that no base model here has. */
const unsaved = [
  { cases: /^bart-seqcls/, layer: 'classification_head' },
  { cases: /^deberta-v3-(?:seqcls|mc)/, layer: 'pooler' },
  { cases: /^electra-mc/, layer: 'sequence_summary' },
  { cases: /^roberta-mc/, layer: 'pooler' },
] as const;

function lostLayer(name: string, keys: readonly string[]): string | null {
  const layer = unsaved.find((one) => one.cases.test(name))?.layer;
  return layer === undefined || keys.some((key) => key.includes(`${layer}.`) && !key.includes('lora_')) ? null : layer;
}

const adapters = readdirSync(cases).filter((name) => existsSync(join(golden(name), 'adapter_config.json')));

describe('every golden adapter of PEFT', () => {
  test.each(adapters)('%s', async (name) => {
    const out = path('golden', name);
    const modelPath = modelOf(name);
    const file = await openSafetensors(join(golden(name), 'adapter_model.safetensors'));
    const stored = new Map([...file.tensors.keys()].map((key) => [bare(key), key]));
    const taken = imported({ folder: golden(name), modelPath, out, task: taskOf(name) });
    const lost = lostLayer(name, [...stored.keys()]);
    if (lost !== null) {
      await expect(taken).rejects.toMatchObject({
        code: 'adapter.incomplete',
        data: { name: expect.stringContaining(lost) as string },
      });
      expect(existsSync(out)).toBe(false);
      await file.close();
      return;
    }
    await taken;
    const tuned = await openTuned(modelPath, out);
    const { setup, weights } = tuned;
    expect(setup.trainable.length).toBeGreaterThan(0);
    for (const own of setup.trainable) {
      const key = setup.method?.peft?.key(own, setup.target, setup.methodConfig ?? tuned.recipe.method) ?? '';
      const found = file.tensors.has(key) ? key : stored.get(bare(key));
      expect(floatData(weights.fed.get(own)), own).toEqual(await file.read(found ?? key));
    }
    await file.close();
    await tuned.base.close();
  });
});

const hub = join(shared, 'golden-extra/adapters');
const hubAdapters = readdirSync(hub).filter((name) => existsSync(join(hub, name, 'adapter')));

describe('every golden adapter of AdapterHub', () => {
  test.each(hubAdapters)('%s', async (name) => {
    const modelPath = join(shared, 'golden-extra/base', name.split('-')[0] ?? '');
    const out = path('hub', name);
    const task = name.includes('s2s') ? 'translation' : null;
    const report = await imported({ folder: join(hub, name, 'adapter'), modelPath, out, task });
    expect(report).toMatchObject({ method: 'adapter', folder: out });
    const tuned = await openTuned(modelPath, out);
    expect(tuned.setup.added.size).toBeGreaterThan(0);
    await tuned.base.close();
  });
});

interface Changes {
  readonly config?: (raw: Readonly<Record<string, Json>>) => Readonly<Record<string, Json>>;
  readonly key?: (key: string) => string | null;
  readonly values?: (data: Float32Array) => Float32Array;
  readonly dtype?: 'F16';
  readonly more?: readonly string[];
}

/** A golden adapter as another program might have written it. */
async function written(to: string, from: string, { config, key, values, dtype, more = [] }: Changes): Promise<string> {
  const folder = path(to);
  await mkdir(folder, { recursive: true });
  const raw = JSON.parse(await readFile(join(golden(from), 'adapter_config.json'), 'utf8')) as Record<string, Json>;
  await writeFile(join(folder, 'adapter_config.json'), JSON.stringify(config?.(raw) ?? raw));
  const file = await openSafetensors(join(golden(from), 'adapter_model.safetensors'));
  const tensors = await Promise.all(
    [...file.tensors].map(async ([name, { shape }]) => {
      const other = key ? key(name) : name;
      const own = await file.read(name);
      const data = values ? values(own) : own;
      return other === null ? [] : [{ name: other, shape, data, ...(dtype ? { dtype } : {}) }];
    }),
  );
  await file.close();
  const extra = more.map((name) => ({ name, shape: [2], data: new Float32Array(2) }));
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), [...tensors.flat(), ...extra]);
  return folder;
}

const bert = goldenModel('bert');

describe('spelt otherwise', () => {
  test.each<[string, string, Changes]>([
    ['the adapter’s name in the keys', 'bert-seqcls-lora', { key: (key) => key.replace(/(lora_[AB])/, '$1.default') }],
    [
      'wrapped modules',
      'bert-seqcls-lora',
      { key: (key) => key.replace(/(classifier)/, '$1.modules_to_save.default') },
    ],
    ['no prefix', 'bert-seqcls-lora', { key: (key) => key.replace('base_model.model.', '') }],
    ['no layer under the bias', 'bert-seqcls-lora-bias-all', { key: (key) => key.replace('.base_layer', '') }],
    [
      'a magnitude as a weight',
      'bert-seqcls-lora-dora',
      { key: (key) => key.replace(/(magnitude_vector)$/, '$1.weight') },
    ],
    ['keys that nothing knows', 'bert-seqcls-lora', { more: ['base_model.model.something.else'] }],
    ['half precision', 'bert-seqcls-lora', { dtype: 'F16' }],
  ])('%s', async (title, from, changes) => {
    const folder = await written(title, from, changes);
    const report = await imported({ folder, modelPath: bert, out: path(`${title} in`) });
    // What PEFT copies along with `bias: all`.
    const junk = /\.(?:modules_to_save|original_module)\.bias$/;
    expect(report.ignored.filter((key) => !junk.test(key))).toEqual(changes.more ?? []);
    const tuned = await openTuned(bert, path(`${title} in`));
    const file = await openSafetensors(join(golden(from), 'adapter_model.safetensors'));
    const classifier = await file.read('base_model.model.classifier.weight');
    const found = floatData(tuned.weights.fed.get('classifier.weight'));
    const tolerance = changes.dtype ? 1e-3 : 0;
    found.forEach((value, at) => expect(Math.abs(value - (classifier[at] ?? NaN))).toBeLessThanOrEqual(tolerance));
    await file.close();
    await tuned.base.close();
  });
});

test('one of PiSSA, which PEFT puts on a base without its main directions, comes in as plain LoRA on the whole base', async () => {
  const from = await written('pissa', 'bert-seqcls-lora', {
    config: (raw) => ({ ...raw, init_lora_weights: 'pissa' }),
  });
  await imported({ folder: from, modelPath: bert, out: path('pissa in') });
  const tuned = await openTuned(bert, path('pissa in'));
  const module = 'bert.encoder.layer.0.attention.self.query';
  const size = 32;
  const file = await openSafetensors(join(from, 'adapter_model.safetensors'));
  const theirs = (side: string) => file.read(`base_model.model.${module}.lora_${side}.weight`);
  const ours = (side: string) => floatData(tuned.weights.fed.get(`${module}.lora_${side}.weight`));
  const weight = await tuned.base.weights.read(`${module}.weight`);
  // Both scale by α / r = 2: what ours has less than theirs are the main directions of the weight.
  const whole = product(await theirs('B'), await theirs('A'), size);
  const changed = product(ours('B'), ours('A'), size);
  const main = whole.map((value, at) => 2 * (value - (changed[at] ?? NaN)));
  const rest = Float32Array.from(weight, (value, at) => value - (main[at] ?? NaN));
  expect(Math.max(...main.map(Math.abs))).toBeGreaterThan(0.01);
  // Nothing of the rest lies in them.
  expect(Math.max(...product(rest, transposed(main, size), size).map(Math.abs))).toBeLessThan(1e-4);
  expect(Math.max(...product(transposed(rest, size), main, size).map(Math.abs))).toBeLessThan(1e-4);
  await file.close();
  await tuned.base.close();
});

/** [size, inner] · [inner, size]. */
function product(left: Float32Array, right: Float32Array, size: number): Float32Array {
  const inner = left.length / size;
  return Float32Array.from({ length: size * size }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    const terms = Array.from(
      { length: inner },
      (_, k) => (left[row * inner + k] ?? NaN) * (right[k * size + column] ?? NaN),
    );
    return terms.reduce((sum, term) => sum + term, 0);
  });
}

function transposed(matrix: Float32Array, size: number): Float32Array {
  return matrix.map((_, at) => matrix[(at % size) * size + Math.floor(at / size)] ?? NaN);
}

describe('an imported adapter', () => {
  const labels = ['calm', 'glad', 'sad'];
  beforeAll(async () => {
    await writeRows(path('train.csv'), textRows(24, 1));
    await writeRows(path('test.csv'), textRows(12, 77));
    await imported({ folder: golden('bert-seqcls-lora'), modelPath: bert, out: path('own'), labels });
  });

  test('has its answers’ names, no path of this computer in its card, and is evaluated', async () => {
    expect(JSON.parse(await readFile(path('own/labels.json'), 'utf8'))).toEqual(labels);
    const card = await readFile(path('own/README.md'), 'utf8');
    expect(card).toContain('Trained elsewhere on models/bert');
    expect(card).not.toContain(path());
    const request = { modelPath: bert, adapter: path('own'), data: path('test.csv'), columns: null };
    const report = await handlers.evaluate(request, () => undefined, new Panel());
    expect(report.predictions.length).toBe(12);
  });

  test('is trained further: the first step starts from its values', async () => {
    const method = { name: 'lora', r: 4, alpha: 8, dropout: 0, targetModules: ['query', 'value'] };
    const still = { maxSteps: 1, learningRate: 1e-12, epochs: 1 };
    const recipe = { ...textRecipe({ method, training: still }), start: 'own' };
    await trainTiny({ folder: path(), out: path('further'), recipe });
    const [before, after] = await Promise.all([openTuned(bert, path('own')), openTuned(bert, path('further/adapter'))]);
    for (const name of before.setup.trainable) {
      const own = floatData(before.weights.fed.get(name));
      const other = floatData(after.weights.fed.get(name));
      own.forEach((value, at) => expect(Math.abs(value - (other[at] ?? NaN)), name).toBeLessThan(1e-9));
    }
    await before.base.close();
    await after.base.close();
  });

  test('does not start a method of other settings', async () => {
    const method = { name: 'lora', r: 4, alpha: 8, dropout: 0, targetModules: ['query', 'key'] };
    const recipe = { ...textRecipe({ method }), start: 'own' };
    await expect(trainTiny({ folder: path(), out: path('not further'), recipe })).rejects.toMatchObject({
      code: 'adapter.start-setting',
      data: { setting: 'method.targetModules', value: '["query","key"]' },
    });
    expect(existsSync(path('not further'))).toBe(false);
  });
});

describe('refused, each by what is wrong, with nothing left behind', () => {
  const refuse = async (folder: string, error: object, more: Partial<ImportRequest> = {}) => {
    const out = path('refused');
    await expect(imported({ folder, modelPath: bert, out, ...more })).rejects.toMatchObject(error);
    expect(readdirSync(path()).filter((name) => name.startsWith('refused'))).toEqual([]);
  };

  test.each([
    ['adapter-traversal', { code: 'adapter.base-name', data: { name: '../../../../secret' } }],
    ['adapter-unc-path', { code: 'adapter.base-name' }],
    ['adapter-other-kind', { code: 'model.config', data: { field: 'peft_type' } }],
    ['adapter-rank-negative', { code: 'model.config', data: { field: 'r', value: '-8' } }],
    ['adapter-rank-1e9', { code: 'model.config', data: { field: 'r', value: '1000000000' } }],
  ])('%s', (name, error) => refuse(join(hostile, 'adapters', name), error));

  test.each(['/etc', 'http://example.invalid/model', 'C:\\models\\bert'])(
    'a base called %s is shown and not opened',
    async (name) => {
      const folder = await written(`named ${String(name.length)}`, 'bert-seqcls-lora', {
        config: (raw) => ({ ...raw, base_model_name_or_path: name }),
      });
      const report = await imported({ folder, modelPath: bert, out: path(`named in ${String(name.length)}`) });
      expect(report.namedBase).toBe(name);
    },
  );

  test.each(['/\\server\\share', '\\/server/share', '//server/share', 'a/../../b'])(
    'a base called %s, which would ask another machine or climb out',
    async (name) => {
      const folder = await written('reaching', 'bert-seqcls-lora', {
        config: (raw) => ({ ...raw, base_model_name_or_path: name }),
      });
      await refuse(folder, { code: 'adapter.base-name', data: { name } });
    },
  );

  test.each(['constructor', '__proto__', 'toString'])('a kind called %s, which JavaScript knows', async (name) => {
    const kind = await written('kind', 'bert-seqcls-lora', { config: (raw) => ({ ...raw, peft_type: name }) });
    await refuse(kind, { code: 'model.config', data: { field: 'peft_type', value: JSON.stringify(name) } });
    const task = await written('task', 'bert-seqcls-lora', { config: (raw) => ({ ...raw, task_type: name }) });
    await refuse(task, { code: 'adapter.task' });
  });

  test('a weight that is no number', async () => {
    const folder = await written('no number', 'bert-seqcls-lora', {
      values: (data) => data.map((value, at) => (at === 3 ? NaN : value)),
    });
    await refuse(folder, {
      code: 'checkpoint.corrupt',
      data: { reason: expect.stringContaining('its value 3 is NaN') as string },
    });
  });

  test('a pickle that calls something', () => refuse(join(hostile, 'models/pickle-adapter'), { name: 'StudioError' }));

  test('no tensor at all, and keys stripped', async () => {
    const empty = await written('empty', 'bert-seqcls-lora', { key: () => null });
    await refuse(empty, { code: 'adapter.empty', data: { tensors: 0 } });
    const stripped = await written('stripped', 'bert-seqcls-lora', {
      key: (key) =>
        key.includes('lora')
          ? key.replace(/^.*attention/, 'attention').replaceAll('.', '_') +
            String(key.length) +
            (/layer\.(\d)/.exec(key)?.[1] ?? '')
          : key,
    });
    await refuse(stripped, { code: 'adapter.empty', data: { tensors: 10 } });
  });

  test('a tensor left out', async () => {
    const folder = await written('cut', 'bert-seqcls-lora', {
      key: (key) => (key.includes('0.attention.self.query.lora_A') ? null : key),
    });
    await refuse(folder, {
      code: 'adapter.incomplete',
      data: { name: expect.stringContaining('query.lora_A') as string },
    });
  });

  test('modules that the base does not have', async () => {
    const folder = await written('nowhere', 'bert-seqcls-lora', {
      config: (raw) => ({ ...raw, target_modules: ['q_proj'] }),
    });
    await refuse(folder, { code: 'method.no-targets' });
  });

  describe('of another base', () => {
    const other = async (title: string, changes: Readonly<Record<string, Json>>): Promise<string> => {
      const folder = path(title);
      if (existsSync(folder)) return folder;
      await cp(bert, folder, { recursive: true });
      const config = JSON.parse(await readFile(join(bert, 'config.json'), 'utf8')) as Readonly<Record<string, Json>>;
      await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...changes }));
      return folder;
    };

    test('more layers than it', async () => {
      const modelPath = await other('one layer', { num_hidden_layers: 1 });
      await refuse(
        golden('bert-seqcls-lora'),
        { code: 'adapter.other-base', data: { what: 'layers', found: 2, expected: 1 } },
        { modelPath },
      );
    });

    test('fewer layers than it', async () => {
      const modelPath = await other('five layers', { num_hidden_layers: 5 });
      await refuse(
        golden('bert-seqcls-lora'),
        { code: 'adapter.other-base', data: { what: 'layers', found: 2, expected: 5 } },
        { modelPath },
      );
      await refuse(
        golden('bert-seqcls-ptuning-v2'),
        { code: 'adapter.other-base', data: { what: 'layers', found: 2, expected: 5 } },
        { modelPath },
      );
    });

    test('another hidden size', async () => {
      const modelPath = await other('wide', { hidden_size: 64 });
      await refuse(
        golden('bert-seqcls-lora'),
        { code: 'adapter.other-base', data: { what: 'hidden size', found: 32, expected: 64 } },
        { modelPath },
      );
      await refuse(
        golden('bert-seqcls-prompt'),
        { code: 'adapter.other-base', data: { what: 'hidden size', found: 32, expected: 64 } },
        { modelPath },
      );
    });

    test('another vocabulary', async () => {
      const modelPath = await other('many words', { vocab_size: 999 });
      await refuse(
        golden('bert-seqcls-lora-embedding'),
        { code: 'adapter.other-base', data: { what: 'vocabulary', expected: 999 } },
        { modelPath },
      );
    });
  });

  test('a method under which nothing would learn', async () => {
    const { base, setup } = await loadMachine({ model: bert, head: 'sequence-classification' });
    expect(() => {
      refuseNothing(setup);
    }).toThrow(expect.objectContaining({ code: 'method.nothing-learns' }) as Error);
    await base.close();
  });

  test('a task that its type does not tell, and one that it rules out', async () => {
    await refuse(
      golden('bart-seq2seq-lora'),
      { code: 'adapter.task', data: { type: 'SEQ_2_SEQ_LM' } },
      { modelPath: goldenModel('bart') },
    );
    await refuse(
      golden('bert-seqcls-lora'),
      { code: 'adapter.task', data: { legal: 'text-classification' } },
      { task: 'token-classification' },
    );
  });

  test('names for more answers than the head has', () =>
    refuse(
      golden('bert-seqcls-lora'),
      { code: 'recipe.field', data: { path: 'labels' } },
      { labels: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] },
    ));
});
