/** What all imports share: the task that a head leaves, names of labels, and a recipe that says what is known. */
import { isLanguageModel, type HeadName } from '../models/model.ts';
import type { ImportRequest } from '../spec/commands.ts';
import { StudioError } from '../spec/errors.ts';
import type { MethodConfig } from '../spec/methods/index.ts';
import { parseRecipe, type Recipe } from '../spec/recipe.ts';
import { taskNames, writesText, type TaskName } from '../spec/tasks.ts';
import { parameterCount, type OpenedModel } from '../train/prepare.ts';

const understanding = {
  'text-classification': 'sequence-classification',
  'token-classification': 'token-classification',
  'question-answering': 'question-answering',
  'multiple-choice': 'multiple-choice',
} as const satisfies Partial<Record<TaskName, HeadName>>;

export function headFor(task: TaskName): HeadName | null {
  return Object.entries(understanding).find(([own]) => own === task)?.[1] ?? null;
}

export function tasksOf(name: HeadName): readonly TaskName[] {
  return taskNames.filter((task) => (isLanguageModel(name) ? writesText(task) : headFor(task) === name));
}

/** Null: the type leaves a choice. */
export function onlyTask(name: HeadName | null, talks: boolean): TaskName | null {
  if (name === null || name === 'seq2seq-lm') return null;
  if (name === 'causal-lm') return talks ? 'chat' : 'text-generation';
  return tasksOf(name)[0] ?? null;
}

/** Names given for `count` rows of a head, or LABEL_0 and so on. Errors: `recipe.field`. */
export function namedLabels(given: readonly string[] | null, count: number | null): readonly string[] {
  if (given === null || count === null)
    return given ?? Array.from({ length: count ?? 0 }, (_, index) => `LABEL_${String(index)}`);
  if (given.length === count) return given;
  throw new StudioError('recipe.field', {
    path: 'labels',
    value: given.join(', '),
    legal: `${String(count)} names, one for each row of the adapter's head`,
  });
}

/** A recipe that says what is known: whose rows taught it is not. */
export function importedRecipe(of: {
  readonly request: ImportRequest;
  readonly model: OpenedModel;
  readonly task: TaskName;
  readonly method: MethodConfig;
}): Recipe {
  const { request, model, task, method } = of;
  const outline = { version: 1, model: request.modelPath, task, data: { train: ['unknown'] }, method };
  const { architecture, config } = model;
  const recipe = parseRecipe(outline).resolve({ architecture: architecture.type, parameters: parameterCount(model) });
  const maxLength = Math.min(recipe.training.maxLength, config.maxLength);
  return { ...recipe, training: { ...recipe.training, maxLength } };
}
