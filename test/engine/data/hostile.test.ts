/** Hostile files of the shared collection that concern reading data: refused clearly, in time, without much memory. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDataRoom } from '../../../engine/data/dataset.ts';
import { guessMapping } from '../../../engine/data/mapping.ts';
import { readTable } from '../../../engine/data/read.ts';
import { readExamples } from '../../../engine/data/readers/registry.ts';
import { StudioError } from '../../../engine/spec/errors.ts';
import { taskNames, type Columns } from '../../../engine/spec/tasks.ts';
import { expectations, request, shared } from './files.ts';

const folder = join(shared, 'hostile');
/** Models, adapters and checkpoints are other rooms'. */
const otherRooms = /^(safetensors|gguf|models|adapters)\//;
const cases = (await expectations('hostile')).filter(({ file }) => !otherRooms.test(file));

async function outcome(path: string): Promise<'accept' | 'ask' | 'refuse'> {
  try {
    const columns = guessMapping([await readTable(path)], taskNames)?.columns ?? null;
    const { findings } = await createDataRoom().describeData(request(path, { columns }));
    return findings.some(({ severity }) => severity !== 'note') ? 'ask' : 'accept';
  } catch (error) {
    expect(error).toBeInstanceOf(StudioError);
    return 'refuse';
  }
}

describe('hostile files', () => {
  it('are all looked at', () => {
    expect(cases.length).toBeGreaterThanOrEqual(37);
  });

  for (const {
    file,
    outcome: wanted,
    also_ok: also = '',
    time_limit_s: seconds,
    memory_growth_limit_mb: megabytes = 300,
  } of cases) {
    it(`${file}: ${wanted}`, async () => {
      const listing = await readdir(folder);
      const memory = process.resourceUsage().maxRSS;
      const started = performance.now();
      const seen = await outcome(join(folder, file));
      expect(performance.now() - started).toBeLessThan(seconds * 1000);
      expect((process.resourceUsage().maxRSS - memory) / 1024).toBeLessThan(megabytes);
      expect(await readdir(folder)).toEqual(listing);
      const opened = seen !== 'refuse';
      const mayOpen = wanted !== 'refuse' || /^(accept|ask)/.test(also);
      expect(opened ? mayOpen : wanted === 'refuse').toBe(true);
      expect(Object.keys(Object.prototype)).toEqual([]);
    });
  }
});

describe('names of the prototype', () => {
  it('are columns like others in CSV', async () => {
    const view = await createDataRoom().describeData(request(join(folder, 'proto-header.csv')));
    const table = await readTable(join(folder, 'proto-header.csv'));
    expect(table.columns).toEqual(['__proto__', 'constructor', 'text', 'label']);
    expect(Object.entries(table.rows[0] ?? {}).slice(0, 2)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(view.labels.filter(({ count }) => count === 1).map(({ name }) => name)).toEqual([
      '__proto__',
      'constructor',
      'toString',
    ]);
  });

  it('lend nothing to a row in JSON', async () => {
    const { rows } = await readTable(join(folder, 'proto-keys.json'));
    expect([rows.length, rows[6]?.text, rows[6]?.label, rows[4]?.polluted]).toEqual([7, undefined, 'e', undefined]);
  });
});

describe('a cell that spells a list', () => {
  const deep = '['.repeat(200_000);
  const spans = `[${'{"start":0,"end":1,"label":"x"},'.repeat(50_000)}{"start":0}]`;

  it.each<[string, Columns, string]>([
    ['a list nested 200,000 deep as labels', { text: 't', label: 'x', labels: 'many' }, deep],
    ['a list nested 200,000 deep as spans', { text: 't', spans: 'x' }, deep],
    ['a list nested 200,000 deep as choices', { question: 't', choices: 'x', answer: 't' }, deep],
    [
      'objects nested 100,000 deep as answers',
      { question: 't', context: 't', answers: 'x' },
      '{"text":'.repeat(100_000),
    ],
    ['quotes without end as words', { words: 'x', tags: 'x' }, `['${"\\'".repeat(200_000)}`],
    ['50,000 spans on one letter', { text: 't', spans: 'x' }, spans],
    ['blanks without end as tags', { words: 't', tags: 'x' }, ' '.repeat(2_000_000)],
    ['a number of a million digits', { text: 't', label: 'x', labels: 'number' }, '1'.repeat(1_000_000)],
    ['a text of no blanks as words', { text: 'x', spans: 's' }, '\u{1f642}a'.repeat(200_000)],
  ])('is read or left out in seconds: %s', async (_, columns, cell) => {
    const row = Object.assign(Object.create(null) as Record<string, unknown>, { t: 'a text', x: cell, s: [] });
    const table = { ...(await readTable(join(folder, 'proto-header.csv'))), columns: ['t', 'x', 's'], rows: [row] };
    const started = performance.now();
    expect(readExamples([{ table, role: 'train' }], columns).items).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('a line without end', () => {
  it('is refused before it is read', async () => {
    const { mkdtemp, open, rm } = await import('node:fs/promises');
    const { tmpdir } = await import('node:os');
    const home = await mkdtemp(join(tmpdir(), 'atelier-line-'));
    try {
      for (const [name, start] of [
        ['one.jsonl', '{"text":"'],
        ['one.csv', 'text,label\n"'],
        ['one.txt', ''],
      ] as const) {
        const file = await open(join(home, name), 'w');
        await file.write(start);
        const chunk = Buffer.alloc(1024 * 1024, 'lorem ipsum ');
        for (let count = 0; count < 40; count += 1) await file.write(chunk);
        await file.close();
        const memory = process.resourceUsage().maxRSS;
        await expect(readTable(join(home, name))).rejects.toMatchObject({
          code: 'file.format',
          data: { reason: 'one line is larger than 16 MB' },
        });
        expect((process.resourceUsage().maxRSS - memory) / 1024).toBeLessThan(20);
      }
    } finally {
      await rm(home, { recursive: true });
    }
  });
});
