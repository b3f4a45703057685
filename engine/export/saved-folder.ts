/** The folder that a run saved, taken along as it is, without the paths of this computer. */
import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { methodOf } from '../methods/registry.ts';
import type { Recipe } from '../spec/recipe.ts';
import { readJsonFile, writeJson } from '../train/run-folder.ts';

export async function copySaved(adapter: string, folder: string): Promise<void> {
  await cp(adapter, folder, { recursive: true });
  await leavePathsBehind(join(folder, 'recipe.json'));
}

/** What is taken along names files, not where they lie on this computer. */
async function leavePathsBehind(path: string): Promise<void> {
  const recipe = (await readJsonFile(path)) as unknown as Recipe;
  const { data, method } = recipe;
  const names = (paths: readonly string[] | null): string[] | null => paths?.map((file) => basename(file)) ?? null;
  await writeJson(path, {
    ...recipe,
    model: basename(recipe.model),
    data: { ...data, train: names(data.train), validation: names(data.validation), test: names(data.test) },
    ...(recipe.start === undefined ? {} : { start: basename(recipe.start) }),
    method: methodOf(method).movePaths(method, (file) => basename(file)),
  });
}
