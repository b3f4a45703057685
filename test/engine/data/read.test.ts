/** The real sets read the same rows from every format they come in, as many as their list says. */
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTable } from '../../../engine/data/read.ts';
import { scratch, shared } from './files.ts';

interface SetEntry {
  readonly set: string;
  readonly split: 'train' | 'test';
  readonly rows: number;
  readonly labels: Readonly<Record<string, number>>;
}

const sets = JSON.parse(await readFile(join(shared, 'sets.json'), 'utf8')) as SetEntry[];
const rowsOf = (set: string, split: string): number | undefined =>
  sets.find((entry) => entry.set === set && entry.split === split)?.rows;
const write = scratch();

/** Files of each set that hold one row an example. */
const tables: Readonly<Record<string, readonly string[]>> = {
  'email-spam': ['csv', 'xlsx'],
  'home-intents': ['csv', 'xlsx', 'spans.jsonl'],
  'gloss-topics': ['csv', 'xlsx'],
  'word-quiz': ['csv', 'jsonl'],
  'command-similarity': ['csv'],
  'building-faq': ['csv', 'sv.csv', 'messages.jsonl'],
  'small-talk': ['csv', 'messages.jsonl'],
  'chinese-levels': ['csv'],
  'translation-sv-en': ['tsv'],
  'translation-zh-en': ['tsv'],
  'translation-en-fr': ['tsv'],
  'paper-summaries': ['csv', 'jsonl'],
  'speech-entities': ['jsonl'],
};

describe('real sets', () => {
  for (const [set, extensions] of Object.entries(tables)) {
    for (const split of ['train', 'test'] as const) {
      it(`${set}/${split} has its rows in ${extensions.join(', ')}, and nothing to ask about`, async () => {
        const read = await Promise.all(
          extensions.map((extension) => readTable(join(shared, set, `${split}.${extension}`))),
        );
        expect(read.map(({ rows }) => rows.length)).toEqual(extensions.map(() => rowsOf(set, split)));
        expect(read.flatMap(({ findings }) => findings.filter(({ severity }) => severity !== 'note'))).toEqual([]);
      });
    }
  }

  for (const set of ['email-spam', 'home-intents', 'gloss-topics']) {
    it(`${set} reads the same from CSV and XLSX, cell by cell`, async () => {
      const [csv, xlsx] = await Promise.all([
        readTable(join(shared, set, 'train.csv')),
        readTable(join(shared, set, 'train.xlsx')),
      ]);
      expect(xlsx.columns).toEqual(csv.columns);
      // A workbook's line ends are line feeds.
      const plain = csv.rows.map((row) => csv.columns.map((name) => String(row[name]).replaceAll('\r\n', '\n')));
      expect(xlsx.rows.map((row) => xlsx.columns.map((name) => row[name]))).toEqual(plain);
    });
  }

  it('reads the labels of home-intents in the numbers the list has', async () => {
    const { rows } = await readTable(join(shared, 'home-intents', 'train.csv'));
    const counts: Record<string, number> = {};
    for (const { intent } of rows) counts[String(intent)] = (counts[String(intent)] ?? 0) + 1;
    expect(counts).toEqual(sets.find(({ set, split }) => set === 'home-intents' && split === 'train')?.labels);
  });

  it('names the facts of a file', async () => {
    const { rows, ...facts } = await readTable(join(shared, 'translation-en-fr', 'test.tsv'));
    expect({ ...facts, path: '', rows: rows.length }).toEqual({
      path: '',
      name: 'test.tsv',
      format: 'tsv',
      encoding: 'utf-8',
      delimiter: '\t',
      columns: ['en', 'fr'],
      findings: [],
      rows: 73,
    });
  });
});

describe('readTable', () => {
  it('never trims a cell', async () => {
    const { rows } = await readTable(await write('blanks.csv', 'text,label\n"  two before, one after ",a \n\t,b\n'));
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { text: '  two before, one after ', label: 'a ' },
      { text: '\t', label: 'b' },
    ]);
  });

  it('keeps JSON values as they are', async () => {
    const { rows, columns } = await readTable(
      await write(
        'values.json',
        JSON.stringify({
          data: [
            { text: 'a', n: 1, on: true, none: null, list: [1] },
            { text: 'b', late: 'x' },
          ],
        }),
      ),
    );
    expect(columns).toEqual(['text', 'n', 'on', 'none', 'list', 'late']);
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { text: 'a', n: 1, on: true, none: null, list: [1] },
      { text: 'b', late: 'x' },
    ]);
  });

  it('reads lists of columns, JSON Lines named .json and JSON named .csv', async () => {
    const columns = await readTable(await write('columns.json', '{"text": ["a", "b"], "label": ["x", "y"]}'));
    const lines = await readTable(await write('lines.json', '{"text":"a"}\n{"text":"b"}\n'));
    const named = await readTable(await write('named.csv', '[{"text":"a"},{"text":"b"}]'));
    expect([columns.rows.length, lines.rows.length, named.rows.length]).toEqual([2, 2, 2]);
    expect([columns.format, lines.format, named.format]).toEqual(['json', 'jsonl', 'json']);
    expect(named.findings).toEqual([
      { code: 'extension-differs', severity: 'note', data: { extension: '.csv', format: 'json' } },
    ]);
  });

  it('says the line a JSON file breaks at', async () => {
    const broken = await write('broken.json', '[\n{"a": 1},\n{"a": 2 "b"},\n{"a": 3}\n]');
    await expect(readTable(broken)).rejects.toMatchObject({ code: 'data.broken-row', data: { path: broken, line: 3 } });
    const nan = await write('nan.json', '[\n{"a": 1},\n{"a": NaN},\n{"a": 3}\n]');
    await expect(readTable(nan)).rejects.toMatchObject({ code: 'data.broken-row', data: { path: nan, line: 3 } });
  });

  it('unpacks gzip', async () => {
    const packed = await readTable(await write('packed.csv.gz', gzipSync('text,label\na,b\nc,d\n')));
    expect([packed.format, packed.rows.length]).toEqual(['csv', 2]);
  });

  it('reads a text file as lines, but a table in a text file as a table', async () => {
    const lines = await readTable(await write('lines.txt', 'One line, with a comma.\n\nAnother one, too: yes.\n'));
    const table = await readTable(await write('table.txt', 'text\tlabel\none\ta\ntwo\tb\nthree\ta\n'));
    expect([lines.format, lines.columns, lines.rows.length]).toEqual(['text', ['text'], 2]);
    expect([table.format, table.columns, table.rows.length]).toEqual(['tsv', ['text', 'label'], 3]);
  });

  it('refuses what is not there, a folder, nothing, only a header, only blanks', async () => {
    const codes = await Promise.all(
      [
        join(shared, 'none.csv'),
        shared,
        await write('empty.csv', ''),
        await write('header.csv', 'text,label\n'),
        await write('blank.csv', '\n \n'),
      ].map((path) =>
        readTable(path).then(
          () => 'read',
          (error: { code: string }) => error.code,
        ),
      ),
    );
    expect(codes).toEqual(['file.missing', 'file.unreadable', 'file.empty', 'data.header-only', 'data.no-rows']);
  });
});
