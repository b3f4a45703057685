/** Writes golden models and adapters as GGUF, and has llama.cpp say what PEFT said of them: merged, and as an adapter. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openModel, type BaseModel } from '../../engine/checkpoint/model-folder.ts';
import { exportGguf, type Weight } from '../../engine/export/gguf.ts';
import { exportGgufLora } from '../../engine/export/gguf-lora.ts';
import { StudioError } from '../../engine/spec/errors.ts';
import { goldenLora, mergedWeights } from '../engine/export/golden-lora.ts';
import { openReference } from '../parity/reference.ts';
import { run } from './python.ts';

const root = path.resolve(import.meta.dirname, '../..');
const golden = path.resolve(root, '../shared/golden');

/** ggml rounds GELU to float16; everything else is float32 here. */
const tolerances: Readonly<Record<string, number>> = { gpt2: 3e-3, gemma2: 3e-3, gemma3_text: 3e-3 };
const exact = 2e-5;

interface Check {
  readonly name: string;
  readonly file: string;
  readonly lora: string | null;
  readonly context: number;
  readonly tolerance: number;
  readonly logits: readonly { readonly ids: readonly number[]; readonly values: readonly (readonly number[])[] }[];
  readonly runs: readonly { readonly prompt: readonly number[]; readonly answer: readonly number[] }[];
  readonly texts: readonly { readonly text: string; readonly special: boolean; readonly ids: readonly number[] }[];
}

interface Generation {
  readonly runs: readonly {
    readonly rows: readonly {
      readonly prompt_ids: readonly number[];
      readonly attention_mask: readonly number[];
      readonly new_ids: readonly number[];
    }[];
  }[];
}

/** The exit status of the comparison. @param python one that has llama_cpp */
export async function compareGguf(python: string, work: string): Promise<number> {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const names = readdirSync(path.join(golden, 'cases')).filter((name) =>
    /-causallm-lora(?:-all-linear|-patterns)?$/.test(name),
  );
  const checks: Check[] = [];
  for (const name of names) checks.push(...(await writtenCase(name, work)));
  const list = path.join(work, 'checks.json');
  writeFileSync(list, JSON.stringify(checks));
  return run(python, [path.join(root, 'test/interop/llama_answers.py'), list]);
}

/** Two checks of one golden case; none where GGUF does not know the family. */
async function writtenCase(name: string, work: string): Promise<readonly Check[]> {
  const folder = path.join(golden, 'cases', name);
  const base = await openModel(path.join(golden, 'models', name.replace(/-causallm.*$/, '')));
  try {
    const out = path.join(work, name);
    mkdirSync(out, { recursive: true });
    const modules = goldenLora(path.join(folder, 'adapter'));
    const plain = await written(base, { name: 'base', out });
    const merged = await written(base, { name: 'merged', out, changed: await mergedWeights(base, modules) });
    const lora = path.join(out, await exportGgufLora({ name: 'adapter', config: base.config, modules }, out));
    const expected = await expectations(folder, base);
    return [
      { ...expected, name: `${name} (adapter)`, file: plain, lora },
      { ...expected, name: `${name} (merged)`, file: merged, lora: null },
    ];
  } catch (thrown) {
    if (thrown instanceof StudioError && thrown.code === 'model.unknown-architecture') return [];
    throw thrown;
  } finally {
    await base.close();
  }
}

async function written(
  base: BaseModel,
  { name, out, changed = new Map() }: { name: string; out: string; changed?: ReadonlyMap<string, Float32Array> },
): Promise<string> {
  const weights = new Map(
    Array.from(base.weights.names(), (weight): [string, Weight] => [
      weight,
      {
        shape: base.weights.entry(weight)?.shape ?? [],
        read: () => changed.get(weight) ?? base.weights.read(weight),
      },
    ]),
  );
  const { config, tokenizer, chatTemplate } = base;
  const stop = new Set([config['eos_token_id']].flat().filter((id) => typeof id === 'number'));
  const [file = ''] = await exportGguf({ name, config, weights, tokenizer, chatTemplate, stop }, out, 'F32');
  return path.join(out, file);
}

/** What PEFT's golden says of the trained adapter, as far as llama.cpp computes alike: within the model's window. */
async function expectations(folder: string, base: BaseModel): Promise<Omit<Check, 'name' | 'file' | 'lora'>> {
  const type = typeof base.config['model_type'] === 'string' ? base.config['model_type'] : '';
  const window = type === 'mistral' ? Number(base.config['sliding_window'] ?? 64) : 64;
  const reference = await openReference(folder);
  const mask = reference.integers('batch0.attention_mask');
  const { shape, values } = reference.floats('logits_final.batch0.logits');
  const [rows = 0, length = 0, vocabulary = 0] = shape;
  const ids = reference.integers('batch0.input_ids').values;
  const logits = Array.from({ length: rows }, (_, row) => {
    const kept = Array.from({ length }, (_unused, at) => row * length + at).filter((at) => mask.values[at] === 1);
    const seen = kept.slice(0, window);
    return {
      ids: seen.map((at) => ids[at] ?? 0),
      values: seen.map((at) => Array.from(values.subarray(at * vocabulary, (at + 1) * vocabulary))),
    };
  });
  const generation = JSON.parse(readFileSync(path.join(folder, 'generation.json'), 'utf8')) as Generation;
  const runs = generation.runs.flatMap(({ rows: prompts }) =>
    prompts.map(({ prompt_ids: prompt, attention_mask: used, new_ids: answer }) => {
      const seen = prompt.filter((_, at) => used[at] === 1);
      return { prompt: seen, answer: answer.slice(0, Math.max(0, window + 1 - seen.length)) };
    }),
  );
  return { context: 64, tolerance: tolerances[type] ?? exact, logits, runs, texts: await texts(base) };
}

/** Plain words: llama.cpp composes no accents, and for Phi-3 it cuts spaces behind special tokens. */
async function texts(base: BaseModel): Promise<Check['texts']> {
  const samples = ['The library opens at nine.', ' and closes at 17:30;\nit is  quiet', 'naïve 東京 🙂'];
  return Promise.all(
    samples.map(async (text) => ({ text, special: true, ids: (await base.tokenizer.encode(text)).ids })),
  );
}

if (process.argv[1] === import.meta.filename) {
  process.exitCode = await compareGguf(process.argv[2] ?? 'python3', path.join(root, '.cache/interop/gguf'));
}
