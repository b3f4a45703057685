/** Trains and exports with our command line, then has PyTorch, Transformers and PEFT load the folders and compare. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compareAdapterHub } from './adapterhub.ts';
import { compareGguf } from './gguf.ts';
import { compareMethods } from './methods.ts';
import { check, hasLlama, prepareAdapters, preparePython, quietPython, run } from './python.ts';
import { compareVariants } from './variants.ts';

const root = path.resolve(import.meta.dirname, '../..');
const shared = path.resolve(root, '../shared');
const work = path.join(root, '.cache/interop');
const chatModel = path.join(shared, 'models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf');

const families = [
  {
    task: 'text-classification',
    name: 'minilm',
    model: 'minilm-l6',
    base: path.join(root, 'engine/assets/minilm-l6'),
    set: 'home-intents',
    columns: { text: 'text', label: 'intent' },
    // As many as compare.py asks for.
    measured: 50,
    training: { maxSteps: 40, batchSize: 16, maxLength: 64, evaluationsPerEpoch: 1 },
  },
  {
    task: 'chat',
    name: 'smollm2',
    model: chatModel,
    base: chatModel,
    set: 'building-faq',
    columns: { prompt: 'question', response: 'answer' },
    // Each has its answer written: as many as an export asks again.
    measured: 20,
    training: { maxSteps: 8, batchSize: 4, maxLength: 256, evaluationsPerEpoch: 1 },
  },
] as const;
const methods = ['lora', 'full', 'linear-probe', 'prefix', 'prompt', 'p-tuning', 'p-tuning-v2'] as const;

const python = await preparePython();
const only = process.argv[2] === undefined ? /./ : new RegExp(process.argv[2]);
const cases = [];
for (const family of families) {
  for (const method of methods) {
    const name = `${family.name}-${method}`;
    if (!only.test(name)) continue;
    const folder = path.join(work, name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const data = (part: string): string => path.join(shared, 'data', family.set, `${part}.csv`);
    const measured = path.join(folder, 'test.csv');
    // No cell of these files has a line break.
    writeFileSync(
      measured,
      readFileSync(data('test'), 'utf8')
        .split('\n')
        .slice(0, family.measured + 1)
        .join('\n'),
    );
    const recipe = {
      version: 1,
      model: family.model,
      task: family.task,
      data: {
        train: [data('train')],
        test: [measured],
        columns: family.columns,
        split: { validation: 0, test: 0, seed: 1 },
      },
      method: { name: method },
      training: family.training,
      device: 'cpu',
      threads: 2,
    };
    const recipePath = path.join(folder, 'recipe.json');
    writeFileSync(recipePath, JSON.stringify(recipe, null, 2));
    const atelier = path.join(root, 'main/atelier.js');
    const runFolder = path.join(folder, 'run');
    const exported = path.join(folder, 'exported');
    console.log(`\n== ${name}: training`);
    check(await run('node', [atelier, 'train', recipePath, '--out', runFolder]), `atelier train (${name})`);
    check(
      await run('node', [atelier, 'export', runFolder, '--to', 'peft', '--out', exported]),
      `atelier export (${name})`,
    );
    const logits = path.join(folder, 'logits.safetensors');
    if (family.task === 'chat') {
      const args = [family.model, exported, data('test'), logits];
      check(await run('node', [path.join(root, 'test/interop/logits.ts'), ...args]), `logits (${name})`);
    }
    cases.push({
      ...family,
      logits,
      method,
      case: name,
      exported,
      test: data('test'),
      predictions: path.join(runFolder, 'predictions.jsonl'),
    });
  }
}
const list = path.join(work, 'cases.json');
writeFileSync(list, JSON.stringify(cases, null, 2));
const statuses = [await run(python, [path.join(root, 'test/interop/compare.py'), list], quietPython)];
if (!only.test('gguf')) console.log('\nGGUF in llama.cpp: not asked for');
else if (hasLlama()) statuses.push(await compareGguf(python, path.join(work, 'gguf')));
else console.log('\nGGUF in llama.cpp: skipped, llama-cpp-python cannot be installed here');
if (!only.test('variants')) console.log('\nDecoders against Transformers: not asked for');
else statuses.push(await compareVariants(python, path.join(work, 'variants')));
if (!only.test('adapterhub')) console.log('\nAdapterHub: not asked for');
else statuses.push(await compareAdapterHub(prepareAdapters(), path.join(work, 'adapterhub')));
if (!only.test('methods')) console.log('\nEvery method both ways: not asked for');
else statuses.push(await compareMethods(python, path.join(work, 'methods')));
process.exitCode = Math.max(...statuses);
