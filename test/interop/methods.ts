/** Every method on an encoder, a decoder and an encoder–decoder: written by us and loaded by PEFT and Transformers, and the other way round. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createHandlers } from '../../engine/index.ts';
import { openTuned } from '../../engine/export/open-adapter.ts';
import { toEnvelope } from '../../engine/spec/errors.ts';
import { supportedMethods, type SupportedMethod } from '../../engine/spec/methods/index.ts';
import type { TaskName } from '../../engine/spec/tasks.ts';
import type { TokenRow } from '../../engine/tasks/rows.ts';
import { answererOf } from '../../engine/train/evaluate.ts';
import { check, quietPython, run } from './python.ts';

const root = path.resolve(import.meta.dirname, '../..');
const script = path.join(root, 'test/interop/methods.py');

interface Family {
  readonly model: string;
  readonly task: TaskName;
  readonly columns: Readonly<Record<string, string>>;
  readonly row: (index: number) => Readonly<Record<string, string>>;
  /** Rows of ids that both sides compute logits of, at every position of the answer. */
  readonly rows: readonly TokenRow[];
}

const words = ['sun', 'rain', 'lake', 'tree', 'bird', 'road'] as const;
const word = (index: number): string => words[index % words.length] ?? 'sun';
const ids = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, at) => 10 + ((seed * 7919 + at * 104_729) % 240));
const everywhere = (count: number): TokenRow['answers'] =>
  Array.from({ length: count }, (_, position) => ({ position, label: 0 }));

const families: readonly Family[] = [
  {
    model: 'bert',
    task: 'text-classification',
    columns: { text: 'text', label: 'label' },
    row: (index) => ({ text: `${word(index)} ${word(index + 1)}`, label: word(index % 3) }),
    rows: [7, 12, 5].map((length, row) => {
      const own = ids(length, row);
      return { ids: own, types: own.map((_, at) => (at > 3 ? 1 : 0)), answers: [{ position: 0, label: 0 }] };
    }),
  },
  {
    model: 'llama',
    task: 'text-generation',
    columns: { prompt: 'prompt', completion: 'completion' },
    row: (index) => ({ prompt: word(index), completion: word(index + 1) }),
    rows: [7, 12, 5].map((length, row) => ({ ids: ids(length, row), types: null, answers: everywhere(length) })),
  },
  {
    model: 't5',
    task: 'translation',
    columns: { source: 'source', target: 'target' },
    row: (index) => ({ source: `${word(index)} ${word(index + 2)}`, target: word(index + 1) }),
    rows: [7, 12, 5].map((length, row) => {
      const decoder = [0, ...ids(4, row + 9)];
      return { ids: ids(length, row), types: null, decoder, answers: everywhere(decoder.length) };
    }),
  },
];

/** Adapters of AdapterHub have a library and a script of their own; a prompt is no file of PEFT's. */
const elsewhere: readonly SupportedMethod[] = ['adapter', 'in-context'];

interface Case {
  readonly name: string;
  readonly method: SupportedMethod;
  readonly task: TaskName;
  readonly base: string;
  readonly folder: string;
}

/** 1 where a folder is not what the other side makes of it, else 0. @param python one that has peft */
export async function compareMethods(python: string, work: string, only = /./): Promise<number> {
  rmSync(work, { recursive: true, force: true });
  const cases: Case[] = [];
  for (const family of families) {
    for (const method of supportedMethods.filter((own) => !elsewhere.includes(own))) {
      const name = `${family.model}-${method}`;
      if (!only.test(name)) continue;
      const base = path.resolve(root, '../shared/golden/models', family.model);
      const made = { name, method, task: family.task, base, folder: path.join(work, name) };
      const refused = await trainOurs(made, family);
      if (refused === null) cases.push(made);
      else console.log(`${name.padEnd(24)} does not go together: ${refused}`);
    }
  }
  const list = path.join(work, 'cases.json');
  writeFileSync(list, JSON.stringify(cases, null, 2));
  const loaded = await run(python, [script, 'load', list], quietPython);
  check(await run(python, [script, 'make', list], quietPython), 'methods.py make');
  const imported = await readTheirs(cases);
  return Math.max(loaded, imported);
}

const handlers = createHandlers();
const control = {
  signal: new AbortController().signal,
  wish: () => 'run' as const,
  changed: () => new Promise<void>(() => undefined),
};

/** Trains a little and writes what our engine then computes; the code of the refusal where the two do not go together. */
async function trainOurs({ method, task, base, folder }: Case, family: Family): Promise<string | null> {
  mkdirSync(folder, { recursive: true });
  const rows = Array.from({ length: 12 }, (_, index) => JSON.stringify(family.row(index))).join('\n');
  writeFileSync(path.join(folder, 'train.jsonl'), `${rows}\n`);
  const recipe = {
    version: 1,
    model: base,
    task,
    data: { train: ['train.jsonl'], columns: family.columns, split: { validation: 0, test: 0, seed: 1 } },
    method: { name: method },
    training: { epochs: 2, batchSize: 4, maxLength: 40, learningRate: 0.01 },
    device: 'cpu',
    threads: 1,
  };
  try {
    const out = path.join(folder, 'run');
    await handlers.train({ recipe, folder, modelPath: base, out, resume: false }, () => undefined, control);
  } catch (thrown) {
    const told = toEnvelope(thrown);
    if (told.kind === 'expected' && /^(method|model)\./.test(told.code)) return told.code;
    throw thrown;
  }
  writeFileSync(
    path.join(folder, 'ours.json'),
    JSON.stringify(await logitsOf(base, path.join(folder, 'run/adapter'), family)),
  );
  return null;
}

async function logitsOf(base: string, adapter: string, { rows }: Family) {
  const answerer = await answererOf(await openTuned(base, adapter));
  try {
    const logits = await answerer.logits(rows);
    return rows.map(({ ids: own, types, decoder, answers }, index) => ({
      ids: own,
      types,
      decoder: decoder ?? null,
      answers: answers.length,
      logits: Array.from(logits[index] ?? []),
    }));
  } finally {
    await answerer.dispose();
  }
}

const tolerance = 1e-4;

/** Loads what PEFT and Transformers saved. */
async function readTheirs(cases: readonly Case[]): Promise<number> {
  let failed = 0;
  for (const { name, task, base, folder } of cases) {
    const family = families.find((own) => own.task === task);
    const theirs = path.join(folder, 'theirs');
    let said: string;
    try {
      const out = path.join(folder, 'imported');
      const labels = task === 'text-classification' ? ['a', 'b', 'c'] : [];
      await handlers.importAdapter({ folder: theirs, modelPath: base, task, labels, out }, () => undefined, control);
      const expected = JSON.parse(readFileSync(path.join(folder, 'theirs.json'), 'utf8')) as readonly number[][];
      const found = family ? await logitsOf(base, out, family) : [];
      const worst = Math.max(
        ...found.flatMap(({ logits }, row) =>
          logits.map((value, at) => Math.abs(value - (expected[row]?.[at] ?? NaN))),
        ),
      );
      if (!(worst <= tolerance)) failed += 1;
      said = `${worst.toExponential(1)}${worst <= tolerance ? '' : '  FAILED'}`;
    } catch (thrown) {
      failed += 1;
      said = `FAILED: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    }
    console.log(`${name.padEnd(24)} loaded by us ${said}`);
  }
  console.log(`methods loaded by us: ${String(cases.length - failed)} passed, ${String(failed)} failed`);
  return failed > 0 ? 1 : 0;
}
