/** What learned tokens start from, what they refuse, and PEFT's files of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { methodFromPeft, methodOf } from '../../../engine/methods/registry.ts';
import { isLanguageModel, type HeadName } from '../../../engine/models/model.ts';
import { Runtime } from '../../../engine/runtime/session.ts';
import type { Json } from '../../../engine/spec/json.ts';
import { methodPreset, type MethodConfig } from '../../../engine/spec/methods/index.ts';
import type { PrefixConfig } from '../../../engine/spec/methods/prefix.ts';
import { noTemplate } from '../../../engine/spec/methods/template.ts';
import type { PromptConfig } from '../../../engine/spec/methods/prompt.ts';
import { openArchitecture } from '../../../engine/train/prepare.ts';
import { createSetup } from '../../../engine/train/setup.ts';
import { startValues } from '../../../engine/train/start.ts';
import { classify, listCases } from '../../parity/cases.ts';
import { openReference } from '../../parity/reference.ts';
import { goldenModel, loadMachine, randomRows, shared } from '../../support/engine-fixtures.ts';

const prompt: PromptConfig = {
  name: 'prompt',
  virtualTokens: 4,
  init: 'text',
  initText: 'Is this review positive or negative?',
  transformerSubmodules: 1,
  ...noTemplate,
  modulesToSave: null,
};
const prefix: PrefixConfig = {
  name: 'prefix',
  virtualTokens: 4,
  init: 'activations',
  initText: 'once upon a time there was',
  projection: false,
  encoderSize: null,
  ...noTemplate,
  modulesToSave: null,
};

interface Start {
  readonly model: string;
  readonly head?: HeadName;
  readonly method: MethodConfig;
  readonly labels?: readonly string[];
  readonly seed?: number;
}

/** The start values, and the model's word embeddings and tokenizer. */
async function start({ model, head = 'causal-lm', method, labels = [], seed = 1 }: Start) {
  const { base, architecture, config } = await openArchitecture(goldenModel(model));
  try {
    const size = isLanguageModel(head) ? config.vocabulary : labels.length;
    const setup = createSetup({ architecture, config, head: { name: head, labels: size }, method });
    await Runtime.open();
    const values = await startValues({ base, setup, labels, seed, device: 'cpu', threads: 1 });
    const name = `${architecture.wordEmbeddings(head)}.weight`;
    const words = await base.weights.read(
      architecture.stored(name, head).find((own) => base.weights.entry(own)) ?? name,
    );
    const width = config.embeddingSize ?? config.hidden;
    const word = (id: number): number[] => Array.from(words.subarray(id * width, (id + 1) * width));
    const table = values.get('prompt_embeddings') ?? new Float32Array();
    const rows = Array.from({ length: table.length / width }, (_, row) =>
      Array.from(table.subarray(row * width, (row + 1) * width)),
    );
    const idsOf = async (text: string) => (await base.tokenizer.encode(text, { addSpecialTokens: false })).ids;
    return { values, rows, word, idsOf, vocabulary: config.vocabulary };
  } finally {
    await base.close();
  }
}

