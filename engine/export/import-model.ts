/** Takes in a model that Transformers saved: one that was fine-tuned whole, or a head alone, on top of a base model. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openWeights, type WeightSource } from '../checkpoint/model-folder.ts';
import { readNumbers } from '../checkpoint/tensor-file.ts';
import { headNames, isLanguageModel, type Head, type HeadName } from '../models/model.ts';
import type { ImportReport, ImportRequest } from '../spec/commands.ts';
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { plainFull } from '../spec/methods/full.ts';
import { plainProbe } from '../spec/methods/linear-probe.ts';
import { taskOf } from '../tasks/registry.ts';
import type { OpenedModel } from '../train/prepare.ts';
import { readJsonFile } from '../train/run-folder.ts';
import { createSetup, shapeOf, type Setup } from '../train/setup.ts';
import { floats } from '../train/state.ts';
import { saveAdapter } from './adapter.ts';
import { headFor, importedRecipe, namedLabels, onlyTask, tasksOf } from './imported.ts';

/** Whether a folder holds a model and no adapter. */
export async function holdsModel(folder: string): Promise<boolean> {
  const files = await readdir(folder).catch(() => [] as string[]);
  return files.includes('config.json') && !files.includes('adapter_config.json');
}

/** Errors: those of the files; `adapter.task`, `adapter.incomplete`, `adapter.base`, `model.task`. */
export async function importModel(
  request: ImportRequest,
  model: OpenedModel,
): Promise<Omit<ImportReport, 'folder' | 'namedBase' | 'parameters'> & { readonly setup: Setup }> {
  const { folder } = request;
  const path = join(folder, 'config.json');
  const raw = (await readJsonFile(path)) as Readonly<Record<string, Json>>;
  const { task, head, labels } = headOf(raw, path, { request, model });
  const source = await openWeights(folder);
  try {
    const { architecture, config } = model;
    const names = new Set(source.weights.names());
    const stored = (name: string): string | null =>
      [name, ...architecture.stored(name, head.name)].find((own) => names.has(own)) ?? null;
    const whole = createSetup({ architecture, config, head, method: plainFull });
    // A head alone has nothing of the base beside it.
    const isWhole = [...whole.target.base.keys()].some((name) => names.has(name));
    const method = isWhole ? plainFull : plainProbe;
    const setup = createSetup({ architecture, config, head, method });
    const state = new Map(
      await Promise.all(
        setup.trainable.map(async (name) => {
          const own = stored(name);
          if (own === null) throw new StudioError('adapter.incomplete', { path: folder, name });
          return [
            name,
            floats(shapeOf(setup, name), await read(source.weights, own, { setup, name, folder })),
          ] as const;
        }),
      ),
    );
    const asked = new Set(setup.trainable.map(stored));
    const ignored = [...names].filter((name) => !asked.has(name));
    const recipe = importedRecipe({ request, model, task, method });
    const origin = `Trained elsewhere, and imported into Atelier for ${task}.`;
    const learned = { recipe, task: taskOf(task), setup, base: model.base, rows: { labels }, origin };
    await saveAdapter(learned, state, request.out);
    return { method: method.name, task, labels, ignored, setup };
  } finally {
    await source.close();
  }
}

async function read(
  weights: WeightSource,
  stored: string,
  { setup, name, folder }: { readonly setup: Setup; readonly name: string; readonly folder: string },
): Promise<Float32Array> {
  const found = weights.entry(stored)?.shape ?? [];
  const expected = shapeOf(setup, name);
  if (found.join() !== expected.join()) {
    const data = { path: folder, name, found: found.join(' × '), expected: expected.join(' × ') };
    throw new StudioError('adapter.base', data);
  }
  return readNumbers({ path: weights.entry(stored)?.file ?? folder, read: (own) => weights.read(own) }, stored);
}

interface FoundHead {
  readonly task: NonNullable<ImportRequest['task']>;
  readonly head: Head;
  readonly labels: readonly string[];
}

const problems: ReadonlyMap<Json | undefined, Head['problem']> = new Map([
  ['regression', 'regression'],
  ['multi_label_classification', 'multi-label'],
]);

/** The head that the class in `architectures` has, with the labels of `id2label`. */
function headOf(
  raw: Readonly<Record<string, Json>>,
  path: string,
  { request, model }: { readonly request: ImportRequest; readonly model: OpenedModel },
): FoundHead {
  const { architecture, config, base } = model;
  const classes = Array.isArray(raw['architectures']) ? (raw['architectures'] as readonly Json[]) : [];
  const said = headNames.find((own) => classes.includes(architecture.taskClasses[own] ?? null));
  // A class that is none of the base's heads leaves it to the task.
  const name = said ?? (request.task === null ? null : headFor(request.task));
  const task = request.task ?? onlyTask(name, base.chatTemplate !== null);
  if (name === null || task === null || !tasksOf(name).includes(task)) {
    const legal = name === null ? 'none: its class is unknown for this base model' : tasksOf(name).join(', ');
    throw new StudioError('adapter.task', { path, type: JSON.stringify(classes[0] ?? 'none'), legal });
  }
  if (isLanguageModel(name)) return { task, head: { name, labels: config.vocabulary }, labels: [] };
  const own = labelsIn(raw['id2label']);
  const problem = problems.get(raw['problem_type']);
  // Transformers names two labels where a config says nothing.
  const count = own.length === 0 ? 2 : own.length;
  const labels = request.labels === null && own.length > 0 ? own : namedLabels(request.labels, count);
  const fixed: Partial<Record<HeadName, number>> = { 'question-answering': 2, 'multiple-choice': 1 };
  const head = { name, labels: fixed[name] ?? count, ...(problem ? { problem } : {}) };
  return { task, head, labels: fixed[name] !== undefined || problem === 'regression' ? [] : labels };
}

function labelsIn(value: Json | undefined): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value as Readonly<Record<string, Json>>)
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, label]) => (typeof label === 'string' ? label : JSON.stringify(label)));
}
