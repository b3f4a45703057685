/** Templates: what one may be, rows laid out by it on every kind of tokenizer, label words, and runs that answer with them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Architecture } from '../../../engine/models/model.ts';
import { dealTokens, readTemplate } from '../../../engine/spec/methods/template.ts';
import { labelTokens, layOut, layoutOf } from '../../../engine/tasks/template.ts';
import { Runtime } from '../../../engine/runtime/session.ts';
import { Machine } from '../../../engine/train/machine.ts';
import { openArchitecture } from '../../../engine/train/prepare.ts';
import { createSetup } from '../../../engine/train/setup.ts';
import { loadWeights } from '../../../engine/train/weights.ts';
import { goldenModel, Panel, shared, useFolder } from '../../support/engine-fixtures.ts';
import { handlers, readPredictions, textRecipe, textRows, trainTiny, writeRows } from '../../support/tiny-runs.ts';

const path = useFolder();

describe('a template', () => {
  test('is words, learned tokens and the label, in their order', () => {
    expect(readTemplate('{virtual:3} The mood of "{text}" is{virtual} {label}').parts).toEqual([
      { kind: 'virtual', count: 3 },
      { kind: 'words', words: ' The mood of "{text}" is' },
      { kind: 'virtual', count: null },
      { kind: 'label', spaced: true },
    ]);
  });

  test.each([
    ['{virtual} no text', '{text}'],
    ['{text} {text}', 'once'],
    ['{text} {label} behind', 'ends in {label}'],
    ['{text} {label} {label}', 'once at most'],
    ['{mask} {text} {label}', 'once at most'],
    ['{text} {mood}', 'nothing else in braces'],
    ['{text} {virtual:many}', 'nothing else in braces'],
  ])('%j is refused with what is legal', (template, legal) => {
    expect(readTemplate(template).problem).toContain(legal);
  });

  test('deals learned tokens to slots without a count', () => {
    const deal = (template: string, total: number) => dealTokens(readTemplate(template).parts, total);
    expect(deal('{virtual} {text} {virtual:2} {virtual}', 7)).toEqual([3, 2, 2]);
    expect(deal('{virtual:3} {text} {virtual:3}', 6)).toEqual([3, 3]);
    expect([deal('{virtual:3} {text}', 4), deal('{virtual:3} {text}', 2), deal('{text}', 0)]).toEqual([null, null, []]);
  });
});

const laid = (text: string, virtualTokens: number, kind: Architecture['kind'] = 'encoder') =>
  layoutOf({ text, virtualTokens, labelWords: {} }, kind);

describe.each(['bert', 'roberta', 'llama', 'mistral'])('rows of %s', (model) => {
  const text = 'a small red house by the lake';
  const at = async (template: string, { tokens = 3, maxLength = 64, pair = '' } = {}) => {
    const { base, architecture } = await openArchitecture(goldenModel(model));
    try {
      const { tokenizer } = base;
      const layout = laid(template, tokens, architecture.kind);
      const [row] = await layOut([{ text, pair }], { layout, tokenizer, kind: architecture.kind, maxLength });
      const plain = await tokenizer.encode(text);
      const decode = (ids: readonly number[]) =>
        tokenizer.decode(
          ids.filter((id) => id >= 0),
          { skipSpecialTokens: true },
        );
      return { ids: row?.ids ?? [], cut: row?.cut, plain: plain.ids, read: await decode(row?.ids ?? []), decode };
    } finally {
      await base.close();
    }
  };

  test('without a template’s words and tokens are those of the text alone', async () => {
    const { ids, plain, cut } = await at('{text}', { tokens: 0 });
    expect([ids, cut]).toEqual([plain, false]);
  });

  test('hold the words and the learned tokens where they were put', async () => {
    const { ids, read, decode } = await at('{virtual:1} The house: {text}{virtual} is it', { tokens: 4 });
    expect(ids.filter((id) => id < 0)).toEqual([-1, -2, -3, -4]);
    const [first, second] = [ids.indexOf(-1), ids.indexOf(-2)];
    expect((await decode(ids.slice(0, first))).trim()).toBe('');
    expect((await decode(ids.slice(first, second))).replaceAll(' ', '').toLowerCase()).toBe(
      `the house: ${text}`.replaceAll(' ', ''),
    );
    expect(read.toLowerCase()).toContain('is it');
  });

  test('that are too long lose the end of their text, not the template’s words', async () => {
    const whole = await at('Think. {text} {virtual} Which is it?');
    const words = whole.ids.filter((id) => id >= 0).length;
    const cut = await at('Think. {text} {virtual} Which is it?', { maxLength: words - 3 });
    expect([whole.cut, cut.cut, cut.ids.filter((id) => id >= 0).length]).toEqual([false, true, words - 3]);
    const behind = (ids: readonly number[]) => ids.slice(ids.indexOf(-3));
    expect(behind(cut.ids)).toEqual(behind(whole.ids));
    const before = cut.ids.slice(0, cut.ids.indexOf(-1));
    expect(before).toEqual(whole.ids.slice(0, before.length));
    await expect(at('Think. {text} {virtual} Which is it?', { maxLength: 4 })).rejects.toMatchObject({
      code: 'recipe.field',
      data: { path: 'method.template' },
    });
  });
});

describe('a mask', () => {
  const text = 'a small [MASK] house <mask> by the lake';
  const rowOf = async (model: string, template: string, { maxLength = 64, virtualTokens = 0 } = {}) => {
    const { base, architecture } = await openArchitecture(goldenModel(model));
    const { tokenizer } = base;
    await base.close();
    const options = { layout: laid(template, virtualTokens), tokenizer, kind: architecture.kind, maxLength };
    const [row] = await layOut([{ text }], options);
    const { token = '', id = -1 } = tokenizer.special.mask ?? {};
    const whole = await tokenizer.encode(template.replace('{text}', text).replace('{mask}', token));
    return { ids: row?.ids ?? [], at: row?.mask ?? -1, mask: id, whole: whole.ids };
  };
  const encoders = ['bert', 'roberta', 'distilbert', 'electra', 'deberta-v3'];

  test.each(encoders)(
    'of %s is read as in the whole text, wherever it stands, and is found beside those of a text',
    async (model) => {
      for (const [template, nth] of [
        ['{text} It was {mask}.', -1],
        ['{mask} news: {text}', 0],
      ] as const) {
        const { ids, at, mask, whole } = await rowOf(model, template);
        expect(ids).toEqual(whole);
        const places = ids.flatMap((id, place) => (id === mask ? [place] : []));
        expect(places.length).toBe(2);
        expect(at).toBe(places.at(nth));
      }
    },
  );

  test('stays where the text loses its end, and behind learned tokens', async () => {
    const { ids, at, mask } = await rowOf('bert', '{virtual:2} {text} {virtual} so {mask} .', {
      maxLength: 8,
      virtualTokens: 3,
    });
    expect(ids.filter((id) => id >= 0).length).toBe(8);
    expect([ids[at], ids.filter((id) => id < 0)]).toEqual([mask, [-1, -2, -3]]);
    expect(at).toBeGreaterThan(ids.indexOf(-3));
  });

  test('stands at the end only where a model goes on with a text', () => {
    expect(() => laid('{text} is {mask}', 0, 'decoder')).not.toThrow();
    expect(() => laid('{text} is {mask} .', 0, 'decoder')).toThrow(
      expect.objectContaining({
        code: 'recipe.field',
        data: expect.objectContaining({ path: 'method.template' }) as unknown,
      }),
    );
  });
});

describe('a label’s word', () => {
  const words = async (
    model: string,
    template: string,
    {
      labels,
      labelWords = {},
    }: { readonly labels: readonly string[]; readonly labelWords?: Readonly<Record<string, string>> },
  ) => {
    const { base, architecture } = await openArchitecture(goldenModel(model));
    try {
      const { tokenizer } = base;
      const context = { labels, tokenizer, kind: architecture.kind };
      const ids = await labelTokens({ text: template, virtualTokens: 0, labelWords }, context);
      return ids?.map((id) => tokenizer.idToToken(id)) ?? null;
    } finally {
      await base.close();
    }
  };

  test('is asked for only where the template has a place for it', async () => {
    expect(await words('llama', '{text} is', { labels: ['x', 'y'] })).toBeNull();
  });

  test('begins behind the blank before it', async () => {
    const [spaced, close] = [
      await words('llama', '{text} is {label}', { labels: ['a', 'the'] }),
      await words('llama', '({text}){label}', { labels: ['a', 'the'] }),
    ];
    expect(spaced?.every((token) => token?.startsWith('Ġ'))).toBe(true);
    expect(close?.some((token) => token?.startsWith('Ġ'))).toBe(false);
  });

  test('may be another than its name', async () => {
    const [own, other] = [
      await words('llama', '{text} is {label}', { labels: ['xa', 'xb'], labelWords: { xa: 'a', xb: 'the' } }),
      await words('llama', '{text} is {label}', { labels: ['a', 'the'] }),
    ];
    expect(own).toEqual(other);
  });

  test('that begins as another’s is refused by name', async () => {
    await expect(words('llama', '{text} is {label}', { labels: ['the a', 'the b'] })).rejects.toMatchObject({
      code: 'method.label-words',
      data: { word: 'the b', other: 'the a' },
    });
  });

  test('that stands for two labels, or for none that there is, is refused', async () => {
    const labels = ['xa', 'xb'];
    await expect(
      words('llama', '{text} is {label}', { labels, labelWords: { xa: 'the', xb: 'the' } }),
    ).rejects.toMatchObject({ code: 'method.label-words', data: { word: 'the', other: 'the' } });
    await expect(words('llama', '{text} is {label}', { labels, labelWords: { xc: 'the' } })).rejects.toMatchObject({
      code: 'recipe.field',
      data: { path: 'method.labelWords.xc', value: 'the', legal: 'a word for one of the labels: xa, xb' },
    });
  });

  test('is a label’s own name where that is a word of JavaScript’s too', async () => {
    const [own, other] = [
      await words('llama', '{text} is {label}', { labels: ['constructor', 'a'] }),
      await words('llama', '{text} is {label}', { labels: ['xa', 'a'], labelWords: { xa: 'constructor' } }),
    ];
    expect(own).toEqual(other);
  });
});

test('a head of label words answers with their logits alone', async () => {
  const { base, architecture, config } = await openArchitecture(goldenModel('llama'));
  const ask = async (words: readonly number[] | null) => {
    const head = { name: 'causal-lm', labels: config.vocabulary, ...(words ? { words } : {}) } as const;
    const setup = createSetup({ architecture, config, head, method: null });
    const weights = await loadWeights({ base, setup, seed: 1 });
    const machine = new Machine({ runtime: await Runtime.open(), device: 'cpu', threads: 1, setup, base, weights });
    const rows = [11, 12].map((id) => ({ ids: [5, id, 7], types: null, answers: [{ position: 2, label: 0 }] }));
    const logits = await machine.logits(rows);
    await machine.release();
    return logits;
  };
  const [all, chosen] = [await ask(null), await ask([40, 9, 200])];
  await base.close();
  expect(chosen).toEqual(all.map((row) => Float32Array.from([40, 9, 200], (id) => row[id] ?? NaN)));
});

describe('a run with a template', () => {
  beforeAll(async () => {
    await writeRows(path('train.csv'), textRows(32, 1));
    await writeRows(path('test.csv'), textRows(21, 77));
  });
  // The small tokenizers cut a blank off the words behind it.
  const cloze = '{virtual:2} {text}{virtual} feels:{label}';
  const gap = '{virtual:2} {text}{virtual} feels:{mask} today.';
  const words = '{text} feels:{mask} today.';
  const behind = '{text} feels:{label}';
  const labelWords = { glad: 'happy', calm: 'slow', sad: 'grey' };
  const pTuning = { name: 'p-tuning', virtualTokens: 6, encoder: 'lstm', encoderSize: 8 };
  const deep = { name: 'p-tuning-v2', virtualTokens: 4 };
  test.each([
    ['anchors before a new head', 'bert', { ...pTuning, template: '{virtual} {text} {virtual} mood' }],
    ['label words behind learned tokens', 'llama', { ...pTuning, encoder: 'embedding', template: cloze, labelWords }],
    ['label words over deep prompts', 'gpt2', { ...deep, template: behind, labelWords }],
    ['a word for a mask between anchors', 'bert', { ...pTuning, template: gap, labelWords }],
    ['a word for a mask', 'roberta', { ...pTuning, encoder: 'mlp', template: gap, labelWords }],
    ['a word for a mask without segments', 'distilbert', { ...pTuning, template: gap, labelWords }],
    [
      'label words behind a prompt',
      'smollm',
      { name: 'prompt', virtualTokens: 6, init: 'vocabulary', template: cloze, labelWords },
    ],
    [
      'a word for a mask with corrected layers',
      'roberta',
      { name: 'lora', r: 2, alpha: 4, targetModules: ['all-linear'], template: words, labelWords },
    ],
    ['a word for a mask in a model that learns whole', 'bert', { name: 'full', template: words, labelWords }],
    ['a word for a mask over deep prompts', 'bert', { ...deep, template: behind, labelWords }],
    ['label words behind a prefix', 'llama', { name: 'prefix', virtualTokens: 4, template: behind, labelWords }],
    ['label words over adapters', 'gpt2', { name: 'adapter', template: behind, labelWords }],
    ['a word for a mask over adapters', 'bert', { name: 'adapter', template: words, labelWords }],
    ['label words of scaled layers', 'smollm', { name: 'ia3', template: behind, labelWords }],
    ['label words of the last layer', 'smollm', { name: 'linear-probe', template: behind, labelWords }],
    ['a word for a mask of the last layer', 'roberta', { name: 'linear-probe', template: words, labelWords }],
  ])('%s on %s: trains, is saved, and answers the same when opened', async (title, model, method) => {
    const recipe = textRecipe({ model: goldenModel(model), method, training: { epochs: 4, learningRate: 0.05 } });
    const { metrics } = await trainTiny({ folder: path(), out: path(title), recipe });
    expect(metrics.tuned).toMatchObject({ n: 21 });
    const request = { run: path(title), modelPath: goldenModel(model), to: 'peft', out: path(`${title} out`) } as const;
    const { replay } = await handlers.export(request, () => undefined, new Panel());
    expect(replay.matched).toBe(20);
    const lines = await readPredictions(path(title));
    const [line] = lines;
    expect(line && 'logits' in line ? line.logits?.length : 0).toBe(3);
    const asked = {
      adapter: path(`${title} out`),
      modelPath: goldenModel(model),
      prompt: line && 'text' in line ? line.text : '',
    };
    const answer = await handlers.generate(
      { ...asked, maxNewTokens: 1, seed: 1, temperature: 0 },
      () => undefined,
      new Panel(),
    );
    expect(answer.text).toBe(line?.prediction);
    const card = await readFile(path(`${title} out`, 'README.md'), 'utf8');
    expect(card).toContain(method.template);
  });

  test.each([
    [
      'a gap inside of a text that is gone on with',
      { model: goldenModel('llama'), method: { ...pTuning, template: gap } },
    ],
    ['more learned tokens than slots take', { method: { ...pTuning, template: '{virtual:2} {text}' } }],
    ['slots where the tokens are not words', { method: { ...deep, template: '{virtual:2} {text}' } }],
    ['no text', { method: { ...pTuning, template: '{virtual}' } }],
    ['a share of learned tokens that there are not', { method: { name: 'lora', template: '{virtual} {text}' } }],
  ])('is refused: %s', async (title, changed) => {
    const run = trainTiny({ folder: path(), out: path(`refused ${title}`), recipe: textRecipe(changed) });
    await expect(run).rejects.toMatchObject({ code: 'recipe.field', data: { path: 'method.template' } });
  });

  test.each([
    ['a discriminator', goldenModel('electra')],
    ['a model of sentences', join(shared, 'models/minilm-l6')],
  ])('says which layer %s lacks to name words', async (title, model) => {
    const recipe = textRecipe({ model, method: { ...pTuning, template: gap, labelWords } });
    const run = trainTiny({ folder: path(), out: path(`wordless ${title}`), recipe });
    await expect(run).rejects.toMatchObject({ code: 'model.no-words' });
  });
});
