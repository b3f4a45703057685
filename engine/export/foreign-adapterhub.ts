/** Opens an AdapterHub folder that another program wrote: what a recipe would say is read off the adapter and its head. */
import { basename, join } from 'node:path';
import type { HeadName } from '../models/model.ts';
import { StudioError } from '../spec/errors.ts';
import { parseRecipe } from '../spec/recipe.ts';
import type { TaskName } from '../spec/tasks.ts';
import { taskOf } from '../tasks/registry.ts';
import type { Task } from '../tasks/task.ts';
import { exists } from '../train/checkpoints.ts';
import { parameterCount, type OpenedModel } from '../train/prepare.ts';
import { createSetup } from '../train/setup.ts';
import { loadWeights } from '../train/weights.ts';
import type { TunedModel } from './open-adapter.ts';
import { adapterHubHead, adapterHubMethod, adapterHubTensors, type AdapterHubHead } from './read-adapterhub.ts';

/** An adapter without our recipe, in a file of AdapterHub's name. */
export async function isForeignAdapterHub(folder: string): Promise<boolean> {
  if (await exists(join(folder, 'recipe.json'))) return false;
  return (await exists(join(folder, 'adapter.safetensors'))) || exists(join(folder, 'pytorch_adapter.bin'));
}

/** Errors: those of the files; `adapter.incomplete`, `adapter.base`, `model.config`, `model.task`. */
export async function openForeignAdapterHub(opened: OpenedModel, folder: string): Promise<TunedModel> {
  const method = await adapterHubMethod(folder);
  const own = await adapterHubHead(folder, opened);
  const { architecture, head, labels } = own;
  const task = taskFor(own, opened);
  const recipe = parseRecipe({
    version: 1,
    model: opened.base.path,
    task: task.name,
    // Nobody knows its rows: it was trained elsewhere.
    data: { train: [basename(folder)] },
    method,
  }).resolve({ architecture: architecture.type, parameters: parameterCount(opened) });
  const setup = createSetup({ architecture, config: opened.config, head, method });
  const known = await adapterHubTensors(folder, setup);
  const weights = await loadWeights({ base: opened.base, setup, seed: 0, known });
  return { ...opened, architecture, recipe, task, setup, labels, weights, prompt: null };
}

/** What a head may be for, likeliest first. */
const tasksOf = {
  'sequence-classification': ['text-classification'],
  'token-classification': ['token-classification'],
  'question-answering': ['question-answering'],
  'multiple-choice': ['multiple-choice'],
  'causal-lm': ['chat', 'text-generation'],
  'seq2seq-lm': ['text-generation', 'translation', 'summarization'],
  'masked-lm': [],
} as const satisfies Record<HeadName, readonly TaskName[]>;

/** A chat only where the model has a template for one. */
function taskFor({ architecture, head, labels }: AdapterHubHead, { base, config }: OpenedModel): Task {
  const possible: readonly TaskName[] = tasksOf[head.name];
  const found = possible
    .filter((name) => name !== 'chat' || base.chatTemplate !== null)
    .map(taskOf)
    .find((task) => {
      const wanted = task.head({ labels, labelling: 'one', unanswerable: false, architecture, config });
      return wanted?.name === head.name;
    });
  if (!found) throw new StudioError('model.task', { architecture: architecture.type, task: head.name });
  return found;
}
