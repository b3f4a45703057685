/** What a run said while it worked: its events, the points of its curves, its checkpoints. */
import type { Database } from 'better-sqlite3';
import type { EvaluationSample, RunEvent } from '../../engine/spec/events.ts';
import type { RunSeries } from '../contract/views.ts';

type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;
type StepPoint = RunSeries['steps'][number];
type EvaluationPoint = RunSeries['evaluations'][number];

export function curvesTable(database: Database) {
  const position = database.prepare<[string], { next: number }>(
    'SELECT coalesce(max(position), -1) + 1 AS next FROM events WHERE run_id = ?',
  );
  const insertEvent = database.prepare(
    'INSERT INTO events (run_id, position, time, type, event) VALUES (?, ?, ?, ?, ?)',
  );
  const insertStep = database.prepare('INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const insertEvaluation = database.prepare('INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?, ?, ?, ?)');
  const insertCheckpoint = database.prepare('INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)');
  const unkeep = database.prepare('UPDATE evaluations SET kept = 0 WHERE run_id = ?');
  const rewinds = ['steps', 'evaluations', 'checkpoints'].map((table) =>
    database.prepare(`DELETE FROM ${table} WHERE run_id = ? AND step > ?`),
  );
  const forgetAll = ['events', 'steps', 'evaluations', 'checkpoints'].map((table) =>
    database.prepare(`DELETE FROM ${table} WHERE run_id = ?`),
  );
  const steps = database.prepare<[string, number], StepPoint>(`
    SELECT step, loss, learning_rate AS learningRate, grad_norm AS gradNorm, memory_bytes AS memoryBytes,
      (rows - coalesce(lag(rows) OVER (ORDER BY step), 0)) / nullif(seconds - coalesce(lag(seconds) OVER (ORDER BY step), 0), 0) AS rowsPerSecond
    FROM steps WHERE run_id = ? AND step > ? ORDER BY step`);
  const evaluations = database.prepare<
    [string],
    Omit<EvaluationPoint, 'metrics' | 'kept'> & { metrics: string; kept: number; samples: string }
  >('SELECT step, epoch, loss, metrics, kept, samples FROM evaluations WHERE run_id = ? ORDER BY step');
  const events = database.prepare<[string], { event: string }>(
    'SELECT event FROM events WHERE run_id = ? ORDER BY position',
  );
  const checkpoint = database.prepare<[string], { step: number | null }>(
    'SELECT max(step) AS step FROM checkpoints WHERE run_id = ?',
  );

  const fold = {
    step: (runId: string, event: EventOf<'step'>) => {
      if (!Number.isFinite(event.loss) || !Number.isFinite(event.gradNorm)) return;
      const { step, loss, learningRate, gradNorm, rows, tokens, seconds, memoryBytes } = event;
      insertStep.run(runId, step, loss, learningRate, gradNorm, rows, tokens, seconds, memoryBytes);
    },
    evaluation: (runId: string, event: EventOf<'evaluation'>) => {
      if (event.kept) unkeep.run(runId);
      const { step, epoch, loss, metrics, kept, samples } = event;
      insertEvaluation.run(runId, step, epoch, loss, JSON.stringify(metrics), kept ? 1 : 0, JSON.stringify(samples));
    },
    checkpoint: (runId: string, event: EventOf<'checkpoint'>) => {
      insertCheckpoint.run(runId, event.step, event.time);
    },
    /** What came after the checkpoint it goes on from will be done again. */
    resumed: (runId: string, event: EventOf<'resumed'>) => {
      for (const rewind of rewinds) rewind.run(runId, event.step);
    },
  };

  const append = database.transaction((runId: string, list: readonly RunEvent[]) => {
    let next = position.get(runId)?.next ?? 0;
    for (const event of list) {
      if (event.type === 'step') fold.step(runId, event);
      else {
        if (event.type === 'evaluation') fold.evaluation(runId, event);
        else if (event.type === 'checkpoint') fold.checkpoint(runId, event);
        else if (event.type === 'resumed') fold.resumed(runId, event);
        if (event.type !== 'evaluation') insertEvent.run(runId, next++, event.time, event.type, JSON.stringify(event));
      }
    }
  });
  const forget = database.transaction((runId: string) => {
    for (const statement of forgetAll) statement.run(runId);
  });

  return {
    /** In the order they came; a 'resumed' takes back the points after its step. */
    append: (runId: string, list: readonly RunEvent[]): void => {
      append(runId, list);
    },
    /** Points after `step`, or all. */
    steps: (runId: string, after = 0): readonly StepPoint[] =>
      steps.all(runId, after).map((point) => ({ ...point, rowsPerSecond: point.rowsPerSecond ?? 0 })),
    evaluations: (runId: string): readonly (EvaluationPoint & { readonly samples: readonly EvaluationSample[] })[] =>
      evaluations.all(runId).map((row) => ({
        ...row,
        metrics: JSON.parse(row.metrics) as EvaluationPoint['metrics'],
        kept: row.kept === 1,
        samples: JSON.parse(row.samples) as readonly EvaluationSample[],
      })),
    /** Everything but steps and evaluations. */
    events: (runId: string): readonly RunEvent[] => events.all(runId).map((row) => JSON.parse(row.event) as RunEvent),
    newestCheckpoint: (runId: string): number | null => checkpoint.get(runId)?.step ?? null,
    forget: (runId: string): void => {
      forget(runId);
    },
  };
}
