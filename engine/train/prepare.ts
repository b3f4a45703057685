/** From a recipe to everything a run needs: model, data set, rows as tokens, and what learns. */
import { availableParallelism } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { openModel, type BaseModel } from '../checkpoint/model-folder.ts';
import type { DataRoom, Dataset } from '../data/dataset.ts';
import { checkTrainable } from '../data/trainable.ts';
import {
  hasHead,
  headNames,
  isLanguageModel,
  weightsOfModule,
  type Architecture,
  type Head,
  type HeadName,
  type ModelConfig,
} from '../models/model.ts';
import { beginningToken } from '../generate/rules.ts';
import { methodOf } from '../methods/registry.ts';
import { architectureOf } from '../models/registry.ts';
import { chooseDevice, type Device } from '../runtime/device.ts';
import { catalogueEntry } from '../spec/catalogue.ts';
import type { RunRequest } from '../spec/commands.ts';
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import type { MethodConfig } from '../spec/methods/index.ts';
import { parseRecipe, type Recipe } from '../spec/recipe.ts';
import { taskOf } from '../tasks/registry.ts';
import type { PromptContext } from '../tasks/prompted/context.ts';
import type { TokenRows } from '../tasks/rows.ts';
import type { PreparedTask, Task, TaskModel } from '../tasks/task.ts';
import { labelTokens, layoutOf, type Layout } from '../tasks/template.ts';
import { headOfSets, learningRows, openFurtherSets } from './further-sets.ts';
import { budgetOf, promptedHead, promptFor } from './prompt.ts';
import { countParameters, createSetup, type Setup } from './setup.ts';

export interface OpenedModel {
  readonly base: BaseModel;
  readonly architecture: Architecture;
  readonly config: ModelConfig;
}

export interface PreparedRun extends OpenedModel {
  readonly recipe: Recipe;
  readonly task: Task;
  readonly dataset: Dataset;
  readonly rows: PreparedTask;
  /** Rows to learn from: those of the training files, and those of further data sets behind them. */
  readonly learning: TokenRows;
  readonly setup: Setup;
  /** What is shown before each question; null where the method learns. */
  readonly prompt: PromptContext | null;
  readonly device: Device;
  readonly threads: number;
}

/** Errors: those of the model's files, and `model.unknown-architecture`, `model.config`. */
export async function openArchitecture(path: string): Promise<OpenedModel> {
  const base = await openModel(path);
  try {
    const architecture = architectureOf(base.config);
    const config = architecture.parseConfig(base.config, base.path);
    return { base, architecture, config: await withOwnHead(config, architecture, base) };
  } catch (thrown) {
    await base.close();
    throw thrown;
  }
}

/** As in Transformers: a head that the file holds beside its table, with other values, is one of its own whatever the config says. */
async function withOwnHead(config: ModelConfig, architecture: Architecture, base: BaseModel): Promise<ModelConfig> {
  const names = new Set(base.weights.names());
  const heads = headNames.filter((name) => isLanguageModel(name) && hasHead(architecture, name));
  for (const name of heads) {
    for (const [own, table] of architecture.ties(config, { name, labels: config.vocabulary })) {
      const tables = architecture.stored(table, name).filter((stored) => names.has(stored));
      const head = architecture.stored(own, name).find((stored) => names.has(stored) && !tables.includes(stored));
      const [first] = tables;
      if (head === undefined || first === undefined) continue;
      const [ours, theirs] = await Promise.all([base.weights.read(head), base.weights.read(first)]);
      if (ours.some((value, at) => value !== theirs[at])) return { ...config, tied: false };
    }
  }
  return config;
}

export function taskModel(
  { base, architecture, config }: OpenedModel,
  maxLength: number,
  { layout = null, prompt = null }: Partial<Pick<TaskModel, 'layout' | 'prompt'>> = {},
): TaskModel {
  return {
    tokenizer: base.tokenizer,
    chatTemplate: base.chatTemplate,
    kind: architecture.kind,
    config,
    maxLength,
    layout,
    prompt,
    beginning: beginningToken(base),
    pooled: (ids) => architecture.pooled(config, ids),
    path: base.path,
  };
}

