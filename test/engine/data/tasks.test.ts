/** Data sets of each task: dealt with their labels in proportion, shown, judged, and refused where nothing can be learned. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDataRoom, type Dataset } from '../../../engine/data/dataset.ts';
import { guessMapping } from '../../../engine/data/mapping.ts';
import { readTable } from '../../../engine/data/read.ts';
import { checkTrainable } from '../../../engine/data/trainable.ts';
import type { DataRequest } from '../../../engine/spec/commands.ts';
import { taskNames, type Columns } from '../../../engine/spec/tasks.ts';
import { request, scratch, shared } from './files.ts';

const write = scratch();
let files = 0;

async function file(rows: readonly object[]): Promise<string> {
  files += 1;
  return write(`${String(files)}.jsonl`, rows.map((row) => JSON.stringify(row)).join('\n'));
}

async function load(rows: readonly object[], columns: Columns, more: Partial<DataRequest> = {}): Promise<Dataset> {
  return createDataRoom().loadDataset(request(await file(rows), { columns, ...more }));
}

async function refusal(rows: readonly object[], columns: Columns, test?: readonly object[]): Promise<unknown> {
  const dataset = await load(rows, columns, test === undefined ? {} : { test: [await file(test)] });
  try {
    checkTrainable(dataset);
    return 'trainable';
  } catch (error) {
    const { code, data } = error as { code: string; data: Record<string, unknown> };
    return { code, ...data, path: undefined };
  }
}

const numbered = (count: number, row: (index: number) => object): object[] =>
  Array.from({ length: count }, (_, index) => ({ t: `text number ${String(index)} of a list`, ...row(index) }));

describe('the split', () => {
  const half = { validation: 0.5, test: 0, seed: 1 };

  it('deals many labels by the rarest of a row', async () => {
    const rows = numbered(40, (index) => ({ l: index < 4 ? ['rare', 'common'] : ['common'] }));
    const dataset = await load(rows, { text: 't', label: 'l', labels: 'many' }, { split: half });
    const rare = [dataset.train, dataset.validation].map((part) =>
      part.filter((example) => 'labels' in example && example.labels.includes('rare')),
    );
    expect([dataset.labels, rare.map(({ length }) => length)]).toEqual([
      ['common', 'rare'],
      [2, 2],
    ]);
  });

  it('deals tagged rows by their rarest entity, choices by the right one, questions by whether they have an answer', async () => {
    const words = numbered(40, (index) => ({ w: 'a b', g: index < 4 ? 'B-RARE O' : index < 20 ? 'B-USUAL O' : 'O O' }));
    const tokens = await load(words, { words: 'w', tags: 'g' }, { split: half });
    const quiz = numbered(40, (index) => ({ c: ['x', 'y'], a: index < 4 ? 1 : 0 }));
    const choices = await load(quiz, { question: 't', choices: 'c', answer: 'a' }, { split: half });
    const asked = numbered(40, (index) => ({ c: 'x y', a: index < 4 ? '' : 'x' }));
    const questions = await load(asked, { question: 't', context: 'c', answers: 'a' }, { split: half });
    const rare = (example: Dataset['train'][number]): boolean =>
      'words' in example
        ? example.spans.some(({ label }) => label === 'RARE')
        : 'choices' in example
          ? example.answer === 1
          : 'answers' in example && example.answers.length === 0;
    expect([tokens, choices, questions].map(({ validation }) => validation.filter(rare).length)).toEqual([2, 2, 2]);
  });
});

describe('labels', () => {
  it('of entities are both tags of each, of the training files alone, in the order of code points', async () => {
    const test = [await file([{ w: 'a', g: 'B-NEW' }])];
    const dataset = await load(
      numbered(4, (index) => ({ w: 'a b', g: index === 0 ? 'B-b I-b' : 'O B-A' })),
      { words: 'w', tags: 'g' },
      { test },
    );
    expect([dataset.labels, 'unseen' in dataset && dataset.unseen]).toEqual([
      ['B-A', 'B-b', 'I-A', 'I-b', 'O'],
      { path: test[0], row: 1, label: 'NEW' },
    ]);
  });

  it('of numbers, choices, passages and texts are none', async () => {
    const rows = numbered(4, (n) => ({ n, c: ['x', 'y'], a: 'x' }));
    const sets = await Promise.all([
      load(rows, { text: 't', label: 'n', labels: 'number' }),
      load(rows, { question: 't', choices: 'c', answer: 'a' }),
      load(rows, { question: 't', context: 't', answers: 'a' }),
      load(rows, { source: 't', target: 'a' }),
      load(rows, { text: 't' }),
    ]);
    expect(sets.map(({ labels }) => labels)).toEqual([[], [], [], [], []]);
  });
});

describe('what nothing can be learned from', () => {
  const marked = (spans: readonly unknown[]) => numbered(3, () => ({ s: spans }));
  const spans = { text: 't', spans: 's' } as const;

  it('is a span that does not lie on its text', async () => {
    const rows = [
      ...marked([{ start: 0, end: 4, label: 'A' }]),
      { t: 'short', s: [{ start: 2, end: 40, label: 'A' }] },
    ];
    expect(await refusal(rows, spans)).toEqual({
      code: 'data.bad-span',
      row: 4,
      span: '{"start":2,"end":40,"label":"A"}',
      reason: 'it ends past the text, which has 5 characters',
    });
  });

  it('is not a span that overlaps another: its row is left out', async () => {
    const rows = [
      ...marked([{ start: 0, end: 4, label: 'A' }]),
      ...marked([
        [0, 4, 'A'],
        [2, 6, 'B'],
      ]),
    ];
    expect(await refusal(rows, spans)).toBe('trainable');
  });

  it('is one answer everywhere', async () => {
    expect(await refusal(marked([]), spans)).toEqual({ code: 'data.one-class', column: 's', label: 'O', rows: 3 });
    expect(
      await refusal(
        numbered(4, () => ({ n: 2 })),
        { text: 't', label: 'n', labels: 'number' },
      ),
    ).toEqual({
      code: 'data.one-class',
      column: 'n',
      label: '2',
      rows: 4,
    });
    expect(
      await refusal(
        numbered(4, () => ({ l: ['a', 'b'] })),
        { text: 't', label: 'l', labels: 'many' },
      ),
    ).toEqual({
      code: 'data.one-class',
      column: 'l',
      label: 'a, b',
      rows: 4,
    });
  });

  it('is a test row with a label or an entity that no learning row has', async () => {
    const many = (labels: readonly string[]) => numbered(4, (index) => ({ l: index === 0 ? [] : labels }));
    expect(await refusal(many(['a']), { text: 't', label: 'l', labels: 'many' }, many(['a', 'z']))).toEqual({
      code: 'data.unseen-label',
      row: 2,
      label: 'z',
      known: 'a',
    });
    expect(await refusal(marked([[0, 4, 'A']]), spans, marked([[0, 4, 'Z']]))).toEqual({
      code: 'data.unseen-label',
      row: 1,
      label: 'Z',
      known: 'B-A, I-A, O',
    });
  });

  it('is no row at all, or one', async () => {
    expect(await refusal([{ a: '', b: 'x' }], { source: 'a', target: 'b' })).toEqual({ code: 'data.no-rows' });
    expect(await refusal([{ a: 'y', b: 'x' }], { source: 'a', target: 'b' })).toEqual({
      code: 'data.too-few-rows',
      rows: 1,
      needed: 2,
    });
  });
});

describe('the report', () => {
  it('shows every task as the model reads it', async () => {
    const firstRow = async (name: string): Promise<unknown> => {
      const table = await readTable(join(shared, name));
      const columns = guessMapping([table], taskNames)?.columns ?? null;
      const { rows } = await createDataRoom().dataRows({ ...request(table.path, { columns }), offset: 0, limit: 1 });
      return [rows[0]?.input.slice(0, 60), rows[0]?.answer];
    };
    expect(
      await Promise.all(
        [
          'awkward/spans-wrong.jsonl',
          'awkward/squad-wrong-offsets.json',
          'word-quiz/test.jsonl',
          'chinese-levels/test.csv',
          'translation-en-fr/test.tsv',
          'moby-dick/test.txt',
        ].map(firstRow),
      ),
    ).toEqual([
      ['Please send it to Berlin on 3 May.', 'PLACE: Berlin'],
      ['When does it open?\n\nThe shop opens at nine and closes at six', 'nine'],
      [
        'What does "wild hyacinth" mean?\nA. European perennial with m',
        'B. eastern camas; eastern and central North America',
      ],
      ['这个工具很用得着。', '6'],
      ['Spanish', 'Espagnol'],
      ['CHAPTER 66. The Shark Massacre.', ''],
    ]);
  });

  it('counts entities and many labels, and tells a misspelt one', async () => {
    const rows = numbered(30, (index) => ({ s: [[0, 4, index === 7 ? 'Persn' : 'Person']] }));
    const view = await createDataRoom().describeData(request(await file(rows), { columns: { text: 't', spans: 's' } }));
    expect([view.labels, view.findings.filter(({ code }) => code === 'label-variants')]).toMatchObject([
      [
        { name: 'Person', count: 29 },
        { name: 'Persn', count: 1 },
      ],
      [{ severity: 'care' }],
    ]);
  });

  it('keeps to a task it is asked for, and says what a file lacks for it', async () => {
    const path = join(shared, 'home-intents', 'test.csv');
    await expect(createDataRoom().loadDataset(request(path, { task: 'chat' }))).rejects.toMatchObject({
      code: 'data.column-missing',
      data: { column: 'messages', columns: 'text, intent' },
    });
  });
});

describe('awkward files', () => {
  const awkward = async (name: string): Promise<Dataset> => {
    const table = await readTable(join(shared, 'awkward', name));
    const columns = guessMapping([table], taskNames)?.columns ?? null;
    return createDataRoom().loadDataset(request(table.path, { columns, split: { validation: 0, test: 0, seed: 1 } }));
  };

  it('keeps the good spans, counted in code points', async () => {
    const { train } = await awkward('spans-wrong.jsonl');
    expect(
      train.map((example) =>
        'spans' in example ? example.spans.map(({ start, end }) => [...example.text].slice(start, end).join('')) : [],
      ),
    ).toEqual([['Berlin'], ['Madrid', '3 May']]);
  });

  it('keeps five sentences of a faulty CoNLL file', async () => {
    const { train } = await awkward('conll-faults.conll');
    expect(train.map((example) => ('words' in example ? [example.text, example.spans.length] : []))).toEqual([
      ['Berlin is big', 1],
      ['New York too', 1],
      ['Anna lives here', 1],
      ['Paris wins', 1],
      ['Rome is old', 1],
    ]);
  });

  it('mends the place of an answer, and leaves out one that its passage does not have', async () => {
    const { train } = await awkward('squad-wrong-offsets.json');
    expect(train.map((example) => ('answers' in example ? [example.row, example.answers] : []))).toEqual([
      [1, [{ text: 'nine', start: 18 }]],
      [2, [{ text: 'six', start: 37 }]],
      [4, []],
    ]);
  });

  it('parts several labels of a cell when it is told that there are many', async () => {
    const path = join(shared, 'awkward', 'several-labels-per-row.csv');
    const columns = { text: 'text', label: 'labels', labels: 'many' } as const;
    const { labels } = await createDataRoom().loadDataset(request(path, { columns }));
    expect(labels).toEqual(['billing', 'delivery', 'praise', 'technical', 'urgent', 'vip']);
  });
});
