/** Takes in an adapter that was trained elsewhere: a PEFT or AdapterHub folder becomes one like those of our own runs. */
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyTokenizerFiles } from '../checkpoint/copy-tokenizer.ts';
import { methodFromPeft, methodOf } from '../methods/registry.ts';
import { isLanguageModel, type Head, type HeadName } from '../models/model.ts';
import type { CommandHandler, ImportReport, ImportRequest } from '../spec/commands.ts';
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { methodSchemas, type MethodConfig } from '../spec/methods/index.ts';
import { readField } from '../spec/recipe.ts';
import { taskNames, type TaskName } from '../spec/tasks.ts';
import { taskOf } from '../tasks/registry.ts';
import { exists } from '../train/checkpoints.ts';
import { openArchitecture, type OpenedModel } from '../train/prepare.ts';
import { readJsonFile, writeJson } from '../train/run-folder.ts';
import { countParameters, createSetup, shapeOf, type Setup } from '../train/setup.ts';
import { startValues } from '../train/start.ts';
import { floats } from '../train/state.ts';
import { saveAdapter } from './adapter.ts';
import { holdsModel, importModel } from './import-model.ts';
import { headFor, importedRecipe, namedLabels, onlyTask, tasksOf } from './imported.ts';
import { openForeign, readForeign, type ForeignTensors } from './foreign-tensors.ts';
import { openTuned } from './open-adapter.ts';
import { adapterHubHead, adapterHubMethod } from './read-adapterhub.ts';

type Raw = Readonly<Record<string, Json>>;

/** Writes `out` whole or not at all. Errors: those of the files; `adapter.base-name`, `adapter.task`, and what tells another base. */
export const importAdapter: CommandHandler<'importAdapter'> = async (request) => {
  const { folder, out } = request;
  if ((await exists(out)) && (await readdir(out)).length > 0) throw new StudioError('file.exists', { path: out });
  if (await holdsModel(folder)) return importWhole(request);
  const path = join(folder, 'adapter_config.json');
  if (!(await exists(path))) throw new StudioError('file.missing', { path });
  const raw = await readJsonFile(path);
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new StudioError('checkpoint.corrupt', { path, reason: 'it is not a JSON object' });
  const settings = raw as Raw;
  const namedBase = baseName(settings, path);
  const model = await openArchitecture(request.modelPath);
  try {
    const isAdapterHub = !('peft_type' in settings) && 'config' in settings;
    const source = { request, raw: settings, path, model, namedBase };
    const report = await (isAdapterHub ? importAdapterHub(source) : importPeft(source));
    return { ...report, folder: out, namedBase };
  } finally {
    await model.base.close();
  }
};

async function importWhole(request: ImportRequest): Promise<ImportReport> {
  const model = await openArchitecture(request.modelPath);
  try {
    const { setup, ...report } = await importModel(request, model);
    return { ...report, folder: request.out, namedBase: null, parameters: learned(setup) };
  } finally {
    await model.base.close();
  }
}

interface Source {
  readonly request: ImportRequest;
  /** adapter_config.json, and where it lies. */
  readonly raw: Raw;
  readonly path: string;
  readonly model: OpenedModel;
  /** The base model as the file calls it, to be shown; it is never opened. */
  readonly namedBase: string | null;
}

type Imported = Omit<ImportReport, 'folder' | 'namedBase'>;

/** Names of this kind are no models: they climb out of a folder, or would have a server asked for them. */
function baseName(raw: Raw, path: string): string | null {
  const name = raw['base_model_name_or_path'] ?? raw['model_name'] ?? null;
  if (typeof name !== 'string' || name === '') return null;
  if (/^[\\/]{2}/.test(name) || name.split(/[/\\]/).includes('..'))
    throw new StudioError('adapter.base-name', { path, name });
  return name;
}

