/** Opens what a run wrote, or AdapterHub's library: recipe, labels and learned weights of an adapter folder, on top of its base model. */
import { join } from 'node:path';
import { openSafetensors } from '../checkpoint/safetensors.ts';
import { methodFromPeft, methodOf } from '../methods/registry.ts';
import { headNames, problemNames, type Head } from '../models/model.ts';
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import type { MethodConfig } from '../spec/methods/index.ts';
import { parseRecipe, type Recipe } from '../spec/recipe.ts';
import { taskOf } from '../tasks/registry.ts';
import type { PromptContext } from '../tasks/prompted/context.ts';
import type { Task } from '../tasks/task.ts';
import { exists } from '../train/checkpoints.ts';
import { openArchitecture, parameterCount, type OpenedModel } from '../train/prepare.ts';
import { readJsonFile } from '../train/run-folder.ts';
import { createSetup, ownWeights, type Setup } from '../train/setup.ts';
import { loadWeights, type Weights } from '../train/weights.ts';
import { isForeignAdapterHub, openForeignAdapterHub } from './foreign-adapterhub.ts';
import { readPrompt } from './prompt-folder.ts';
import { adapterHubHead, adapterHubMethod, adapterHubTensors, type AdapterHubHead } from './read-adapterhub.ts';

export interface TunedModel extends OpenedModel {
  readonly recipe: Recipe;
  readonly task: Task;
  readonly setup: Setup;
  readonly labels: readonly string[];
  readonly weights: Weights;
  /** What is shown before each question; null where something was learned. */
  readonly prompt: PromptContext | null;
}

/** The caller closes `base`. Errors: those of the files; `adapter.incomplete`, `adapter.base`. */
export async function openTuned(modelPath: string, adapter: string): Promise<TunedModel> {
  const opened = await openArchitecture(modelPath);
  try {
    if (await isForeignAdapterHub(adapter)) return await openForeignAdapterHub(opened, adapter);
    const raw = await readJsonFile(join(adapter, 'recipe.json'));
    const recipe = parseRecipe(raw).resolve({
      architecture: opened.architecture.type,
      parameters: parameterCount(opened),
    });
    const task = taskOf(recipe.task);
    const labels = await readLabels(adapter);
    const method = await savedMethod(adapter, recipe.method);
    const { architecture, head } = await ownHead(adapter, opened, () => readHead(adapter, { task, labels, opened }));
    const setup = createSetup({ architecture, config: opened.config, head, method });
    const known = await readLearned(adapter, setup);
    return {
      ...opened,
      architecture,
      recipe,
      task,
      setup,
      labels,
      prompt: await readPrompt(adapter, setup),
      weights: await loadWeights({ base: opened.base, setup, seed: 0, known }),
    };
  } catch (thrown) {
    await opened.base.close();
    throw thrown;
  }
}

/** In the order of the logits. */
export async function readLabels(adapter: string): Promise<readonly string[]> {
  const path = join(adapter, 'labels.json');
  const labels = await readJsonFile(path);
  if (Array.isArray(labels) && labels.every((label) => typeof label === 'string')) return labels;
  throw new StudioError('checkpoint.corrupt', { path, reason: 'it is not a list of names' });
}

/** Adapters written before head.json was are of tasks whose labels tell the head. */
async function readHead(
  adapter: string,
  { task, labels, opened }: { readonly task: Task; readonly labels: readonly string[]; readonly opened: OpenedModel },
): Promise<Head> {
  const path = join(adapter, 'head.json');
  if (await exists(path)) return parseHead(path, await readJsonFile(path));
  const { architecture, config } = opened;
  const head = task.head({ labels, labelling: 'one', unanswerable: false, architecture, config });
  if (!head) throw new StudioError('model.task', { architecture: architecture.type, task: task.name });
  return head;
}

/** An AdapterHub folder may bring a head of its own kind in place of the model's. */
async function ownHead(
  adapter: string,
  opened: OpenedModel,
  usual: () => Promise<Head>,
): Promise<Pick<AdapterHubHead, 'architecture' | 'head'>> {
  const path = join(adapter, 'head_config.json');
  const brought = (await exists(path))
    ? ((await readJsonFile(path)) as Readonly<Record<string, Json>>)['config']
    : null;
  if (brought === null || brought === undefined) return { architecture: opened.architecture, head: await usual() };
  return adapterHubHead(adapter, opened);
}

function parseHead(path: string, value: Json): Head {
  const { name, labels, problem, words, unanswerable } = value as Readonly<Record<string, Json>>;
  const known = headNames.find((own) => own === name);
  const kind = problemNames.find((own) => own === problem);
  if (known === undefined || typeof labels !== 'number' || !Number.isInteger(labels) || labels < 1)
    throw new StudioError('checkpoint.corrupt', { path, reason: 'it names no head with its number of labels' });
  const chosen = Array.isArray(words) ? { words: words.filter((word) => typeof word === 'number') } : {};
  return {
    name: known,
    labels,
    ...(kind ? { problem: kind } : {}),
    ...chosen,
    ...(unanswerable === true ? { unanswerable } : {}),
  };
}

/**
 * A PEFT or AdapterHub folder's own config decides, in the form in which its tensors are saved; the recipe's `method`, null where
 * there is none, only says how it came about.
 */
export async function savedMethod<M extends MethodConfig | null>(
  adapter: string,
  method: M,
): Promise<MethodConfig | M> {
  const path = join(adapter, 'adapter_config.json');
  if (!(await exists(path))) return method;
  const raw = (await readJsonFile(path)) as Readonly<Record<string, Json>>;
  if (!('peft_type' in raw) && 'config' in raw) return adapterHubMethod(adapter, method);
  const read = methodFromPeft(raw, path, method);
  return methodOf(read).savedConfig(read);
}

/** Every parameter that learned, of the shape this base needs. */
export async function readLearned(adapter: string, setup: Setup): Promise<ReadonlyMap<string, Float32Array>> {
  const { method, methodConfig, target } = setup;
  if (setup.trainable.length === 0) return new Map();
  if (method?.savedAs === 'adapterhub') return adapterHubTensors(adapter, setup);
  const peft = method?.peft ?? null;
  const path = join(adapter, peft ? 'adapter_model.safetensors' : 'model.safetensors');
  const file = await openSafetensors(path);
  try {
    const known = new Map<string, Float32Array>();
    for (const name of peft ? setup.trainable : ownWeights(setup)) {
      const key = peft && methodConfig ? peft.key(name, target, methodConfig) : name;
      const entry = file.tensors.get(key);
      if (!entry) throw new StudioError('adapter.incomplete', { path, name: key });
      const shape = setup.added.get(name)?.shape ?? setup.shapes.get(name) ?? [];
      if (entry.shape.join() !== shape.join()) {
        throw new StudioError('adapter.base', {
          path,
          name: key,
          found: entry.shape.join(' × '),
          expected: shape.join(' × '),
        });
      }
      known.set(name, await file.read(key));
    }
    return known;
  } finally {
    await file.close();
  }
}
