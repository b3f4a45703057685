/** What the model says without its training: measured before the first step, read again by a resumed run. */
import { Runtime } from '../runtime/session.ts';
import type { Part, Untrained, Watch } from '../tasks/task.ts';
import { createAnswerer, type AnswererOptions } from './answerer.ts';
import { exists } from './checkpoints.ts';
import { Machine } from './machine.ts';
import type { PreparedRun } from './prepare.ts';
import { readJsonFile, writeJson, type RunFolder, type SavedBaseline } from './run-folder.ts';
import { createSetup } from './setup.ts';
import type { Weights } from './weights.ts';

export interface BaselineOptions {
  readonly folder: RunFolder;
  readonly resumed: boolean;
  readonly part: Part;
  readonly watch: Watch;
  readonly weights: Weights;
  /** Asks the machine that trains, which has not learned yet. */
  readonly answerer: ReturnType<typeof createAnswerer>;
  readonly options: Omit<AnswererOptions, 'machine'>;
}

/** Null where the model has no fair answer before it has learned. */
export async function baseline(prepared: PreparedRun, at: BaselineOptions): Promise<Untrained | null> {
  const { folder, resumed, part, watch } = at;
  if (resumed && (await exists(folder.baseline))) return (await readJsonFile(folder.baseline)) as unknown as Untrained;
  const { method, methodConfig } = prepared.setup;
  const found =
    method && methodConfig && !method.startsAsIdentity(methodConfig)
      ? await askPlainModel(prepared, at)
      : await prepared.rows.untrained(at.answerer, part, watch);
  if (found === null) return null;
  const saved: SavedBaseline = {
    ...found,
    labels: prepared.rows.labels,
    maxLength: prepared.recipe.training.maxLength,
  };
  await writeJson(folder.baseline, saved);
  return found;
}

/** The same weights without the method, which changes what the model says before it has learned anything. */
async function askPlainModel(
  { setup, base, rows }: PreparedRun,
  { part, watch, weights, options }: BaselineOptions,
): Promise<Untrained | null> {
  const { architecture, config, head } = setup;
  const plain = createSetup({ architecture, config, head, method: null });
  const machine = new Machine({ ...options, runtime: await Runtime.open(), setup: plain, base, weights });
  const answerer = createAnswerer({ ...options, machine });
  try {
    return await rows.untrained(answerer, part, watch);
  } finally {
    await answerer.dispose();
    await machine.release();
  }
}
