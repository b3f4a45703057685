/** Promises: what is saved comes back whole, one file a studio, and a damaged or newer file is refused and left as it is. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DatasetView } from '../../../engine/spec/dataset.ts';
import type { RunEvent } from '../../../engine/spec/events.ts';
import type { ProjectDraft } from '../../../main/contract/views.ts';
import { lockFolder } from '../../../main/store/lock.ts';
import { migrations } from '../../../main/store/migrations.ts';
import { openDatabase } from '../../../main/store/sqlite.ts';
import { openStore, type ProjectRecord, type RunRecord, type Store } from '../../../main/store/store.ts';

const draft: ProjectDraft = {
  step: 'goal',
  task: 'chat',
  destination: 'peft',
  model: 'smollm2-135m-instruct',
  method: 'lora',
  start: null,
  preset: 'thorough',
  methodChanges: { r: 4 },
  trainingChanges: { epochs: 2 },
  estimate: null,
};
const project: ProjectRecord = {
  id: 'p',
  name: 'Größe ☂',
  sample: false,
  createdAt: '2026-01-01T00:00:00Z',
  savedAt: '2026-01-02T00:00:00Z',
  draft,
};
const run: RunRecord = {
  id: 'r',
  projectId: 'p',
  name: 'run 1',
  state: 'running',
  task: 'chat',
  method: 'lora',
  model: 'smollm2-135m-instruct',
  modelPath: '/models/s.gguf',
  recipe: { version: 1, nested: { list: [1, 2] } },
  folder: '/runs/r',
  queuedAt: 1,
  startedAt: 'a',
  finishedAt: null,
  step: 2,
  steps: 10,
  keptStep: null,
  stepsPerEpoch: 5,
  truncatedRows: 1,
  memoryBytes: 3e9,
  phase: 'training',
  metrics: null,
  error: null,
};
const report: DatasetView = {
  files: [{ name: 'a.csv', path: '/d/a.csv', format: 'csv', rows: 3, role: 'train' }],
  columns: [{ name: 'text', examples: ['x'], distinct: 3, empty: 0 }],
  mapping: { text: 'text', label: 'label' },
  guessed: true,
  suggestedTask: 'text-classification',
  split: { validation: 0.1, test: 0, seed: 1 },
  counts: { train: 3, validation: 0, test: 0 },
  labels: [{ name: 'a', count: 3 }],
  findings: [{ code: 'few-rows', severity: 'care', data: { rows: 3 } }],
  lengths: { longest: 4, buckets: [{ upTo: 4, rows: 3 }] },
};
const step = (at: number, seconds = at): RunEvent => ({
  time: 0,
  type: 'step',
  step: at,
  epoch: 1,
  loss: 1 / at,
  learningRate: 0.1,
  gradNorm: 1,
  rows: 16 * at,
  tokens: 100,
  seconds,
  memoryBytes: 5,
});
const check = (at: number, kept: boolean): RunEvent => ({
  time: 0,
  type: 'evaluation',
  step: at,
  epoch: at / 5,
  loss: 0.5,
  metrics: { accuracy: 0.9 },
  kept,
  samples: [{ row: 1, text: 't', expected: 'a', prediction: 'b', confidence: 0.6 }],
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atelier-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('what is saved', () => {
  let store: Store;
  beforeEach(() => {
    store = openStore(join(folder, 'a.sqlite'));
    store.projects.save(project);
  });
  afterEach(() => store.close());

  test('is there when the file is opened again', () => {
    const file = { role: 'train' as const, path: '/d/a.csv', bytes: 10, sha256: 'ff' };
    store.datasets.save('p', { files: [file], report });
    store.runs.save(run);
    store.adapters.save('r', [
      { name: 'a.bin', bytes: 3, sha256: 'ee', content: Buffer.from([1, 2, 3]) },
      { name: 'b.bin', bytes: 9e8, sha256: 'dd', content: null },
    ]);
    store.settings.set({ theme: 'dark', threads: 3 });
    store.connections.add({ time: 't', url: 'https://example.org/f', bytes: 5, outcome: '200' });
    store.close();
    store = openStore(join(folder, 'a.sqlite'));
    expect({
      projects: store.projects.list(),
      dataset: store.datasets.get('p'),
      runs: store.runs.list(),
      adapters: store.adapters.list('r'),
      settings: store.settings.get(),
      connections: store.connections.list(),
    }).toEqual({
      projects: [project],
      dataset: { files: [file], report },
      runs: [run],
      adapters: [
        { name: 'a.bin', bytes: 3, sha256: 'ee', content: Buffer.from([1, 2, 3]) },
        { name: 'b.bin', bytes: 9e8, sha256: 'dd', content: null },
      ],
      settings: { theme: 'dark', expert: false, offline: false, threads: 3, writing: {} },
      connections: [{ time: 't', url: 'https://example.org/f', bytes: 5, outcome: '200' }],
    });
  });

  test('is out of sight when removed and back when restored', () => {
    store.projects.setRemoved('p', 'now');
    expect([store.projects.list(), store.projects.get('p')]).toEqual([[], project]);
    store.projects.setRemoved('p', null);
    expect(store.projects.list()).toEqual([project]);
  });

  test('is all or nothing in a transaction', () => {
    expect(() =>
      store.transaction(() => {
        store.projects.save({ ...project, name: 'changed' });
        store.runs.save({ ...run, projectId: 'nobody' });
      }),
    ).toThrow();
    expect([store.projects.get('p')?.name, store.runs.list()]).toEqual([project.name, []]);
  });

  test('keeps one recipe for two runs made from it', () => {
    store.runs.save(run);
    store.runs.save({ ...run, id: 'r2', folder: '/runs/r2', state: 'finished', queuedAt: 2 });
    expect([store.runs.list().map(({ id }) => id), store.runs.newestOf('p')?.id, store.runs.countOf('p')]).toEqual([
      ['r2', 'r'],
      'r2',
      2,
    ]);
  });

  test('keeps a content once for all runs that have it, and lets it go with the last', () => {
    store.runs.save(run);
    store.runs.save({ ...run, id: 'r2', folder: '/runs/r2' });
    const tokenizer = { name: 'tokenizer.json', bytes: 4, sha256: 'tt', content: Buffer.from('same') };
    store.adapters.save('r', [tokenizer]);
    store.adapters.save('r2', [tokenizer]);
    store.adapters.save('r', []);
    expect([store.adapters.list('r'), store.adapters.list('r2')]).toEqual([[], [tokenizer]]);
    store.adapters.save('r2', [{ ...tokenizer, content: null }]);
    expect(store.adapters.list('r2')).toEqual([tokenizer]);
    store.adapters.save('r2', []);
    store.adapters.save('r2', [{ ...tokenizer, content: null }]);
    expect(store.adapters.list('r2')).toEqual([{ ...tokenizer, content: null }]);
  });

  test('curves: rows a second from the differences, one kept check, and what follows a resumed step taken back', () => {
    store.runs.save(run);
    store.curves.append('r', [
      step(1, 2),
      step(2, 4),
      check(2, true),
      step(3, 6),
      { time: 0, type: 'checkpoint', step: 3 },
      step(4, 8),
      check(4, true),
    ]);
    expect(store.curves.evaluations('r').map(({ step: at, kept }) => [at, kept])).toEqual([
      [2, false],
      [4, true],
    ]);
    store.curves.append('r', [{ time: 0, type: 'resumed', step: 3 }, step(4, 7)]);
    expect(store.curves.steps('r').map(({ step: at, rowsPerSecond }) => [at, rowsPerSecond])).toEqual([
      [1, 8],
      [2, 8],
      [3, 8],
      [4, 16],
    ]);
    expect([
      store.curves.evaluations('r').length,
      store.curves.newestCheckpoint('r'),
      store.curves.events('r').map(({ type }) => type),
    ]).toEqual([1, 3, ['checkpoint', 'resumed']]);
  });
});

describe('migrations', () => {
  const versions = migrations.map(({ version }) => version);

  test('are numbered 1, 2, 3 …', () => {
    expect(versions).toEqual(versions.map((_, index) => index + 1));
  });

  test.each(versions.slice(1))('to version %i begin at the one before, with its rows kept', (version) => {
    const path = join(folder, 'm.sqlite');
    const before = openDatabase(path, migrations.slice(0, version - 1));
    before.exec("INSERT INTO projects VALUES ('p', 'name', 0, 'a', 'b', NULL); INSERT INTO drafts VALUES ('p', '{}')");
    before.close();
    const after = openDatabase(path, migrations.slice(0, version));
    expect([
      after.pragma('user_version', { simple: true }),
      after.prepare('SELECT name FROM projects').pluck().all(),
    ]).toEqual([version, ['name']]);
    after.close();
  });

  test('leave STRICT tables, WAL and foreign keys', () => {
    const database = openDatabase(join(folder, 's.sqlite'));
    const loose = database
      .prepare(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND strict = 0",
      )
      .pluck();
    expect([
      loose.all(),
      database.pragma('journal_mode', { simple: true }),
      database.pragma('foreign_keys', { simple: true }),
    ]).toEqual([[], 'wal', 1]);
    database.close();
  });

  test('that fail leave the version before', () => {
    const path = join(folder, 'f.sqlite');
    openDatabase(path).close();
    const broken = [
      ...migrations,
      {
        version: versions.length + 1,
        apply: (database: Database.Database) => database.exec('CREATE TABLE extra (a TEXT) STRICT; SELECT nonsense'),
      },
    ];
    expect(() => openDatabase(path, broken)).toThrow('nonsense');
    const after = openDatabase(path);
    expect(after.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'").pluck().get()).toBe(0);
    after.close();
  });
});

describe('a file that cannot be used', () => {
  test('of a newer Atelier is refused and left as it is', () => {
    const path = join(folder, 'n.sqlite');
    const database = new Database(path);
    database.exec('CREATE TABLE future (a); PRAGMA user_version = 99');
    database.close();
    const before = readFileSync(path);
    expect(() => openStore(path)).toThrow(
      expect.objectContaining({ code: 'store.newer', data: { found: 99, known: migrations.length } }),
    );
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test.each([
    ['that is not a database', () => Buffer.from('these are not the bytes of a database'.repeat(200))],
    [
      'with a torn page',
      (whole: Buffer) => Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(whole.length - 4096, 0x5a)]),
    ],
    ['that was cut off', (whole: Buffer) => whole.subarray(0, Math.floor(whole.length / 2))],
  ])('%s is refused and left as it is', (_, damage) => {
    const path = join(folder, 'c.sqlite');
    const store = openStore(path);
    for (let index = 0; index < 200; index += 1) store.projects.save({ ...project, id: `p${String(index)}` });
    store.close();
    writeFileSync(path, damage(readFileSync(path)));
    const before = readFileSync(path);
    expect(() => openStore(path)).toThrow(expect.objectContaining({ code: 'store.corrupt' }));
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('in a folder that is a file is told with its path', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => openStore(join(folder, 'file', 'x.sqlite'))).toThrow(
      expect.objectContaining({ code: 'file.unreadable' }),
    );
  });
});

test('the lock lets one in, and the next after it is let go', () => {
  const path = join(folder, 'lock.sqlite');
  const first = lockFolder(path);
  expect(() => lockFolder(path)).toThrow(expect.objectContaining({ code: 'instance.second', data: { folder } }));
  first.release();
  lockFolder(path).release();
});
