/** How well each method learns the real sets with its own preset, beside PyTorch with PEFT. By hand: `npm run quality -- SUITE METHODS`. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { supportedMethods, type SupportedMethod } from '../../engine/spec/methods/index.ts';
import type { Metrics } from '../../engine/spec/metrics.ts';
import type { Recipe } from '../../engine/spec/recipe.ts';
import { readReferences, suiteTable, type Run, type Suite, type SuiteRuns } from './quality-table.ts';

const root = path.resolve(import.meta.dirname, '../..');
const shared = path.resolve(root, '../shared');
const folder = path.join(root, '.cache/quality');
const resultsPath = path.join(folder, 'results.json');
const miniLm = path.join(root, 'engine/assets/minilm-l6');
const smolLm = path.join(shared, 'models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf');

/** Runs at once, each with one thread: small models gain little from a second, and lose much where other programs want it too. */
const atOnce = Number(process.env['ATELIER_QUALITY_AT_ONCE'] ?? 2);
/** Every row learns and the test rows are never looked at before the end, as in the references. */
const split = { validation: 0, test: 0, seed: 1 };

const suites: readonly Suite[] = [
  {
    name: 'intents',
    title: 'home-intents (sort into 19 categories) on MiniLM-L6',
    base: miniLm,
    task: 'text-classification',
    data: { ...files('home-intents', 'csv'), columns: { text: 'text', label: 'intent' }, split },
  },
  {
    name: 'spans',
    title: 'speech-entities (mark spans, 5 kinds) on MiniLM-L6',
    base: miniLm,
    task: 'token-classification',
    data: { ...files('speech-entities', 'conll'), columns: { words: 'words', tags: 'tags' }, split },
  },
  {
    name: 'chat',
    title: 'building-faq (chat) on SmolLM2-135M',
    base: smolLm,
    task: 'chat',
    data: { ...files('building-faq', 'csv'), columns: { prompt: 'question', response: 'answer' }, split },
  },
];

function files(set: string, ending: string) {
  const file = (role: string): string => path.join(shared, 'data', set, `${role}.${ending}`);
  return { train: [file('train')], test: [file('test')] };
}

/** Runs the command line and rejects when it does not end well. */
async function atelier(args: readonly string[]): Promise<void> {
  const child = spawn('node', [path.join(root, 'main/atelier.js'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (status !== 0) throw new Error(`atelier ${args.join(' ')} ended with ${String(status)}`);
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8')) as unknown;
}

async function train(suite: Suite, method: SupportedMethod): Promise<Run> {
  const { base: model, task, data } = suite;
  const recipePath = path.join(folder, `${suite.name}-${method}.json`);
  const out = path.join(folder, `${suite.name}-${method}`);
  writeFileSync(
    recipePath,
    JSON.stringify({ version: 1, model, task, data, method: { name: method }, device: 'cpu', threads: 1 }),
  );
  rmSync(out, { recursive: true, force: true });
  await atelier(['train', recipePath, '--out', out]);
  const plan = readFileSync(path.join(out, 'events.jsonl'), 'utf8')
    .split('\n')
    .find((line) => line.includes('"plan"'));
  const { trainableParameters } = JSON.parse(plan ?? '{}') as { readonly trainableParameters: number };
  // The recipe in the run's folder has the preset's values filled in.
  const recipe = readJson(path.join(out, 'recipe.json')) as Recipe;
  return { recipe, trainableParameters, metrics: readJson(path.join(out, 'metrics.json')) as Metrics };
}

function readResults(): Record<string, SuiteRuns> {
  try {
    return readJson(resultsPath) as Record<string, SuiteRuns>;
  } catch {
    return {};
  }
}

/** Takes methods from the queue until none is left; each result is kept at once. */
async function work(suite: Suite, queue: SupportedMethod[]): Promise<void> {
  for (let method = queue.shift(); method !== undefined; method = queue.shift()) {
    const run = await train(suite, method);
    const results = readResults();
    const runs = { ...results[suite.name], [method]: run };
    writeFileSync(resultsPath, JSON.stringify({ ...results, [suite.name]: runs }, null, 2));
  }
}

/** Those that learn. */
const methods = supportedMethods.filter((name) => name !== 'in-context');
const [onlySuite = '', onlyMethods = '.*'] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
for (const suite of suites.filter(({ name }) => new RegExp(onlySuite).test(name))) {
  const done = readResults()[suite.name] ?? {};
  const queue = methods.filter((name) => !(name in done) && new RegExp(`^(?:${onlyMethods})$`).test(name));
  await Promise.all(Array.from({ length: atOnce }, () => work(suite, queue)));
  const references = readReferences(suite, { shared, work: folder });
  console.log(`\n${suite.title}\n\n${suiteTable(methods, readResults()[suite.name] ?? {}, references)}`);
}