/** A model with its method on it, as its task makes rows for it. Throws `method.no-room`. */
export function rowModel(
  tuned: OpenedModel & Pick<PreparedRun, 'setup' | 'prompt'> & { readonly recipe: Pick<Recipe, 'training' | 'method'> },
): TaskModel {
  const { setup, prompt, recipe } = tuned;
  return taskModel(tuned, roomForRows(setup, recipe.training.maxLength), {
    layout: layoutFor(recipe, tuned.architecture),
    prompt,
  });
}

/** The recipe with its presets and absolute paths, checked against the model. */
export function resolveRecipe(request: RunRequest, model: OpenedModel): Recipe {
  const outline = parseRecipe(request.recipe);
  const { architecture, config } = model;
  const parameters = parameterCount(model);
  const recipe = outline.resolve({ architecture: architecture.type, parameters });
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(request.folder, path));
  const { data, training } = recipe;
  return {
    ...recipe,
    model: catalogueEntry(recipe.model) ? recipe.model : absolute(recipe.model),
    data: {
      ...data,
      train: data.train.map(absolute),
      validation: data.validation?.map(absolute) ?? null,
      test: data.test?.map(absolute) ?? null,
    },
    ...(recipe.start === undefined ? {} : { start: absolute(recipe.start) }),
    method: methodOf(recipe.method).movePaths(recipe.method, absolute),
    training: { ...training, maxLength: fittingLength(request.recipe, training.maxLength, config) },
    threads: recipe.threads === 0 ? availableParallelism() : recipe.threads,
  };
}

/** A preset's length gives way to the model's; one that was asked for is refused. */
function fittingLength(recipe: unknown, length: number, config: ModelConfig): number {
  if (length <= config.maxLength) return length;
  const asked = (recipe as { training?: { maxLength?: Json } }).training?.maxLength;
  if (asked === undefined) return config.maxLength;
  throw new StudioError('recipe.field', {
    path: 'training.maxLength',
    value: String(length),
    legal: `at most ${String(config.maxLength)}, the longest row this model takes`,
  });
}

/** Heads that need no module of the base beyond those of all. */
const bareHeads = {
  encoder: 'token-classification',
  decoder: 'causal-lm',
  'encoder-decoder': 'seq2seq-lm',
} as const satisfies Record<Architecture['kind'], HeadName>;

export function parameterCount({ architecture, config }: OpenedModel): number {
  const head = { name: bareHeads[architecture.kind], labels: 1 };
  return countParameters(
    architecture.modules(config, head).flatMap((module) => weightsOfModule(module).map(([, shape]) => shape)),
  );
}

/** Reads and checks everything before the first step; throws what the user can remedy. The caller closes `base`. */
export async function prepareRun(request: RunRequest, room: DataRoom): Promise<PreparedRun> {
  parseRecipe(request.recipe);
  const model = await openArchitecture(request.modelPath);
  try {
    const recipe = resolveRecipe(request, model);
    const task = taskOf(recipe.task);
    const dataset = await room.loadDataset({ ...recipe.data, task: recipe.task });
    checkTrainable(dataset);
    const further = await openFurtherSets(recipe, room);
    const own = await headFor(task, { dataset, model, method: recipe.method });
    const head = headOfSets(own, further);
    const setup = createSetup({ architecture: model.architecture, config: model.config, head, method: recipe.method });
    refuseNothing(setup);
    const prompt = promptFor(recipe.method, task, dataset);
    const reading = rowModel({ ...model, setup, prompt, recipe });
    if (prompt) await budgetOf(prompt, { task, dataset }, reading);
    const rows = await task.prepare(dataset, reading, { head: own, labels: dataset.labels });
    if (rows.parts.train.rows.every(({ answers }) => answers.length === 0)) {
      throw new StudioError('rows.too-long', {
        longest: recipe.training.maxLength,
        limit: recipe.training.maxLength,
        row: 1,
      });
    }
    return {
      ...model,
      recipe,
      task,
      dataset,
      rows,
      learning: await learningRows(further, { task, model: reading, head: own, own: rows.parts.train }),
      setup,
      prompt,
      device: chooseDevice(recipe.device),
      threads: recipe.threads,
    };
  } catch (thrown) {
    await model.base.close();
    throw thrown;
  }
}