async function importPeft({ request, raw, path, model, namedBase }: Source): Promise<Imported> {
  const read = methodFromPeft(raw, path);
  const holdsLearned = methodOf(read).peft?.holdsLearned?.(read) ?? false;
  const method = holdsLearned ? checked(read, path) : checkedSettings(read, path);
  const foreign = await openForeign(request.folder);
  try {
    const found = headOf(foreign, { raw, path, request, model });
    const { architecture, config } = model;
    checkPromptSizes(raw, path, model);
    const setup = createSetup({ architecture, config, head: found.head, method });
    const { known, ignored } = await readForeign(foreign, setup);
    refuseUnsavedHead(setup, model, foreign.path);
    const recipe = importedRecipe({ request, model, task: found.task, method });
    const start = holdsLearned ? await startOf(setup, model) : [];
    const state = new Map([...start, ...known].map(([name, data]) => [name, floats(shapeOf(setup, name), data)]));
    const origin = `Trained elsewhere${namedBase === null ? '' : ` on ${namedBase}`}, and imported into Atelier for ${found.task}.`;
    const rows = { labels: found.labels };
    await saveAdapter({ recipe, task: taskOf(found.task), setup, base: model.base, rows, origin }, state, request.out);
    return { method: method.name, task: found.task, labels: found.labels, parameters: learned(setup), ignored };
  } finally {
    await foreign.file.close();
  }
}

/** A layer of the head that neither the adapter nor the base has: it was made at random where the adapter was trained, and is lost. */
function refuseUnsavedHead(
  { target, trainable, head }: Setup,
  { base, architecture }: OpenedModel,
  path: string,
): void {
  if (!target.headIsNew) return;
  const stored = new Set(base.weights.names());
  const lost = [...target.headWeights.keys()].find(
    (name) => !trainable.includes(name) && !architecture.stored(name, head.name).some((own) => stored.has(own)),
  );
  if (lost !== undefined) throw new StudioError('adapter.incomplete', { path, name: lost });
}

function learned(setup: Setup): number {
  return countParameters(setup.trainable.map((name) => shapeOf(setup, name)));
}

/** In the form in which tensors are saved, within the limits of our own recipes. */
function checkedSettings(read: MethodConfig, path: string): MethodConfig {
  return checked(methodOf(read).savedConfig(read), path);
}

/** What the adapter started from, as the base gives it. */
function startOf(setup: Setup, { base }: OpenedModel): ReturnType<typeof startValues> {
  return startValues({ base, setup, labels: [], seed: 0, device: 'cpu', threads: 1 });
}

function checked(method: MethodConfig, path: string): MethodConfig {
  const { problem } = readField<unknown>(methodSchemas[method.name], method, '');
  if (problem === null) return method;
  throw new StudioError('model.config', { path, field: problem.path, value: problem.value, legal: problem.legal });
}

const headsOfPeft: ReadonlyMap<string | null, HeadName> = new Map([
  ['SEQ_CLS', 'sequence-classification'],
  ['TOKEN_CLS', 'token-classification'],
  ['QUESTION_ANS', 'question-answering'],
  ['CAUSAL_LM', 'causal-lm'],
  ['SEQ_2_SEQ_LM', 'seq2seq-lm'],
]);

interface HeadContext {
  readonly raw: Raw;
  readonly path: string;
  readonly request: ImportRequest;
  readonly model: OpenedModel;
}

interface FoundHead {
  readonly task: TaskName;
  readonly head: Head;
  readonly labels: readonly string[];
}

