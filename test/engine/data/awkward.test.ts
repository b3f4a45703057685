/** The awkward files of the shared collection: read, asked about or refused as its list of expectations says. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDataRoom } from '../../../engine/data/dataset.ts';
import { guessMapping } from '../../../engine/data/mapping.ts';
import { readTable } from '../../../engine/data/read.ts';
import type { Table } from '../../../engine/data/table.ts';
import type { Finding } from '../../../engine/spec/dataset.ts';
import { StudioError } from '../../../engine/spec/errors.ts';
import { taskNames } from '../../../engine/spec/tasks.ts';
import { expectations, request, shared, type Expectation, type ExpectedFinding } from './files.ts';

const folder = join(shared, 'awkward');

/** Formats of a later issue; here they are refused by name. */
const outOfScope: Readonly<Record<string, string>> = {
  'class-folders': 'folders as classes',
  'class-folders.zip': 'folders as classes, in an archive',
};

/** Opens with more questions than the list has, each for a reason. */
const asksMore: Readonly<Record<string, string>> = {
  'numbers-as-text.xlsx': 'its only label is `stars`, a number, and numbers as labels are asked about',
  'xss-cells.csv': 'a class of one row is asked about',
};

interface Seen {
  readonly outcome: 'accept' | 'ask' | 'refuse';
  readonly tables: readonly Table[];
  readonly findings: readonly Finding[];
  readonly rows: number | undefined;
}

async function look(paths: readonly [string, ...string[]]): Promise<Seen> {
  const room = createDataRoom();
  try {
    const tables = await Promise.all(paths.map((path) => readTable(path)));
    const view = await room.describeData(
      request(paths[0], {
        columns: guessMapping(tables, taskNames)?.columns ?? null,
        ...(paths[1] === undefined ? {} : { test: [paths[1]] }),
      }),
    );
    const asks = view.findings.some(({ severity }) => severity !== 'note');
    return { outcome: asks ? 'ask' : 'accept', tables, findings: view.findings, rows: tables[0]?.rows.length };
  } catch (error) {
    expect(error).toBeInstanceOf(StudioError);
    return { outcome: 'refuse', tables: [], findings: [], rows: undefined };
  }
}

function has(
  findings: readonly Finding[],
  { code, count, min_count: least, lines, ids, column }: ExpectedFinding,
): boolean {
  return findings.some(
    ({ code: found, data }) =>
      found === code &&
      (count === undefined || data.count === count || data.rows === count) &&
      (least === undefined || Number(data.count) >= least) &&
      (lines === undefined || data.lines === lines.join(', ')) &&
      (ids === undefined || data.ids === ids.join(', ')) &&
      (typeof column !== 'string' || data.column === column),
  );
}

function facts(expected: Expectation): Record<string, unknown> {
  const rows = typeof expected.rows === 'number' ? { rows: expected.rows } : {};
  return {
    ...rows,
    ...(expected.columns ? { columns: [...expected.columns] } : {}),
    ...(expected.columns_count === undefined ? {} : { columnsCount: expected.columns_count }),
    ...(expected.encoding === undefined ? {} : { encoding: true }),
    ...(expected.delimiter === undefined
      ? {}
      : { delimiter: expected.delimiter === 'tab' ? '\t' : expected.delimiter }),
  };
}

function found(expected: Expectation, table: Table | undefined): Record<string, unknown> {
  const columns = (table?.columns ?? []).filter((name) => name !== 'instruction + input');
  return {
    ...(typeof expected.rows === 'number' ? { rows: table?.rows.length } : {}),
    ...(expected.columns ? { columns } : {}),
    ...(expected.columns_count === undefined ? {} : { columnsCount: columns.length }),
    ...(expected.encoding === undefined
      ? {}
      : { encoding: expected.encoding.split(' or ').includes(table?.encoding ?? '') }),
    ...(expected.delimiter === undefined ? {} : { delimiter: table?.delimiter }),
  };
}

const cases = await expectations('awkward');

describe('awkward files', () => {
  it('are all looked at', () => {
    expect(cases.length).toBeGreaterThanOrEqual(84);
    expect(cases.map(({ file }) => file)).toEqual(
      expect.arrayContaining([...Object.keys(outOfScope), ...Object.keys(asksMore)]),
    );
  });

  for (const expected of cases.filter(({ file }) => !(file in outOfScope))) {
    it(`${expected.file}: ${expected.outcome}`, async () => {
      const [first = '', ...others] = expected.file.split(' + ').map((file) => join(folder, file));
      const started = performance.now();
      const seen = await look([first, ...others]);
      expect(performance.now() - started).toBeLessThan(expected.time_limit_s * 1000);
      const allowed: string[] = [
        expected.outcome,
        ...(expected.also_ok === undefined ? [] : [expected.also_ok]),
        ...(expected.file in asksMore ? ['ask'] : []),
      ];
      expect(allowed).toContain(seen.outcome);
      if (seen.outcome === 'refuse') return;
      expect(found(expected, seen.tables[0])).toEqual(facts(expected));
      const missing = (expected.findings ?? []).filter((one) => one.optional !== true && !has(seen.findings, one));
      expect(missing).toEqual([]);
      const { row, contains, id } = expected.check ?? {};
      const cells = Object.values(seen.tables[0]?.rows[row ?? 0] ?? {});
      if (contains !== undefined) expect(cells.some((cell) => String(cell).includes(contains))).toBe(true);
      if (id !== undefined) expect(cells).toContain(id);
    });
  }

  for (const [file, what] of Object.entries(outOfScope)) {
    it(`${file} never breaks the room, though ${what} is for a later issue`, async () => {
      await look([join(folder, file)]);
    });
  }
});