/** Throws `method.nothing-learns`. */
export function refuseNothing({ trainable, method, methodConfig }: Setup): void {
  const isAsked = method && methodConfig ? method.prompting(methodConfig) !== null : false;
  if (trainable.length === 0 && !isAsked)
    throw new StudioError('method.nothing-learns', { method: methodConfig?.name ?? 'none' });
}

interface HeadContext {
  readonly dataset: Dataset;
  readonly model: OpenedModel;
  readonly method: MethodConfig;
}

/** Errors: `model.task` where the model's family has no head for the task; `model.no-words`; those of the method's template. */
async function headFor(task: Task, { dataset, model, method }: HeadContext): Promise<Head> {
  const { architecture, config, base } = model;
  const labelling = 'labelling' in dataset ? dataset.labelling : 'one';
  const unanswerable = 'unanswerable' in dataset && dataset.unanswerable;
  const outline = { labels: dataset.labels, labelling, unanswerable, architecture, config };
  const known = methodOf(method);
  if (known.prompting(method)) {
    const head = promptedHead(method, model);
    checkHeadIsThere(head, model);
    return head;
  }
  const template = known.template(method);
  const refuse = (legal: string): never => {
    throw new StudioError('recipe.field', { path: 'method.template', value: template?.text ?? 'null', legal });
  };
  if (template && !task.takesTemplates) refuse(`null: rows of ${task.name} are laid out by the task`);
  const words = template ? await labelTokens(template, { ...outline, ...base, kind: architecture.kind }) : null;
  if (words && labelling !== 'one') refuse('a text without {label}: each row must have one label');
  const head = task.head({ ...outline, ...(words ? { words } : {}) });
  if (!head && words) refuse(`a text without {label}: ${architecture.type} has no layer that names words`);
  if (!head) throw new StudioError('model.task', { architecture: architecture.type, task: task.name });
  if (words) checkHeadIsThere(head, model);
  return head;
}

/** A head that is not made new comes with the model. Errors: `model.no-words`. */
function checkHeadIsThere(head: Head, model: OpenedModel): void {
  const missing = missingWeight(head, model);
  if (missing !== null) throw new StudioError('model.no-words', { path: model.base.path, name: missing });
}

/** The first weight of a head that the model's files lack; null: all are there. */
export function missingWeight(head: Head, { architecture, config, base }: OpenedModel): string | null {
  const names = new Set(base.weights.names());
  const needed = architecture.headModules(config, head).filter(({ kind }) => kind !== 'buffer');
  const missing = needed
    .flatMap((module) => weightsOfModule(module).map(([name]) => name))
    .find((name) => !architecture.stored(name, head.name).some((stored) => names.has(stored)));
  return missing ?? null;
}

/** How the method lays out a task's rows. Errors: `recipe.field`. */
function layoutFor({ method }: Pick<Recipe, 'method'>, { kind }: Architecture): Layout | null {
  const template = methodOf(method).template(method);
  return template && layoutOf(template, kind);
}

/** Shortest room for a row's own tokens. */
const leastRoom = 8;

/** What a method's own tokens leave of the model's length for a row. Throws `method.no-room`. */
function roomForRows({ config, virtualTokens, prefixLength }: Setup, maxLength: number): number {
  const own = virtualTokens + prefixLength;
  const room = Math.min(maxLength, config.maxLength - own);
  if (room < Math.min(leastRoom, maxLength))
    throw new StudioError('method.no-room', { virtualTokens: own, limit: config.maxLength });
  return room;
}
