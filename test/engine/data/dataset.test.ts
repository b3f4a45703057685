/**
 * The data room: data sets as the trainer needs them, reports as the screen shows them, and refusals where nothing
 * can be learned.
 */
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDataRoom } from '../../../engine/data/dataset.ts';
import { checkTrainable } from '../../../engine/data/trainable.ts';
import type { DataRequest } from '../../../engine/spec/commands.ts';
import { request, scratch, shared } from './files.ts';

const write = scratch();
const intents = (split: string): string => join(shared, 'home-intents', `${split}.csv`);

describe('loadDataset', () => {
  it('gives train, check and test rows of a real set, guessed', async () => {
    const dataset = await createDataRoom().loadDataset(request(intents('train'), { test: [intents('test')] }));
    const { task, columns, guessed, train, validation, test, labels } = dataset;
    expect({
      task,
      columns,
      guessed,
      sizes: [train.length, validation.length, test.length],
      labels: labels.length,
      sorted: labels.toSorted(),
    }).toEqual({
      task: 'text-classification',
      columns: { text: 'text', label: 'intent' },
      guessed: true,
      sizes: [1731, 192, 409],
      labels: 19,
      sorted: labels,
    });
    expect(test.map(({ row }) => row)).toEqual(Array.from({ length: 409 }, (_, index) => index + 1));
  });

  it('cuts nothing for parts that have files of their own', async () => {
    const split = { validation: 0.2, test: 0.2, seed: 1 };
    const sizes = async (more: Partial<DataRequest>): Promise<number[]> => {
      const { train, validation, test } = await createDataRoom().loadDataset(
        request(intents('train'), { split, ...more }),
      );
      return [train.length, validation.length, test.length];
    };
    expect(await sizes({ test: [intents('test')], validation: [intents('test')] })).toEqual([1923, 409, 409]);
    expect(await sizes({ test: [intents('test')] })).toEqual([1538, 385, 409]);
    expect(await sizes({})).toEqual([1153, 385, 385]);
  });

  it('calls the rows to learn from few by their sum, and no test file', async () => {
    const rows = (count: number): string => `text,label\n${'a b,x\nc d,y\n'.repeat(count / 2)}`;
    const [small, more, test] = [
      await write('small.csv', rows(12)),
      await write('more.csv', rows(12)),
      await write('few-test.csv', rows(4)),
    ];
    const few = async (train: readonly string[]): Promise<unknown> => {
      const { findings } = await createDataRoom().loadDataset(request([...train], { test: [test] }));
      return findings.filter(({ code }) => code === 'few-rows').map(({ data }) => data['count']);
    };
    expect([await few([small]), await few([small, more])]).toEqual([[12], []]);
  });

  it('reads several files as one, rows in file order', async () => {
    const first = await write('first.csv', 'text,label\na,x\nb,y\n');
    const second = await write('second.jsonl', '{"text":"c","label":"x"}\n{"text":"d","label":"y"}\n');
    const { train } = await createDataRoom().loadDataset(
      request([first, second], { split: { validation: 0, test: 0, seed: 1 } }),
    );
    expect(train).toEqual([
      { row: 1, text: 'a', label: 'x' },
      { row: 2, text: 'b', label: 'y' },
      { row: 1, text: 'c', label: 'x' },
      { row: 2, text: 'd', label: 'y' },
    ]);
  });

  it('orders labels by their code points', async () => {
    const path = await write('order.csv', 'text,label\na,b\nb,\u{1f600}\nc,\uff21\nd,B\ne,a\nf,ä\n');
    expect((await createDataRoom().loadDataset(request(path))).labels).toEqual([
      'B',
      'a',
      'b',
      'ä',
      '\uff21',
      '\u{1f600}',
    ]);
  });

  it('sees a file that has changed, and reads one that has not only once', async () => {
    const path = await write('changing.csv', 'text,label\na,x\nb,y\n');
    const room = createDataRoom();
    const first = await room.loadDataset(request(path));
    const again = await room.loadDataset(request(path));
    await writeFile(path, 'text,label\na,x\nb,y\nc,x\n');
    await utimes(path, 2_000_000_000, 2_000_000_000);
    const changed = await room.loadDataset(request(path));
    expect(again.tables[0]?.table).toBe(first.tables[0]?.table);
    expect(changed.tables[0]?.table.rows).toHaveLength(3);
  });
});

describe('describeData', () => {
  it('reports a real set as the screen shows it', async () => {
    const view = await createDataRoom().describeData(request(intents('train'), { test: [intents('test')] }));
    const { files, columns, labels, lengths, findings, ...rest } = view;
    expect(rest).toEqual({
      mapping: { text: 'text', label: 'intent' },
      guessed: true,
      suggestedTask: 'text-classification',
      split: { validation: 0.1, test: 0, seed: 1 },
      counts: { train: 1731, validation: 192, test: 409 },
    });
    expect(files.map(({ name, format, rows, role }) => [name, format, rows, role])).toEqual([
      ['train.csv', 'csv', 1923, 'train'],
      ['test.csv', 'csv', 409, 'test'],
    ]);
    expect(columns[1]).toEqual({
      name: 'intent',
      examples: ['cancel_timer', 'play_media', 'turn_on'],
      distinct: 19,
      empty: 0,
    });
    expect([labels.length, labels[0], labels.at(-1)]).toEqual([
      19,
      { name: 'list_remove', count: 178 },
      { name: 'broadcast', count: 50 },
    ]);
    expect(lengths.buckets.reduce((sum, { rows }) => sum + rows, 0)).toBe(2332);
    expect(lengths.longest).toBeLessThanOrEqual(lengths.buckets.at(-1)?.upTo ?? 0);
    expect(findings.filter(({ severity }) => severity === 'fault')).toEqual([]);
  });

  it('finds every repeat of a real file full of them', async () => {
    const { findings } = await createDataRoom().describeData(
      request(join(shared, 'small-talk', 'untreated-tech-support.csv')),
    );
    expect(findings.find(({ code }) => code === 'duplicates')?.data).toEqual({ count: 1040 });
  });

  it('shows a file it has no mapping for', async () => {
    const room = createDataRoom();
    const path = join(shared, 'paper-summaries', 'test.jsonl');
    const view = await room.describeData(request(path));
    const { total, rows } = await room.dataRows({ ...request(path), offset: 0, limit: 1 });
    expect([view.mapping, view.suggestedTask, view.counts, total]).toEqual([
      null,
      null,
      { train: 16, validation: 0, test: 0 },
      16,
    ]);
    expect(rows[0]?.use).toBe('left out');
  });

  it('says what it is told to read instead of what it would guess', async () => {
    const columns = { prompt: 'text', response: 'intent' };
    const view = await createDataRoom().describeData(request(intents('test'), { task: 'chat', columns }));
    expect([view.mapping, view.guessed, view.labels]).toEqual([columns, false, []]);
  });
});

