/** Exports a run's adapter folder and proves it: rows are answered again from the files just written. */
import { cp, mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { wrapDataset } from './replay-rows.ts';
import type { CommandHandler, ExportReport } from '../spec/commands.ts';
import { StudioError } from '../spec/errors.ts';
import type { Prediction } from '../spec/metrics.ts';
import type { Recipe } from '../spec/recipe.ts';
import type { Watch } from '../tasks/task.ts';
import { exists } from '../train/checkpoints.ts';
import { answererOf } from '../train/evaluate.ts';
import { layoutFor, roomForRows, taskModel } from '../train/prepare.ts';
import { readJsonFile, runFolder, writeJson } from '../train/run-folder.ts';
import { openTuned, type TunedModel } from './open-adapter.ts';

const rowsReplayed = 20;

/** Answers of a kernel depend on the batch they stand in by this much. */
const logitTolerance = 1e-3;

export const exportRun: CommandHandler<'export'> = async ({ run, modelPath, out }, tell, control) => {
  const source = runFolder(run);
  if (!(await exists(source.adapter))) throw new StudioError('file.missing', { path: source.adapter });
  if ((await exists(out)) && (await readdir(out)).length > 0) throw new StudioError('file.exists', { path: out });
  const pending = `${out}.part`;
  await rm(pending, { recursive: true, force: true });
  try {
    await mkdir(pending, { recursive: true });
    await cp(source.adapter, pending, { recursive: true });
    await leavePathsBehind(join(pending, 'recipe.json'));
    const saved = (await readPredictions(source.predictions)).slice(0, rowsReplayed);
    const replay = await replayRows(saved, await openTuned(modelPath, pending), (done, total) => {
      control.signal.throwIfAborted();
      tell({ done, total, note: 'replaying' });
    });
    await rm(out, { recursive: true, force: true });
    await rename(pending, out);
    const names = await readdir(out);
    const files = await Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(out, name))).size })));
    return { folder: out, files, replay };
  } catch (thrown) {
    await rm(pending, { recursive: true, force: true });
    throw thrown;
  }
};

/** What is taken along names files, not where they lie on this computer. */
async function leavePathsBehind(path: string): Promise<void> {
  const recipe = (await readJsonFile(path)) as unknown as Recipe;
  const { data } = recipe;
  const names = (paths: readonly string[] | null): string[] | null => paths?.map((file) => basename(file)) ?? null;
  await writeJson(path, {
    ...recipe,
    model: basename(recipe.model),
    data: { ...data, train: names(data.train), validation: names(data.validation), test: names(data.test) },
  });
}

/** Answers saved rows again and compares. Throws `export.mismatch` with the first row that is answered otherwise. */
async function replayRows(
  saved: readonly Prediction[],
  tuned: TunedModel,
  watch: Watch,
): Promise<ExportReport['replay']> {
  const answerer = await answererOf(tuned);
  try {
    const rows = await tuned.task.prepare(
      wrapDataset(saved, { task: tuned.task.name, head: tuned.setup.head, labels: tuned.labels }),
      taskModel(tuned, roomForRows(tuned.setup, tuned.recipe.training.maxLength), layoutFor(tuned.setup)),
      { head: tuned.setup.head, labels: tuned.labels },
    );
    const { lines: again } = await rows.predict(answerer, 'test', { before: null, watch });
    const differences = saved.map((line, index) => compare(line, again[index]));
    const matched = differences.filter((difference) => difference !== null);
    if (matched.length < saved.length) {
      const row = saved[differences.indexOf(null)]?.row ?? 0;
      throw new StudioError('export.mismatch', { matched: matched.length, of: saved.length, row });
    }
    return { matched: matched.length, of: saved.length, largestDifference: Math.max(0, ...matched) };
  } finally {
    await answerer.dispose();
  }
}

/** Largest difference of the logits; null where the answer is another. */
function compare(saved: Prediction, again: Prediction | undefined): number | null {
  if (again?.prediction !== saved.prediction) return null;
  const own = 'logits' in saved ? saved.logits : undefined;
  const other = 'logits' in again ? again.logits : undefined;
  if (!own || !other) return 0;
  const difference = Math.max(...own.map((logit, index) => Math.abs(logit - (other[index] ?? Infinity))));
  return difference <= logitTolerance ? difference : null;
}

async function readPredictions(path: string): Promise<readonly Prediction[]> {
  if (!(await exists(path))) return [];
  const text = await readFile(path, 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Prediction]));
}
