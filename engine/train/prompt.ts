/** The prompt of a run that learns nothing: which model is asked, and what it is shown before each question. */
import type { Dataset } from '../data/dataset.ts';
import { methodOf } from '../methods/registry.ts';
import { headNames, isLanguageModel, type Architecture, type Head, type ModelConfig } from '../models/model.ts';
import { architectureNames, architectureOf } from '../models/registry.ts';
import { StudioError } from '../spec/errors.ts';
import type { MethodConfig } from '../spec/methods/index.ts';
import type { PromptBudget } from '../spec/metrics.ts';
import { promptBudget } from '../tasks/prompted/budget.ts';
import { choosePrompt, type PromptContext, type SolvedRow } from '../tasks/prompted/context.ts';
import type { Part, Task, TaskModel } from '../tasks/task.ts';

/** Rows whose lengths tell the longest question. */
const rowsLookedAt = 500;

/** The language model of a family; null where it has none. */
export function languageHead(
  architecture: Pick<Architecture, 'kind' | 'taskClasses'>,
  config: ModelConfig,
): Head | null {
  // An encoder fills gaps, and does not go on with a text.
  if (architecture.kind === 'encoder') return null;
  const name = headNames.find((own) => isLanguageModel(own) && architecture.taskClasses[own] !== undefined);
  return name === undefined ? null : { name, labels: config.vocabulary };
}

/** Errors: `method.architecture`, where a model's family has no language model to be asked. */
export function promptedHead(
  { name }: MethodConfig,
  { architecture, config }: { readonly architecture: Architecture; readonly config: ModelConfig },
): Head {
  const head = languageHead(architecture, config);
  if (head) return head;
  const possible = architectureNames.filter((type) => languageHead(architectureOf({ model_type: type }), config));
  throw new StudioError('method.architecture', {
    method: name,
    architecture: architecture.type,
    possible: possible.join(', '),
  });
}

/** The solved rows that a method shows; null where it learns instead. Errors: `method.task`, `recipe.field`. */
export function promptFor(method: MethodConfig, task: Task, dataset: Dataset): PromptContext | null {
  const settings = methodOf(method).prompting(method);
  if (!settings) return null;
  const solved = task.solved?.(dataset, 'train') ?? null;
  if (!solved) throw new StudioError('method.task', { method: method.name, task: whatFor(dataset) });
  const isLabelled = solved.every(({ group }) => group !== null);
  if (!isLabelled && settings.selection === 'balanced') refuseSelection('balanced', 'random, nearest');
  if (task.ask && settings.selection === 'nearest') refuseSelection('nearest', 'random (answers are written here)');
  return choosePrompt(solved, settings);
}

function refuseSelection(value: string, legal: string): never {
  throw new StudioError('recipe.field', { path: 'method.selection', value, legal });
}

function whatFor(dataset: Dataset): string {
  if (!('labelling' in dataset)) return dataset.task;
  return dataset.labelling === 'many' ? `${dataset.task} with several labels a row` : `${dataset.task} with numbers`;
}

/** Room that the prompt takes beside the rows that are measured. Throws `prompt.no-room`. */
export function budgetOf(
  prompt: PromptContext,
  { task, dataset }: { readonly task: Task; readonly dataset: Dataset },
  model: Pick<TaskModel, 'tokenizer' | 'maxLength'>,
): Promise<PromptBudget> {
  const of = (part: Part): readonly SolvedRow[] => task.solved?.(dataset, part) ?? [];
  const [measured = []] = (['test', 'validation', 'train'] as const).map(of).filter(({ length }) => length > 0);
  return promptBudget(measured.slice(0, rowsLookedAt), model, prompt);
}

/** The data set with `most` rows of the part alone, from all over it: files are often sorted by label. */
export function someRows(dataset: Dataset, part: Part, most: number): Dataset {
  const rows = dataset[part];
  const count = Math.min(most, rows.length);
  const chosen = Array.from({ length: count }, (_, index) => Math.floor((index * rows.length) / count));
  const kept = chosen.flatMap((index) => rows[index] ?? []);
  return { ...dataset, train: [], validation: [], test: [], [part]: kept };
}