describe('dataRows', () => {
  it('pages through all rows in the order of files, each with its use', async () => {
    const room = createDataRoom();
    const whole = { ...request(intents('train'), { test: [intents('test')] }), offset: 0, limit: 5000 };
    const { total, rows } = await room.dataRows(whole);
    const { validation } = await room.loadDataset(whole);
    expect([total, rows.length]).toEqual([2332, 2332]);
    expect(rows[0]).toEqual({
      row: 1,
      file: 'train.csv',
      input: 'stop 51 minutes timer',
      answer: 'cancel_timer',
      use: 'learn',
    });
    expect(rows.filter(({ use }) => use === 'check').map(({ row }) => row)).toEqual(validation.map(({ row }) => row));
    expect((await room.dataRows({ ...whole, offset: 1920, limit: 5 })).rows).toEqual(rows.slice(1920, 1925));
  });

  it('shows a conversation as the turns before the answer, and rows left out', async () => {
    const room = createDataRoom();
    const faq = await room.dataRows({
      ...request(join(shared, 'building-faq', 'test.messages.jsonl')),
      offset: 0,
      limit: 1,
    });
    expect(faq.rows[0]?.input).toBe(
      'system: You answer questions from home owners about building work in Sweden.\nuser: How do I assess the timeline in a quote?',
    );
    const ragged = await room.dataRows({ ...request(join(shared, 'awkward', 'ragged-rows.csv')), offset: 7, limit: 1 });
    expect(ragged.rows).toEqual([
      {
        row: 8,
        file: 'ragged-rows.csv',
        input: 'The invoice shows the old company name can you issue a new one?',
        answer: '',
        use: 'left out',
      },
    ]);
  });
});

describe('what nothing can be learned from', () => {
  const text = { text: 'text', label: 'label' };
  const refusal = async (wanted: DataRequest): Promise<unknown> => {
    try {
      checkTrainable(await createDataRoom().loadDataset(wanted));
      return 'trainable';
    } catch (error) {
      const { code, data } = error as { code: string; data: Record<string, unknown> };
      return { code, ...data };
    }
  };
  const awkward = (name: string): string => join(shared, 'awkward', name);

  it('is refused with its evidence', async () => {
    expect(await refusal(request(awkward('empty.csv')))).toEqual({ code: 'file.empty', path: awkward('empty.csv') });
    expect(await refusal(request(awkward('header-only.csv')))).toEqual({
      code: 'data.header-only',
      path: awkward('header-only.csv'),
    });
    expect(await refusal(request(awkward('one-row.csv')))).toEqual({ code: 'data.too-few-rows', rows: 1, needed: 4 });
    expect(await refusal(request(awkward('one-class.csv')))).toEqual({
      code: 'data.one-class',
      column: 'label',
      label: 'delivery',
      rows: 24,
    });
    expect(await refusal(request(awkward('label-900-values.csv')))).toEqual({
      code: 'data.label-per-row',
      column: 'label',
      labels: 900,
      rows: 900,
    });
  });

  it('is a column that is not there, with those that are', async () => {
    expect(await refusal(request(intents('test'), { columns: text }))).toEqual({
      code: 'data.column-missing',
      path: intents('test'),
      column: 'label',
      columns: 'text, intent',
    });
    const pairs = join(shared, 'translation-en-fr', 'test.tsv');
    expect(await refusal(request(pairs, { task: 'text-classification' }))).toEqual({
      code: 'data.column-missing',
      path: pairs,
      column: 'label',
      columns: 'en, fr',
    });
  });

  it('is a test row whose label was never learned', async () => {
    const path = awkward('unseen-label-test.csv');
    const rows = (await readFile(path, 'utf8')).trim().split('\r\n').slice(1);
    const row = rows.findIndex((line) => line.endsWith(',praise')) + 1;
    expect(await refusal(request(awkward('unseen-label-train.csv'), { test: [path] }))).toEqual({
      code: 'data.unseen-label',
      path,
      row,
      label: 'praise',
      known: 'billing, delivery, technical',
    });
  });

  it('is a file in which no conversation is whole', async () => {
    const path = await write('none.jsonl', '{"messages":[{"role":"user","content":"hello"}]}\n');
    expect(await refusal(request(path))).toEqual({
      code: 'data.bad-messages',
      path,
      row: 1,
      reason: 'it ends without an answer',
    });
  });

  it('is not a real set', async () => {
    expect(await refusal(request(intents('train'), { test: [intents('test')] }))).toBe('trainable');
    expect(await refusal(request(join(shared, 'building-faq', 'train.csv')))).toBe('trainable');
  });
});