describe('a prompt starts', () => {
  test('from a text as PEFT’s does', async () => {
    const { values } = await start({ model: 'llama', method: prompt });
    const reference = await openReference(join(shared, 'golden/cases/llama-causallm-prompt-text'));
    expect(values.get('prompt_embeddings')).toEqual(reference.floats('init.prompt_embeddings').values);
  });

  test('where the model makes its words larger, as large as they are read', async () => {
    const method = { ...prompt, virtualTokens: 1 };
    const { rows, word } = await start({ model: 'gemma3', method });
    const all = rows.flat();
    const scale = Math.sqrt(all.length);
    // Its tokenizer opens a text with <bos>, 2.
    word(2).forEach((value, at) => {
      expect(all[at]).toBeCloseTo(value * scale, 5);
    });
  });

  test('from a short text repeated', async () => {
    const { rows } = await start({
      model: 'bert',
      head: 'token-classification',
      labels: ['B', 'O'],
      method: { ...prompt, virtualTokens: 9, initText: 'a' },
    });
    // [CLS] a [SEP], three times.
    expect([rows.slice(3, 6), rows.slice(6)]).toEqual([rows.slice(0, 3), rows.slice(0, 3)]);
    expect(rows[0]).not.toEqual(rows[1]);
  });

  test('from words of the vocabulary, which the seed draws', async () => {
    const drawn = await start({ model: 'smollm', method: { ...prompt, init: 'vocabulary', virtualTokens: 8 } });
    const all = Array.from({ length: drawn.vocabulary }, (_, id) => drawn.word(id).join());
    expect(drawn.rows.filter((row) => !all.includes(row.join()))).toEqual([]);
    expect(new Set(drawn.rows.map((row) => row.join())).size).toBeGreaterThan(4);
    const again = { model: 'smollm', method: { ...prompt, init: 'vocabulary', virtualTokens: 8 } } as const;
    expect((await start(again)).rows).toEqual(drawn.rows);
    expect((await start({ ...again, seed: 2 })).rows).not.toEqual(drawn.rows);
  });

  test('from the labels, each the mean of its name’s tokens, and words behind them', async () => {
    const labels = ['good', 'rather bad'];
    const { rows, word, idsOf, vocabulary } = await start({
      model: 'roberta',
      head: 'sequence-classification',
      method: { ...prompt, init: 'labels', initText: null },
      labels,
    });
    const means = await Promise.all(
      labels.map(async (label) => {
        const ids = await idsOf(label);
        return word(0).map((_, at) => ids.reduce((sum, id) => sum + (word(id)[at] ?? NaN), 0) / ids.length);
      }),
    );
    means.forEach((mean, row) => {
      mean.forEach((value, at) => {
        expect(rows[row]?.[at]).toBeCloseTo(value, 6);
      });
    });
    const all = Array.from({ length: vocabulary }, (_, id) => word(id).join());
    expect([rows.length, rows.slice(2).every((row) => all.includes(row.join()))]).toEqual([4, true]);
  });

  test('from words where there are no labels', async () => {
    const { rows } = await start({ model: 'llama', method: { ...prompt, init: 'labels', initText: null } });
    expect(rows.length).toBe(4);
  });
});

describe('a prefix that starts from activations', () => {
  test.each(['llama', 'smollm'])('%s reads on as if the text stood before the row', async (model) => {
    const { base } = await openArchitecture(goldenModel(model));
    const text = (await base.tokenizer.encode(prefix.initText ?? '')).ids;
    await base.close();
    const method = { ...prefix, virtualTokens: text.length };
    const { values } = await start({ model, method });
    const machineOf = { model: goldenModel(model), head: 'causal-lm' } as const;
    const [plain, tuned] = [await loadMachine(machineOf), await loadMachine({ ...machineOf, method, known: values })];
    const rows = randomRows([7, 5], { answers: 'next' });
    const behind = rows.map((row) => ({
      ...row,
      ids: [...text, ...row.ids],
      types: null,
      answers: row.answers.map(({ position, label }) => ({ position: position + text.length, label })),
    }));
    const [expected, found] = [await plain.machine.logits(behind), await tuned.machine.logits(rows)];
    const far = found.map((logits, row) =>
      Math.max(...logits.map((value, at) => Math.abs(value - (expected[row]?.[at] ?? NaN)))),
    );
    expect(far.every((distance) => distance < 1e-5)).toBe(true);
    for (const { machine, base: opened } of [plain, tuned]) {
      await machine.release();
      await opened.close();
    }
  });

  test('fills the slices that PEFT hands to an encoder–decoder’s decoder, and no others', async () => {
    const { values } = await start({ model: 't5', head: 'seq2seq-lm', method: prefix });
    const table = values.get('prompt_embeddings') ?? new Float32Array();
    // Two layers: both read slices 0 and 1 of the four.
    const slice = (index: number): Float32Array =>
      table.subarray((index * table.length) / 16, ((index + 1) * table.length) / 16);
    const used = Array.from({ length: 16 }, (_, index) => slice(index).every((value) => value !== 0));
    const empty = Array.from({ length: 16 }, (_, index) => slice(index).every((value) => value === 0));
    expect(used.map((_, index) => index % 4 < 2)).toEqual(used);
    expect(empty.map((_, index) => index % 4 >= 2)).toEqual(empty);
  });

  test('is refused behind a network that writes it', async () => {
    const method: MethodConfig = { ...prefix, projection: true };
    await expect(start({ model: 'llama', method })).rejects.toMatchObject({
      code: 'recipe.field',
      data: { path: 'method.init', value: '"activations"' },
    });
  });
});

