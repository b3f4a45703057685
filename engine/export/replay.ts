/** Proves an export: rows that the run answered are answered again by what was read back from the files. */
import { readFile } from 'node:fs/promises';
import type { ExportReport } from '../spec/commands.ts';
import { StudioError } from '../spec/errors.ts';
import type { Prediction } from '../spec/metrics.ts';
import type { PreparedTask, Watch } from '../tasks/task.ts';
import { exists } from '../train/checkpoints.ts';
import { answererOf } from '../train/evaluate.ts';
import { rowModel } from '../train/prepare.ts';
import type { TunedModel } from './open-adapter.ts';
import { wrapDataset } from './replay-rows.ts';

const rowsReplayed = 20;

/** Answers of a kernel depend on the batch they stand in by this much. */
export const logitTolerance = 1e-3;

export type Replay = ExportReport['replay'];

/** The first rows that the run answered; none where it measured nothing. */
export async function savedPredictions(path: string): Promise<readonly Prediction[]> {
  if (!(await exists(path))) return [];
  const text = await readFile(path, 'utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.slice(0, rowsReplayed).map((line) => JSON.parse(line) as Prediction);
}

/** The saved rows as tokens of this model. */
export function rowsOf(saved: readonly Prediction[], tuned: TunedModel): Promise<PreparedTask> {
  return tuned.task.prepare(
    wrapDataset(saved, { task: tuned.task.name, head: tuned.setup.head, labels: tuned.labels }),
    rowModel(tuned),
    { head: tuned.setup.head, labels: tuned.labels },
  );
}

export interface ReplayOptions {
  readonly watch: Watch;
  /** The numbers are those of the run: a row that is answered otherwise is an error. */
  readonly exact: boolean;
}

/** Answers saved rows again and compares; closes the model. Errors: `export.mismatch` with the first row that is answered otherwise. */
export async function replayRows(
  saved: readonly Prediction[],
  tuned: TunedModel,
  { watch, exact }: ReplayOptions,
): Promise<Replay> {
  const answerer = await answererOf(tuned);
  try {
    const rows = await rowsOf(saved, tuned);
    const { lines: again } = await rows.predict(answerer, 'test', { before: null, watch });
    const differences = saved.map((line, index) => differenceOf(line, again[index]));
    const same = saved.map((line, index) => {
      const difference = differences[index] ?? Infinity;
      return again[index]?.prediction === line.prediction && (!exact || difference <= logitTolerance);
    });
    const matched = same.filter(Boolean).length;
    if (exact && matched < saved.length) {
      const row = saved[same.indexOf(false)]?.row ?? 0;
      throw new StudioError('export.mismatch', { matched, of: saved.length, row });
    }
    return { matched, of: saved.length, largestDifference: Math.max(0, ...differences) };
  } finally {
    await answerer.dispose();
  }
}

/** Largest difference of the logits; 0 where answers have none. */
function differenceOf(saved: Prediction, again: Prediction | undefined): number {
  const own = 'logits' in saved ? saved.logits : undefined;
  const other = again && 'logits' in again ? again.logits : undefined;
  if (!own || !other) return 0;
  const differences = own.map((logit, index) => Math.abs(logit - (other[index] ?? Infinity)));
  return differences.reduce((largest, one) => (one > largest || Number.isNaN(one) ? one : largest), 0);
}
