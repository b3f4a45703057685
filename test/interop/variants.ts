/** Decoders as Transformers has them under settings that no golden model has: their weights' names, shapes, and logits. */
import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { openModel } from '../../engine/checkpoint/model-folder.ts';
import type { HeadName } from '../../engine/models/model.ts';
import { architectureOf } from '../../engine/models/registry.ts';
import { Runtime } from '../../engine/runtime/session.ts';
import type { Json } from '../../engine/spec/json.ts';
import { createSetup } from '../../engine/train/setup.ts';
import { causalLogits } from '../parity/causal-logits.ts';
import { openReference } from '../parity/reference.ts';
import { check, quietPython, run } from './python.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Any: the rows are ids already. */
const tokenizer = path.resolve(root, '../shared/golden/models/gpt2');
/** Twice what golden logits are compared with: rows here are three times as long. */
const tolerance = 4e-5;

const heads: Readonly<Record<string, HeadName>> = {
  CausalLM: 'causal-lm',
  SequenceClassification: 'sequence-classification',
  TokenClassification: 'token-classification',
  QuestionAnswering: 'question-answering',
};

/** 1 if a variant is not what Transformers has, else 0. @param python one that has transformers */
export async function compareVariants(python: string, work: string): Promise<number> {
  rmSync(work, { recursive: true, force: true });
  check(await run(python, [path.join(root, 'test/interop/variants.py'), work], quietPython), 'variants.py');
  const runtime = await Runtime.open();
  let failed = 0;
  for (const name of readdirSync(work).toSorted()) {
    const folder = path.join(work, name);
    const wrong = wrongWeights(folder);
    const worst = wrong === null ? await worstLogit(runtime, folder) : Infinity;
    const passed = worst <= tolerance;
    if (!passed) failed += 1;
    console.log(`${name.padEnd(24)} ${passed ? worst.toExponential(1) : `FAILED: ${wrong ?? worst.toExponential(1)}`}`);
  }
  console.log(`variants: ${String(failed)} failed`);
  return failed > 0 ? 1 : 0;
}

function read(folder: string, file: string): unknown {
  return JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
}

function setupOf(folder: string, name: HeadName) {
  const raw = read(folder, 'config.json') as Readonly<Record<string, Json>>;
  const architecture = architectureOf(raw);
  const config = architecture.parseConfig(raw, folder);
  const labels = name === 'causal-lm' ? config.vocabulary : 2;
  return createSetup({ architecture, config, head: { name, labels }, method: null });
}

/** The first head whose weights have other names or shapes than Transformers', and one of them; or null. */
function wrongWeights(folder: string): string | null {
  const expected = read(folder, 'weights.json') as Readonly<
    Record<string, Readonly<Record<string, readonly number[]>>>
  >;
  for (const [head, weights] of Object.entries(expected)) {
    const ours = new Map(
      [...setupOf(folder, heads[head] ?? 'causal-lm').shapes].map(([name, at]) => [name, at.join()]),
    );
    const theirs = new Map(Object.entries(weights).map(([name, at]) => [name, at.join()]));
    const odd = [...new Set([...ours.keys(), ...theirs.keys()])].find((name) => ours.get(name) !== theirs.get(name));
    if (odd !== undefined) return `${head}: ${odd} is ${ours.get(odd) ?? 'none'}, not ${theirs.get(odd) ?? 'none'}`;
  }
  return null;
}

async function worstLogit(runtime: Runtime, folder: string): Promise<number> {
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(path.join(tokenizer, file), path.join(folder, file));
  const reference = await openReference(folder, 'expected.safetensors');
  const { values: ids, shape } = reference.integers('ids');
  const [rows = 0, length = 0] = shape;
  const expected = reference.floats('logits').values;
  const base = await openModel(folder);
  let worst = 0;
  for (let row = 0; row < rows; row += 1) {
    const own = ids.slice(row * length, (row + 1) * length);
    const found = await causalLogits(base, own, { runtime, device: 'cpu' });
    const start = row * found.length;
    worst = found.reduce((most, value, at) => Math.max(most, Math.abs(value - (expected[start + at] ?? NaN))), worst);
  }
  await base.close();
  return worst;
}

if (process.argv[1] === import.meta.filename) {
  process.exitCode = await compareVariants(process.argv[2] ?? 'python3', path.join(root, '.cache/interop/variants'));
}
