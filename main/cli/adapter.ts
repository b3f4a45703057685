/** What lies beside an adapter: the resolved recipe, which names the base model. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { StudioError } from '../../engine/spec/errors.ts';
import { parseJson } from './recipe-file.ts';
import type { Session } from './session.ts';

const recipeName = 'recipe.json';
const namedModel = z.looseObject({ model: z.string().min(1) });

/** The base model: the one the user names, else the one the adapter was trained on. */
export function baseModelOf(
  session: Session,
  options: { readonly model: string | undefined; readonly adapter: string | null },
): string {
  const { model, adapter } = options;
  if (model !== undefined) return session.locate(model, process.cwd());
  if (adapter === null)
    throw new StudioError('usage', {
      command: 'atelier generate',
      reason: 'without an adapter, --model says which model is asked',
    });
  const path = join(adapter, recipeName);
  if (!existsSync(path)) {
    throw new StudioError('usage', {
      command: 'atelier',
      reason: `no ${recipeName} lies in ${adapter}, so --model must say which model it belongs to`,
    });
  }
  const recipe = namedModel.safeParse(parseJson(readFileSync(path, 'utf8'), path));
  if (!recipe.success) throw new StudioError('recipe.unreadable', { path, reason: 'it does not name a model' });
  return session.locate(recipe.data.model, adapter);
}

/** An adapter folder that exists. */
export function adapterFolder(path: string): string {
  const folder = resolve(path);
  if (!existsSync(folder)) throw new StudioError('file.missing', { path: folder });
  return folder;
}