test.each(['distilbert', 'deberta-v3'])('%s, which reads no earlier keys, names the models that do', async (model) => {
  const labels = ['a', 'b'];
  for (const name of ['prefix', 'p-tuning-v2'] as const) {
    const method = methodPreset(name, 'balanced', {
      task: 'text-classification',
      architecture: model,
      parameters: null,
    });
    await expect(start({ model, head: 'sequence-classification', method, labels })).rejects.toMatchObject({
      code: 'method.architecture',
      data: { method: name, possible: expect.stringContaining('bert, roberta') as string },
    });
  }
});

const once = (names: Json): Json => (Array.isArray(names) ? [...new Set(names)] : names);

describe('PEFT’s adapter_config.json', () => {
  const prompts: readonly string[] = ['prefix', 'prompt', 'ptuning', 'ptuning-v2'];
  const cases = listCases(join(shared, 'golden')).flatMap(({ folder, file }) => {
    const supported = prompts.includes(file.method) ? classify(file) : null;
    return supported?.kind === 'supported' ? [{ name: file.name, folder, file, head: supported.head }] : [];
  });

  test.each(cases)('$name is written as PEFT wrote it', async ({ folder, file, head }) => {
    const path = join(folder, 'adapter/adapter_config.json');
    const theirs = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Json>;
    const { base, architecture, config } = await openArchitecture(join(folder, file.base_model));
    await base.close();
    const read = methodFromPeft(theirs, path);
    const labels = file.num_labels ?? (head === 'question-answering' ? 2 : config.vocabulary);
    const { target } = createSetup({ architecture, config, head: { name: head, labels }, method: read });
    const taskType = file.task as 'SEQ_CLS';
    const ours = methodOf(read).peft?.config(read, { baseModel: `models/${file.model}`, taskType, target }) ?? {};
    // What training started from is not kept: loading needs no tokenizer.
    const started = {
      ...theirs,
      prompt_tuning_init: 'RANDOM',
      prompt_tuning_init_text: null,
      tokenizer_name_or_path: null,
      // PEFT puts its own names behind a list that has them already.
      modules_to_save: once(theirs['modules_to_save'] ?? null),
    };
    const expected = Object.keys(ours).map((key) => [key, started[key as keyof typeof started] ?? null]);
    expect(ours).toEqual(Object.fromEntries(expected));
    const required = ['peft_type', 'task_type', 'num_virtual_tokens', 'token_dim', 'num_layers', 'num_attention_heads'];
    expect(required.filter((key) => !(key in ours))).toEqual([]);
  });

  test('is read back as what was written', () => {
    const read = (raw: Record<string, Json>, trained: MethodConfig | null = null): MethodConfig =>
      methodFromPeft({ num_virtual_tokens: 7, ...raw }, 'adapter_config.json', trained);
    const { name } = read({ peft_type: 'PREFIX_TUNING', task_type: 'SEQ_CLS' });
    expect(name).toBe('p-tuning-v2');
    expect(read({ peft_type: 'PREFIX_TUNING', task_type: 'SEQ_CLS' }, prefix).name).toBe('prefix');
    expect(read({ peft_type: 'PREFIX_TUNING', task_type: 'CAUSAL_LM' }).name).toBe('prefix');
    expect(read({ peft_type: 'PROMPT_TUNING', task_type: 'SEQ_2_SEQ_LM' })).toMatchObject({ transformerSubmodules: 2 });
  });

  test.each([
    [{ num_virtual_tokens: 0 }, 'num_virtual_tokens'],
    [{ num_virtual_tokens: 'many' }, 'num_virtual_tokens'],
    [{ prompt_tuning_init: 'MAGIC' }, 'prompt_tuning_init'],
    [{ num_transformer_submodules: 3 }, 'num_transformer_submodules'],
    [{ peft_type: 'P_TUNING', encoder_reparameterization_type: 'GRU' }, 'encoder_reparameterization_type'],
    [{ peft_type: 'P_TUNING', encoder_dropout: 1 }, 'encoder_dropout'],
    [{ peft_type: 'PREFIX_TUNING', prefix_projection: 'yes' }, 'prefix_projection'],
    [
      { peft_type: 'PREFIX_TUNING', task_type: 'SEQ_2_SEQ_LM', num_transformer_submodules: 1 },
      'num_transformer_submodules',
    ],
    [{ modules_to_save: [3] }, 'modules_to_save'],
  ])('%j is refused by name', (wrong, field) => {
    const raw = { peft_type: 'PROMPT_TUNING', num_virtual_tokens: 4, ...wrong };
    expect(() => methodFromPeft(raw, 'adapter_config.json')).toThrow(
      expect.objectContaining({ code: 'model.config', data: expect.objectContaining({ field }) as unknown }),
    );
  });
});
