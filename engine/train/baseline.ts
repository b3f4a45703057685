/** What the model says without its training, or without its examples: measured first, read again by a resumed run. */
import { Runtime } from '../runtime/session.ts';
import { withoutExamples, type PromptContext } from '../tasks/prompted/context.ts';
import type { Part, Untrained, Watch } from '../tasks/task.ts';
import { createAnswerer, type AnswererOptions } from './answerer.ts';
import { exists } from './checkpoints.ts';
import { Machine } from './machine.ts';
import { rowModel, type PreparedRun } from './prepare.ts';
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
  const { folder, resumed } = at;
  if (resumed && (await exists(folder.baseline))) return (await readJsonFile(folder.baseline)) as unknown as Untrained;
  const found = await ask(prepared, at);
  if (found === null) return null;
  const saved: SavedBaseline = {
    ...found,
    labels: prepared.rows.labels,
    maxLength: prepared.recipe.training.maxLength,
  };
  await writeJson(folder.baseline, saved);
  return found;
}

function ask(prepared: PreparedRun, at: BaselineOptions): Promise<Untrained | null> {
  const { prompt, setup, rows } = prepared;
  const { method, methodConfig } = setup;
  if (prompt) return askWithoutExamples(prepared, prompt, at);
  return method && methodConfig && !method.startsAsIdentity(methodConfig)
    ? askPlainModel(prepared, at)
    : rows.untrained(at.answerer, at.part, at.watch);
}

/** The same rows in the same template; null where the run itself shows no examples. */
async function askWithoutExamples(
  prepared: PreparedRun,
  prompt: PromptContext,
  { answerer, part, watch }: BaselineOptions,
): Promise<Untrained | null> {
  if (prompt.settings.shots === 0) return null;
  const { task, dataset, setup, rows } = prepared;
  const measured = { ...dataset, train: [], validation: [], test: [], [part]: dataset[part] };
  const model = rowModel({ ...prepared, prompt: withoutExamples(prompt) });
  const bare = await task.prepare(measured, model, { head: setup.head, labels: rows.labels });
  return bare.untrained(answerer, part, watch);
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
