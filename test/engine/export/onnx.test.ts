/** ONNX files run by a bare onnxruntime: for every family, method and head the logits of our own network, rows of any number and length. */
import { mkdir, readFile } from 'node:fs/promises';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openTuned } from '../../../engine/export/open-adapter.ts';
import { askedOf, decoderSource } from '../../../engine/export/onnx-inputs.ts';
import { writeTunedOnnx } from '../../../engine/export/tuned-onnx.ts';
import { openOnnxFile } from '../../../engine/runtime/onnx-file.ts';
import { Runtime, type HostTensor } from '../../../engine/runtime/session.ts';
import type { TokenRow } from '../../../engine/tasks/rows.ts';
import { Machine } from '../../../engine/train/machine.ts';
import { bits } from '../../../engine/train/random.ts';
import type { Setup } from '../../../engine/train/setup.ts';
import { floatData, longs } from '../../../engine/train/state.ts';
import { goldenModel, Panel, shared, useFolder } from '../../support/engine-fixtures.ts';
import {
  chatRecipe,
  handlers,
  textRecipe,
  textRows,
  trainTiny,
  writeChats,
  writeRows,
} from '../../support/tiny-runs.ts';

const path = useFolder();
const cases = join(shared, 'golden/cases');

interface Adapter {
  readonly name: string;
  readonly folder: string;
  readonly modelPath: string;
}

/** Adapters whose head PEFT did not save whole: they cannot be taken in. */
const lost = /^(?:bart-seqcls-lora-default|deberta-v3-seqcls|deberta-v3-mc|electra-mc|roberta-mc)/;

/** One adapter of every family, head and method. */
function chosen(): readonly Adapter[] {
  const found = new Map<string, Adapter>();
  for (const name of readdirSync(cases)) {
    const folder = join(cases, name, 'adapter');
    if (!existsSync(join(folder, 'adapter_config.json')) || lost.test(name)) continue;
    const { model } = JSON.parse(readFileSync(join(cases, name, 'case.json'), 'utf8')) as { readonly model: string };
    const kind =
      /^(.+?-(?:seqcls|tokencls|qa|mc|causallm|seq2seq)-(?:lora|prefix|prompt|ptuning(?:-v2)?))/.exec(name)?.[1] ??
      name;
    const modelPath = goldenModel(model.split('/').at(-1) ?? '');
    if (!found.has(kind)) found.set(kind, { name, folder, modelPath });
  }
  const hub = join(shared, 'golden-extra/adapters');
  for (const name of ['bert-houlsby-cls', 'bert-pfeiffer-qa', 'gpt2-pfeiffer-gelu-clm', 't5-houlsby-cross-s2s'])
    found.set(name, {
      name,
      folder: join(hub, name, 'adapter'),
      modelPath: join(shared, 'golden-extra/base', name.split('-')[0] ?? ''),
    });
  return [...found.values()];
}

function taskOf(name: string) {
  if (name.includes('-mc-')) return 'multiple-choice';
  return /-(?:seq2seq|s2s)/.test(name) ? 'translation' : null;
}

/** Rows of several lengths, with an answer at each place that is asked for. */
function rowsFor(setup: Setup): readonly TokenRow[] {
  const { architecture, config } = setup;
  const asked = askedOf(setup);
  const source = decoderSource(setup);
  return [5, 12, 9].map((length, row) => {
    const own = Array.from({ length }, (_, at) => 10 + (bits(row + 1, at) % 200));
    // An encoder–decoder's classifier answers where its text ends.
    const ids = source === 'shifted-input' ? [...own.slice(0, -1), config.eosTokenId ?? 2] : own;
    const decoder = source === 'answer' ? [config.decoderStartTokenId ?? 0, ...own.slice(0, 3 + row)] : undefined;
    const places = asked === 'all' ? (decoder ?? ids).map((_, at) => at) : [architecture.pooled(config, ids)];
    return {
      ids,
      types: ids.map(() => 0),
      answers: places.map((position) => ({ position, label: 0 })),
      ...(decoder ? { decoder } : {}),
    };
  });
}

function padded(rows: readonly (readonly number[])[], fill: number): HostTensor {
  const length = Math.max(...rows.map((row) => row.length));
  const all = rows.flatMap((row) => [...row, ...new Array<number>(length - row.length).fill(fill)]);
  return longs([rows.length, length], all);
}