/** The task that was said, or the one its type leaves; the head has as many labels as its tensor has rows. */
function headOf(foreign: ForeignTensors, { raw, path, request, model }: HeadContext): FoundHead {
  const { architecture, config, base } = model;
  const type = typeof raw['task_type'] === 'string' ? raw['task_type'] : null;
  const name = headsOfPeft.get(type) ?? null;
  const task = request.task ?? onlyTask(name, base.chatTemplate !== null);
  const refuse = (): never => {
    const legal = taskNames.filter((own) => name === null || tasksOf(name).includes(own)).join(', ');
    throw new StudioError('adapter.task', { path, type: type ?? 'none', legal });
  };
  if (task === null) return refuse();
  const count = rowsOfHead(foreign, name ?? headFor(task), model);
  const labels = namedLabels(request.labels, count);
  const labelling = count === 1 ? 'number' : 'one';
  const head = taskOf(task).head({ labels, labelling, unanswerable: false, architecture, config });
  if (!head) throw new StudioError('model.task', { architecture: architecture.type, task });
  if (name !== null && head.name !== name) return refuse();
  return { task, head, labels: isLanguageModel(head.name) || head.problem === 'regression' ? [] : labels };
}

/** Rows of the last layer of a new head, as the adapter has it; null: there is none. Errors: `adapter.incomplete`. */
function rowsOfHead(
  foreign: ForeignTensors,
  name: HeadName | null,
  { architecture, config }: OpenedModel,
): number | null {
  if (name === null || isLanguageModel(name) || architecture.taskClasses[name] === undefined) return null;
  const last = architecture.headModules(config, { name, labels: 2 }).findLast(({ kind }) => kind === 'linear');
  if (last === undefined) return null;
  const key = `base_model.model.${last.name}.weight`;
  const stored = foreign.find(key);
  if (stored === null) throw new StudioError('adapter.incomplete', { path: foreign.path, name: key });
  return foreign.file.tensors.get(stored)?.shape[0] ?? null;
}

/** What a prompt's or a prefix's file says of its base. */
function checkPromptSizes(raw: Raw, path: string, { config }: OpenedModel): void {
  const { layers, encoderLayers = layers } = config;
  const found = raw['num_layers'];
  if (raw['peft_type'] === 'PREFIX_TUNING' && typeof found === 'number' && found !== encoderLayers)
    throw new StudioError('adapter.other-base', { path, what: 'layers', found, expected: encoderLayers });
}

const adapterHubFiles: ReadonlySet<string> = new Set([
  'adapter_config.json',
  'adapter.safetensors',
  'pytorch_adapter.bin',
  'head_config.json',
  'model_head.safetensors',
  'pytorch_model_head.bin',
  'layer_norm.safetensors',
]);

/** Its files stay as they are; beside them stands what a folder of ours has more. */
async function importAdapterHub({ request, path, model }: Source): Promise<Imported> {
  const { folder, out } = request;
  const method = checkedSettings(await adapterHubMethod(folder), path);
  const { head, labels } = await adapterHubHead(folder, model);
  const task = request.task ?? onlyTask(head.name, model.base.chatTemplate !== null);
  if (task === null || !tasksOf(head.name).includes(task))
    throw new StudioError('adapter.task', { path, type: head.name, legal: tasksOf(head.name).join(', ') });
  const names = namedLabels(request.labels, labels.length > 0 ? labels.length : null);
  const pending = `${out}.part`;
  await rm(pending, { recursive: true, force: true });
  try {
    await mkdir(pending, { recursive: true });
    for (const name of await readdir(folder))
      if (adapterHubFiles.has(name)) await copyFile(join(folder, name), join(pending, name));
    const given = request.labels === null ? labels : names;
    await writeJson(join(pending, 'labels.json'), head.problem === 'regression' ? [] : given);
    await writeJson(join(pending, 'head.json'), head);
    await writeJson(join(pending, 'recipe.json'), importedRecipe({ request, model, task, method }));
    await copyTokenizerFiles(model.base, pending);
    // Opened as every adapter is, so that what does not fit the base is told now.
    const tuned = await openTuned(request.modelPath, pending);
    await tuned.base.close();
    await rm(out, { recursive: true, force: true });
    await rename(pending, out);
    return { method: method.name, task, labels: given, parameters: learned(tuned.setup), ignored: [] };
  } catch (thrown) {
    await rm(pending, { recursive: true, force: true });
    throw thrown;
  }
}
