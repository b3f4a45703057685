/** A saved prompt: prompt.json with all that asks a model again, and prompt.txt to be read, edited and used elsewhere. */
import { join } from 'node:path';
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import type { Demonstration } from '../methods/in-context/prompt.ts';
import { promptText, type PromptContext } from '../tasks/prompted/context.ts';
import { readJsonFile, writeJson, writeText } from '../train/run-folder.ts';
import type { Setup } from '../train/setup.ts';

const file = 'prompt.json';

export async function writePrompt(prompt: PromptContext, labels: readonly string[], folder: string): Promise<void> {
  const { settings, demonstrations } = prompt;
  await writeJson(join(folder, file), { ...settings, labels, demonstrations });
  const names = /\{pair\}/.test(settings.template) ? ['text', 'pair'] : ['text'];
  await writeText(join(folder, 'prompt.txt'), promptText(prompt, names));
}

/** Null where the method learns. The settings are the recipe's. */
export async function readPrompt(folder: string, { method, methodConfig }: Setup): Promise<PromptContext | null> {
  const settings = method && methodConfig ? method.prompting(methodConfig) : null;
  if (!settings) return null;
  const path = join(folder, file);
  const { demonstrations } = (await readJsonFile(path)) as Readonly<Record<string, Json>>;
  if (!Array.isArray(demonstrations))
    throw new StudioError('checkpoint.corrupt', { path, reason: 'it has no list of demonstrations' });
  return { settings, demonstrations: demonstrations.map((one: Json) => demonstrationOf(one, path)) };
}

function demonstrationOf(value: Json, path: string): Demonstration {
  const { fields, answer } = (value ?? {}) as Readonly<Record<string, Json>>;
  const isText = (own: unknown): own is string => typeof own === 'string';
  if (typeof fields === 'object' && fields !== null && Object.values(fields).every(isText) && isText(answer))
    return { fields: fields as Readonly<Record<string, string>>, answer };
  throw new StudioError('checkpoint.corrupt', { path, reason: 'a demonstration is not texts with an answer' });
}