/** Compares one batch of padded rows with our own network; gives the largest difference. */
async function compared(modelPath: string, adapter: string, out: string): Promise<number> {
  const tuned = await openTuned(modelPath, adapter);
  await mkdir(out, { recursive: true });
  await writeTunedOnnx(tuned, out);
  const { setup, base, weights } = tuned;
  const machine = new Machine({ runtime: await Runtime.open(), device: 'cpu', threads: 1, setup, base, weights });
  const rows = rowsFor(setup);
  const file = await openOnnxFile(join(out, 'model.onnx'));
  const result = await file.run(
    new Map([
      [
        'input_ids',
        padded(
          rows.map(({ ids }) => ids),
          setup.config.padTokenId ?? 0,
        ),
      ],
      [
        'attention_mask',
        padded(
          rows.map(({ ids }) => ids.map(() => 1)),
          0,
        ),
      ],
      [
        'token_type_ids',
        padded(
          rows.map(({ ids }) => ids.map(() => 0)),
          0,
        ),
      ],
      [
        'decoder_input_ids',
        padded(
          rows.map(({ decoder = [] }) => decoder),
          setup.config.padTokenId ?? 0,
        ),
      ],
    ]),
  );
  const logits = result.get('logits');
  const shape = logits?.shape ?? [];
  const width = shape.at(-1) ?? 1;
  expect(shape.length).toBe(askedOf(setup) === 'all' ? 3 : 2);
  const values = floatData(logits);
  const own = await machine.logits(rows);
  let largest = 0;
  rows.forEach(({ answers }, row) => {
    answers.forEach(({ position }, answer) => {
      const start = (shape.length === 3 ? row * (shape[1] ?? 1) + position : row) * width;
      for (let at = 0; at < width; at += 1)
        largest = Math.max(largest, Math.abs((values[start + at] ?? NaN) - (own[row]?.[answer * width + at] ?? NaN)));
    });
  });
  await file.dispose();
  await machine.release();
  await base.close();
  return largest;
}

describe('every family, head and method', () => {
  test.each(chosen())('$name', async ({ name, folder, modelPath }) => {
    const adapter = path('adapters', name);
    const request = { folder, modelPath, task: taskOf(name), labels: null, out: adapter } as const;
    await handlers.importAdapter(request, () => undefined, new Panel());
    expect(await compared(modelPath, adapter, path('onnx', name))).toBeLessThan(1e-4);
  });
});

describe('of a run', () => {
  beforeAll(async () => {
    await writeRows(path('train.csv'), textRows(16, 1));
    await writeRows(path('test.csv'), textRows(23, 77));
    await writeChats(path('train.jsonl'), 8);
    await writeChats(path('test.jsonl'), 3);
  });

  test.each([
    ['full', textRecipe({ method: { name: 'full' } }), 'bert', 20],
    ['linear-probe', textRecipe({ method: { name: 'linear-probe' } }), 'bert', 20],
    [
      'p-tuning with a template',
      textRecipe({ method: { name: 'p-tuning', virtualTokens: 3, template: '{virtual} {text} {virtual:2}' } }),
      'bert',
      20,
    ],
    [
      'DeBERTa',
      textRecipe({ model: goldenModel('deberta-v3'), method: { name: 'lora', r: 2, targetModules: ['query_proj'] } }),
      'deberta-v3',
      20,
    ],
    ['chat', chatRecipe(), 'llama', 3],
  ] as const)('%s: the rows’ logits again, from the folder alone', async (...[name, recipe, model, of]) => {
    await trainTiny({ folder: path(), out: path(name), recipe });
    const request = { run: path(name), modelPath: goldenModel(model), to: 'onnx', out: path(`${name} out`) } as const;
    const report = await handlers.export(request, () => undefined, new Panel());
    expect(report.replay).toMatchObject({ matched: of, of });
    expect(report.replay.largestDifference).toBeLessThan(1e-4);
    const names = report.files.map((file) => file.name);
    expect(names).toEqual(expect.arrayContaining(['model.onnx', 'model.onnx.data', 'README.md', 'labels.json']));
    expect(await readFile(join(report.folder, 'README.md'), 'utf8')).toContain('int64 input_ids');
  });
});