describe('what awkward files must not come to', () => {
  const file = (name: string): string => join(folder, name);

  it('reads the paragraphs and tables of a Word document, without its page headers', async () => {
    const { rows } = await readTable(file('letters.docx'));
    const texts = rows.map(({ text }) => String(text));
    const { contains = [] } = cases.find((one) => one.file === 'letters.docx') ?? {};
    expect(contains.length).toBeGreaterThan(1);
    for (const part of contains) expect(texts.some((text) => text.includes(part))).toBe(true);
  });

  it('keeps the first message of a file without a header', async () => {
    const { rows } = await readTable(file('header-missing.csv'));
    expect(rows[0]?.['(column 1)']).toMatch(/^My parcel has not arrived/);
  });

  it('keeps both of two columns with one name', async () => {
    const { columns } = await readTable(file('header-duplicates.csv'));
    expect(columns).toEqual(['text', 'text (2)', 'label', 'Label']);
  });

  it('joins a text again that an unquoted comma had torn', async () => {
    const { rows } = await readTable(file('ragged-rows.csv'));
    expect(rows[4]).toEqual({
      id: '4',
      text: 'The courier says nobody was at home but I waited all afternoon., and a comma without quotes',
      label: 'delivery',
    });
  });

  it('loses no line to a quote that is never closed', async () => {
    const { rows } = await readTable(file('unclosed-quote.csv'));
    expect([rows.length, rows[5]?.text, rows[6]?.label]).toEqual([20, '"This quote is never closed', 'billing']);
  });

  it('reads each line of a pasted file in its own encoding', async () => {
    const { rows } = await readTable(file('mixed-encodings.csv'));
    expect(rows.slice(0, 2).map(({ text }) => text)).toEqual([
      'Das Paket ist seit Montag überfällig und niemand weiß, wo es ist.',
      'Die Rechnung enthält eine Gebühr von 4,90 €, die ich nicht verstehe.',
    ]);
  });

  it('shows dates as dates', async () => {
    const { rows } = await readTable(file('dates.xlsx'));
    expect(rows.slice(0, 4).map(({ received }) => received)).toEqual([
      '01.01.2024',
      '2024-01-02',
      '2024-01-03',
      '2024-01-04 09:30:00',
    ]);
  });

  it('fills merged labels down', async () => {
    const view = await createDataRoom().describeData(request(file('merged-label-cells.xlsx')));
    expect(view.labels).toEqual(['billing', 'delivery', 'praise', 'technical'].map((name) => ({ name, count: 6 })));
  });

  it('learns no class named NA or -, and keeps the row about Namibia', async () => {
    const dataset = await createDataRoom().loadDataset(
      request(file('missing-values.csv'), { split: { validation: 0, test: 0, seed: 1 } }),
    );
    expect(dataset.labels).toEqual(['billing', 'delivery', 'praise', 'technical']);
    expect(dataset.train.at(-1)).toEqual({
      row: 121,
      text: 'The order from Namibia (country code NA) is late.',
      label: 'delivery',
    });
  });

  it('never learns from a formula or a tool call', async () => {
    const room = createDataRoom();
    const formulas = await room.loadDataset(
      request(file('formulas-no-values.xlsx'), { columns: { text: 'text', label: 'label' } }),
    );
    const tools = await room.loadDataset(request(file('openai-tools.jsonl')));
    expect(formulas.train.every((example) => 'text' in example && example.text === '')).toBe(true);
    expect(tools.train[0]).toEqual({
      row: 1,
      messages: [
        { role: 'system', content: 'You are a shop assistant.' },
        { role: 'user', content: 'Where is order 1000?' },
        { role: 'assistant', content: 'Your order is on its way.' },
      ],
    });
  });

  it('groups the spellings of a label', async () => {
    const { findings } = await createDataRoom().describeData(request(file('label-typos.csv')));
    const groups = findings.find(({ code }) => code === 'label-variants')?.data.groups;
    expect(
      String(groups)
        .split(', ')
        .map((group) => group.split(' = ').toSorted()),
    ).toEqual([
      ['"HAM "', '"Ham"', '"ham"', '"hamm"'],
      ['" spam"', '"SPAM"', '"Spam"', '"Spam."', '"sapm"', '"spam "', '"spam"'],
    ]);
  });

  it('sets seven of fourteen conversations aside', async () => {
    const view = await createDataRoom().describeData(
      request(file('wrong-role-order.jsonl'), { split: { validation: 0, test: 0, seed: 1 } }),
    );
    expect(view.counts).toEqual({ train: 7, validation: 0, test: 0 });
  });
});
