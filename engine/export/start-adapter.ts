/** A run that goes on from an adapter: what the adapter is settles the method's settings, and rows must ask for its answers. */
import { isAbsolute, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { DataRoom } from '../data/dataset.ts';
import type { CommandHandler, RunRequest } from '../spec/commands.ts';
import { StudioError } from '../spec/errors.ts';
import { keptSettings, type MethodConfig } from '../spec/methods/index.ts';
import { parseRecipe, type Recipe } from '../spec/recipe.ts';
import { exists } from '../train/checkpoints.ts';
import { prepareRun, type PreparedRun } from '../train/prepare.ts';
import { readJsonFile } from '../train/run-folder.ts';
import { classesOf } from './earlier-values.ts';
import { readLabels, savedMethod } from './open-adapter.ts';

export const adapterSettings: CommandHandler<'adapterSettings'> = async ({ adapter }) => {
  const recipe = await ownRecipe(adapter);
  if (recipe === null) throw new StudioError('file.missing', { path: join(adapter, 'recipe.json') });
  return {
    method: await savedMethod(adapter, recipe.method),
    task: recipe.task,
    labels: await readLabels(adapter),
  };
};

/**
 * Prepares a run; one that goes on from an adapter has the adapter's settings where the recipe leaves them out. Errors: those of
 * `prepareRun`; `adapter.start-setting`, `adapter.start-answers`.
 */
export async function openRun(request: RunRequest, room: DataRoom): Promise<PreparedRun> {
  const { start } = parseRecipe(request.recipe);
  if (start === null) return await prepareRun(request, room);
  const adapter = isAbsolute(start) ? start : resolve(request.folder, start);
  const prepared = await prepareRun(await withSettings(request, adapter), room);
  try {
    await refuseOtherAnswers(prepared, adapter);
    return prepared;
  } catch (thrown) {
    await prepared.base.close();
    throw thrown;
  }
}

/** Null: a folder that no Atelier wrote. */
async function ownRecipe(adapter: string): Promise<Recipe | null> {
  const path = join(adapter, 'recipe.json');
  if (!(await exists(path))) return null;
  // Our folders leave no setting out, so that no preset is asked.
  return parseRecipe(await readJsonFile(path)).resolve({ architecture: null, parameters: null });
}

async function withSettings(request: RunRequest, adapter: string): Promise<RunRequest> {
  if (!(await exists(adapter))) throw new StudioError('file.missing', { path: adapter });
  const own = await savedMethod(adapter, (await ownRecipe(adapter))?.method ?? null);
  if (own === null) return request;
  const recipe = request.recipe as { readonly method: Partial<MethodConfig> };
  const asked = new Map<string, unknown>(Object.entries(recipe.method));
  const settled = new Map<string, unknown>(Object.entries(own));
  for (const setting of ['name', ...keptSettings(own.name)]) {
    const [value, kept] = [asked.get(setting), settled.get(setting)];
    if (value === undefined || isDeepStrictEqual(inOrder(value), inOrder(kept))) continue;
    const shown = { value: JSON.stringify(value), own: JSON.stringify(kept ?? null) };
    throw new StudioError('adapter.start-setting', { path: adapter, setting: `method.${setting}`, ...shown });
  }
  return { ...request, recipe: { ...recipe, method: { ...own, ...recipe.method } } };
}

/** Names of modules are a set: PEFT writes them in any order. */
function inOrder(value: unknown): unknown {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.toSorted() : value;
}

/** A head that is made new has learned its own labels. */
async function refuseOtherAnswers({ setup, rows }: PreparedRun, adapter: string): Promise<void> {
  if (!setup.target.headIsNew) return;
  const own = await classesOf(adapter);
  if (own === null || (own.length === 0 && rows.labels.length === 0)) return;
  if (own.some((label) => rows.labels.includes(label))) return;
  const words = (labels: readonly string[]): string => (labels.length === 0 ? 'no labels' : labels.join(', '));
  throw new StudioError('adapter.start-answers', { path: adapter, own: words(own), asked: words(rows.labels) });
}
