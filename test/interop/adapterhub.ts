/** Bottleneck adapters between us and AdapterHub's library: ours loaded there, theirs loaded here, the same logits. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { adapterHubFiles, writeAdapterHub } from '../../engine/export/adapterhub.ts';
import { adapterHubHead, adapterHubMethod, adapterHubTensors } from '../../engine/export/read-adapterhub.ts';
import { isLanguageModel, type Head, type HeadName } from '../../engine/models/model.ts';
import { Runtime } from '../../engine/runtime/session.ts';
import { adapterPreset, type AdapterConfig } from '../../engine/spec/methods/adapter.ts';
import type { TokenRow } from '../../engine/tasks/rows.ts';
import { Machine } from '../../engine/train/machine.ts';
import { openArchitecture, type OpenedModel } from '../../engine/train/prepare.ts';
import { createSetup, type Setup } from '../../engine/train/setup.ts';
import { loadWeights } from '../../engine/train/weights.ts';
import { check, quietPython, run } from './python.ts';

const root = path.resolve(import.meta.dirname, '../..');
const tolerance = 1e-4;

interface Case {
  readonly name: string;
  readonly head: HeadName;
  readonly method: Partial<AdapterConfig>;
  /** The library's own configuration, and whether it saves it as safetensors. */
  readonly theirs: string;
  readonly safetensors: boolean;
}
const cases: readonly Case[] = [
  {
    name: 'bert',
    head: 'sequence-classification',
    method: { configuration: 'houlsby' },
    theirs: 'seq_bn',
    safetensors: true,
  },
  {
    name: 'llama',
    head: 'causal-lm',
    method: { configuration: 'pfeiffer', bottleneck: 5 },
    theirs: 'double_seq_bn',
    safetensors: false,
  },
  {
    name: 't5',
    head: 'seq2seq-lm',
    method: { configuration: 'houlsby', crossAdapter: true, nonLinearity: 'gelu' },
    theirs: 'seq_bn',
    safetensors: true,
  },
];

/** 1 if logits differ anywhere, else 0. @param python one that has adapters */
export async function compareAdapterHub(python: string, work: string): Promise<number> {
  rmSync(work, { recursive: true, force: true });
  const runtime = await Runtime.open();
  const mine = new Map<string, readonly number[][]>();
  const list = [];
  for (const entry of cases) {
    const folder = path.join(work, entry.name);
    mkdirSync(path.join(folder, 'ours'), { recursive: true });
    const base = path.resolve(root, '../shared/golden/models', entry.name);
    const opened = await openArchitecture(base);
    const labels = isLanguageModel(entry.head) ? 0 : 3;
    const head = { name: entry.head, labels: labels === 0 ? opened.config.vocabulary : labels };
    const setup = createSetup({ ...opened, head, method: methodOf(entry) });
    const known = enlarged(setup);
    mine.set(entry.name, await logitsOf(opened, { setup, known, runtime }));
    const { fed } = await loadWeights({ base: opened.base, setup, seed: 3, known });
    const files = adapterHubFiles(setup, fed, { name: 'ours', baseModel: entry.name, labels: [] });
    await writeAdapterHub(files, path.join(folder, 'ours'));
    const rows = rowsOf(head).map(({ ids, decoder }) => ({ ids, ...(decoder ? { decoder } : {}) }));
    const { name, theirs, safetensors } = entry;
    list.push({ name, base, labels, rows, theirs, safetensors, class: opened.architecture.taskClasses[entry.head] });
    await opened.base.close();
  }
  writeFileSync(path.join(work, 'cases.json'), JSON.stringify(list));
  check(await run(python, [path.join(root, 'test/interop/adapterhub.py'), work], quietPython), 'adapterhub.py');
  let failed = 0;
  for (const { name } of cases) {
    const found = JSON.parse(readFileSync(path.join(work, name, 'logits.json'), 'utf8')) as Record<
      'ours' | 'theirs',
      number[][]
    >;
    const read = await theirsHere(path.join(work, name, 'theirs'), { name, runtime });
    const worst = { ours: farthest(mine.get(name) ?? [], found.ours), theirs: farthest(read, found.theirs) };
    const passed = worst.ours <= tolerance && worst.theirs <= tolerance;
    if (!passed) failed += 1;
    console.log(
      `${`adapter on ${name}`.padEnd(24)} ours there ${worst.ours.toExponential(1)}, theirs here ${worst.theirs.toExponential(1)}${passed ? '' : '  FAILED'}`,
    );
  }
  return failed > 0 ? 1 : 0;
}

function methodOf({ method }: Case): AdapterConfig {
  const context = { task: 'chat', architecture: null, parameters: null } as const;
  return { ...adapterPreset('balanced', context), reductionFactor: 4, ...method };
}

/** Near the identity nothing could be told apart: values of about a tenth. */
function enlarged(setup: Setup): ReadonlyMap<string, Float32Array> {
  return new Map(
    [...setup.added].map(([name, { shape }], index) => {
      const size = shape.reduce((product, dimension) => product * dimension, 1);
      return [name, Float32Array.from({ length: size }, (_, at) => 0.15 * Math.sin(1 + index + 1.7 * at))] as const;
    }),
  );
}

function rowsOf({ name }: Pick<Head, 'name'>): readonly TokenRow[] {
  return [5, 9].map((length) => {
    const ids = Array.from({ length }, (_, at) => 10 + ((17 * at + length) % 200));
    const all = (count: number): TokenRow['answers'] =>
      Array.from({ length: count }, (_, position) => ({ position, label: 0 }));
    const types = ids.map(() => 0);
    if (name === 'seq2seq-lm') return { ids, types, decoder: [0, 21, 34], answers: all(3) };
    return { ids, types, answers: all(isLanguageModel(name) ? length : 1) };
  });
}

interface RunAt {
  readonly setup: Setup;
  readonly known: ReadonlyMap<string, Float32Array>;
  readonly runtime: Runtime;
}

async function logitsOf({ base }: OpenedModel, { setup, known, runtime }: RunAt): Promise<number[][]> {
  const weights = await loadWeights({ base, setup, seed: 3, known });
  const machine = new Machine({ runtime, device: 'cpu', threads: 1, setup, base, weights });
  const found = await machine.logits(rowsOf(setup.head));
  await machine.release();
  return found.map((row) => Array.from(row));
}

async function theirsHere(folder: string, { name, runtime }: { name: string; runtime: Runtime }): Promise<number[][]> {
  const opened = await openArchitecture(path.resolve(root, '../shared/golden/models', name));
  try {
    const { architecture, head } = await adapterHubHead(folder, opened);
    const setup = createSetup({ architecture, config: opened.config, head, method: await adapterHubMethod(folder) });
    return await logitsOf(opened, { setup, known: await adapterHubTensors(folder, setup), runtime });
  } finally {
    await opened.base.close();
  }
}

function farthest(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  if (a.length !== b.length || a.some((row, at) => row.length !== b[at]?.length)) return Infinity;
  return Math.max(...a.flatMap((row, at) => row.map((value, index) => Math.abs(value - (b[at]?.[index] ?? NaN)))));
}
