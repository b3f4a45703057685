/** Runs and the recipes they were made from. */
import { createHash } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import type { Json } from '../../engine/spec/json.ts';
import type { RunView } from '../contract/views.ts';

export interface RunRecord extends Omit<RunView, 'secondsLeft'> {
  /** The recipe as it was handed to the engine. */
  readonly recipe: Json;
  /** Where the base model lay when the run was made. */
  readonly modelPath: string;
  readonly stepsPerEpoch: number;
  readonly truncatedRows: number;
  /** Milliseconds since 1970; the queue's order. */
  readonly queuedAt: number;
}

const columns = {
  id: 'id',
  projectId: 'project_id',
  name: 'name',
  state: 'state',
  task: 'task',
  method: 'method',
  model: 'model',
  modelPath: 'model_path',
  folder: 'folder',
  queuedAt: 'queued_at',
  startedAt: 'started_at',
  finishedAt: 'finished_at',
  step: 'step',
  steps: 'steps',
  keptStep: 'kept_step',
  stepsPerEpoch: 'steps_per_epoch',
  truncatedRows: 'truncated_rows',
  memoryBytes: 'memory_bytes',
  phase: 'phase',
  metrics: 'metrics',
  error: 'error',
  recipe: 'recipe',
} as const satisfies { readonly [K in keyof RunRecord]: string };

type Row = Omit<RunRecord, 'recipe' | 'metrics' | 'error'> & {
  recipe: string;
  metrics: string | null;
  error: string | null;
};

export function runsTable(database: Database) {
  const fields = Object.entries(columns).filter(([key]) => key !== 'recipe');
  const select = `SELECT ${fields.map(([key, column]) => `${column} AS ${key}`).join(', ')}, recipes.recipe AS recipe
    FROM runs JOIN recipes ON recipes.sha256 = runs.recipe`;
  const one = database.prepare<[string], Row>(`${select} WHERE id = ?`);
  const all = database.prepare<[], Row>(`${select} ORDER BY queued_at DESC, runs.rowid DESC`);
  const newest = database.prepare<[string], Row>(
    `${select} WHERE project_id = ? ORDER BY queued_at DESC, runs.rowid DESC LIMIT 1`,
  );
  const inFolder = database.prepare<[string], Row>(`${select} WHERE folder = ?`);
  const count = database.prepare<[string], { n: number }>('SELECT count(*) AS n FROM runs WHERE project_id = ?');
  const keepRecipe = database.prepare('INSERT INTO recipes (sha256, recipe) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const names = Object.entries(columns);
  const upsert = database.prepare(`
    INSERT INTO runs (${names.map(([, column]) => column).join(', ')}) VALUES (${names.map(([key]) => `@${key}`).join(', ')})
    ON CONFLICT (id) DO UPDATE SET ${names.map(([, column]) => `${column} = excluded.${column}`).join(', ')}`);
  const save = database.transaction((run: RunRecord) => {
    const recipe = JSON.stringify(run.recipe);
    const sha256 = createHash('sha256').update(recipe).digest('hex');
    keepRecipe.run(sha256, recipe);
    const row = Object.fromEntries(names.map(([key]) => [key, run[key as keyof RunRecord]]));
    upsert.run({ ...row, recipe: sha256, metrics: jsonOrNull(run.metrics), error: jsonOrNull(run.error) });
  });
  return {
    get: (id: string): RunRecord | null => recordOf(one.get(id)),
    /** Newest first. */
    list: (): readonly RunRecord[] =>
      all
        .all()
        .map((row) => recordOf(row))
        .filter((run) => run !== null),
    newestOf: (projectId: string): RunRecord | null => recordOf(newest.get(projectId)),
    inFolder: (folder: string): RunRecord | null => recordOf(inFolder.get(folder)),
    countOf: (projectId: string): number => count.get(projectId)?.n ?? 0,
    save: (run: RunRecord): void => {
      save(run);
    },
  };
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

function recordOf(row: Row | undefined): RunRecord | null {
  if (row === undefined) return null;
  return {
    ...row,
    recipe: JSON.parse(row.recipe) as Json,
    metrics: row.metrics === null ? null : (JSON.parse(row.metrics) as RunRecord['metrics']),
    error: row.error === null ? null : (JSON.parse(row.error) as RunRecord['error']),
  };
}
