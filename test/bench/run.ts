/** The same recipe here and in PyTorch with PEFT, in turn on the same machine: speed, memory, result. Prints, never judges. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { preparePython, quietPython } from '../interop/python.ts';

interface Measured {
  readonly rows: number;
  readonly tokens: number;
  readonly steps: number;
  readonly seconds: number;
  readonly peakMemoryBytes: number;
  readonly finalLoss: number;
  readonly test: {
    readonly metric: string;
    readonly value: number;
    readonly interval: readonly [number, number] | null;
  };
}

const root = path.resolve(import.meta.dirname, '../..');
const shared = path.resolve(root, '../shared');
const work = path.join(root, '.cache/bench');
const chatModel = path.join(shared, 'models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf');
const common = {
  epochs: 1,
  gradientAccumulation: 1,
  schedule: 'linear',
  warmup: 0.06,
  weightDecay: 0.01,
  maxGradNorm: 1,
  seed: 1,
  optimizer: 'adamw',
};

const benches = [
  {
    name: 'MiniLM-L6, LoRA, email-spam',
    rows: 1767,
    base: path.join(root, 'engine/assets/minilm-l6'),
    recipe: {
      version: 1,
      model: 'minilm-l6',
      task: 'text-classification',
      data: {
        train: [path.join(shared, 'data/email-spam/train.csv')],
        test: [path.join(shared, 'data/email-spam/test.csv')],
        columns: { text: ['subject', 'body'], label: 'label' },
        split: { validation: 0, test: 0, seed: 1 },
      },
      method: { name: 'lora', r: 8, alpha: 16, dropout: 0.05, targetModules: ['query', 'value'] },
      training: { ...common, maxSteps: null, batchSize: 16, maxLength: 128, learningRate: 0.002 },
      device: 'cpu',
      threads: 2,
    },
  },
  {
    name: 'SmolLM2-135M, LoRA, building-faq',
    rows: 335,
    base: chatModel,
    recipe: {
      version: 1,
      model: chatModel,
      task: 'chat',
      data: {
        train: [path.join(shared, 'data/building-faq/train.csv')],
        test: [path.join(shared, 'data/building-faq/test.csv')],
        columns: { prompt: 'question', response: 'answer' },
        split: { validation: 0, test: 0, seed: 1 },
      },
      method: { name: 'lora', r: 8, alpha: 16, dropout: 0.05, targetModules: ['q_proj', 'v_proj'] },
      training: { ...common, maxSteps: 20, batchSize: 4, maxLength: 256, learningRate: 0.001 },
      device: 'cpu',
      threads: 2,
    },
  },
] as const;

/** Runs a program and resolves to its standard output. */
async function output(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: root,
    env: { ...process.env, ...quietPython },
  });
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) text += String(chunk);
  const status = child.exitCode ?? (await new Promise<number | null>((resolve) => child.on('close', resolve)));
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(status)}`);
  return text;
}

function lastLine(text: string): unknown {
  return JSON.parse(text.trim().split('\n').at(-1) ?? 'null');
}

interface OurMetrics {
  readonly tuned: { readonly accuracy?: number; readonly interval?: readonly [number, number]; readonly loss?: number };
  readonly train: Omit<Measured, 'test'>;
}

async function ours(recipePath: string, folder: string): Promise<Measured> {
  rmSync(folder, { recursive: true, force: true });
  await output('node', [path.join(root, 'main/atelier.js'), 'train', recipePath, '--out', folder, '--json']);
  const { tuned, train } = JSON.parse(readFileSync(path.join(folder, 'metrics.json'), 'utf8')) as OurMetrics;
  const test =
    tuned.accuracy === undefined
      ? { metric: 'loss', value: tuned.loss ?? Number.NaN, interval: null }
      : { metric: 'accuracy', value: tuned.accuracy, interval: tuned.interval ?? null };
  return { ...train, test };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

function line(who: string, runs: readonly Measured[], trainRows: number): string {
  const speeds = runs.map(({ steps, seconds }) => steps / seconds);
  const perEpoch = median(runs.map(({ rows, seconds }) => (seconds * trainRows) / rows));
  const peak = Math.max(...runs.map(({ peakMemoryBytes }) => peakMemoryBytes)) / 2 ** 20;
  const last = runs.at(-1);
  const test = last?.test;
  const figure = test === undefined ? '' : `${test.metric} ${test.value.toFixed(4)}`;
  const interval = test?.interval ? ` [${test.interval.map((bound) => bound.toFixed(3)).join(', ')}]` : '';
  return [
    who.padEnd(16),
    median(speeds).toFixed(2).padStart(8),
    `${Math.min(...speeds).toFixed(2)}–${Math.max(...speeds).toFixed(2)}`.padStart(13),
    perEpoch.toFixed(1).padStart(9),
    peak.toFixed(0).padStart(9),
    String(last?.steps ?? 0).padStart(6),
    String(last?.tokens ?? 0).padStart(8),
    `  ${figure}${interval}`,
  ].join(' ');
}

const rounds = Number(process.env['ATELIER_BENCH_ROUNDS'] ?? 3);
const only = process.argv[2] === undefined ? /./ : new RegExp(process.argv[2], 'i');
const python = await preparePython();
mkdirSync(work, { recursive: true });
for (const { name, rows, base, recipe } of benches.filter((bench) => only.test(bench.name))) {
  const recipePath = path.join(work, 'recipe.json');
  writeFileSync(recipePath, JSON.stringify(recipe, null, 2));
  const mine: Measured[] = [];
  const theirs: Measured[] = [];
  for (let round = 0; round < rounds; round += 1) {
    mine.push(await ours(recipePath, path.join(work, 'run')));
    theirs.push(
      lastLine(await output(python, [path.join(root, 'test/bench/reference.py'), recipePath, base])) as Measured,
    );
  }
  console.log(`\n${name} (float32, 2 threads, ${rounds} rounds in turn)`);
  console.log(
    `${''.padEnd(16)} ${'steps/s'.padStart(8)} ${'range'.padStart(13)} ${'s/epoch'.padStart(9)} ${'peak MiB'.padStart(9)} ${'steps'.padStart(6)} ${'tokens'.padStart(8)}   test`,
  );
  console.log(line('Atelier', mine, rows));
  console.log(line('PyTorch + PEFT', theirs, rows));
}
