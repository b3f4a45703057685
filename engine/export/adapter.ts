/** Writes what was learned: a PEFT folder, an AdapterHub folder, a complete Hugging Face model, or a head, with labels, tokenizer and recipe. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyTokenizerFiles } from '../checkpoint/copy-tokenizer.ts';
import { stringifyExactly } from '../checkpoint/exact-json.ts';
import type { BaseModel } from '../checkpoint/model-folder.ts';
import { writeSafetensors, type TensorToWrite } from '../checkpoint/write-safetensors.ts';
import type { SavedAs } from '../methods/method.ts';
import { ownClasses, type Head } from '../models/model.ts';
import type { HostTensor } from '../runtime/session.ts';
import { catalogueEntry } from '../spec/catalogue.ts';
import { BugError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import type { Recipe } from '../spec/recipe.ts';
import type { PromptContext } from '../tasks/prompted/context.ts';
import type { Task } from '../tasks/task.ts';
import { cardNotes } from './card-notes.ts';
import { writeJson, writeText } from '../train/run-folder.ts';
import { savedForm } from '../train/saved-form.ts';
import { ownWeights, shapeOf, type Setup } from '../train/setup.ts';
import { floatData } from '../train/state.ts';
import { readWeight } from '../train/weights.ts';
import { writePrompt } from './prompt-folder.ts';
import { adapterHubFiles, normFile, writeAdapterHub } from './adapterhub.ts';

export interface Learned {
  readonly recipe: Recipe;
  readonly task: Task;
  readonly setup: Setup;
  readonly base: BaseModel;
  readonly rows: { readonly labels: readonly string[] };
  /** What the card says of how it came about, where no run of ours taught it. */
  readonly origin?: string;
  /** What was shown, where nothing was learned. */
  readonly prompt?: PromptContext | null;
}

type State = ReadonlyMap<string, HostTensor>;

/** Writes the folder whole or not at all; one that stood there is replaced. */
export async function saveAdapter(learned: Learned, state: State, folder: string): Promise<void> {
  const pending = `${folder}.part`;
  await rm(pending, { recursive: true, force: true });
  await mkdir(pending, { recursive: true });
  const { setup } = learned;
  if (!setup.method) throw new BugError('nothing was learned');
  await writers[setup.method.savedAs](learned, state, pending);
  await writeJson(join(pending, 'labels.json'), learned.rows.labels);
  await writeJson(join(pending, 'head.json'), ownClasses(setup.head));
  await writeJson(join(pending, 'recipe.json'), learned.recipe);
  await copyTokenizerFiles(learned.base, pending);
  await rm(folder, { recursive: true, force: true });
  await rename(pending, folder);
}

const writers = {
  peft: async (learned, state, folder) => {
    const { recipe } = learned;
    const { setup, state: saved } = await savedForm(learned.setup, state);
    const peft = setup.method?.peft;
    if (!peft) throw new BugError(`${recipe.method.name} has no PEFT format`);
    const { target } = setup;
    const context = { baseModel: publicName(recipe.model), taskType: learned.task.peftType(setup.head), target };
    const config = peft.config(setup.methodConfig ?? recipe.method, context);
    const settings = setup.methodConfig ?? recipe.method;
    const beside = peft.alsoSaved?.(settings, target) ?? new Map<string, string>();
    const tensors = [
      ...(await named(setup.trainable, { learned, state: saved, key: (name) => peft.key(name, target, settings) })),
      ...(await Promise.all(
        [...beside].map(async ([key, name]) => ({ ...(await tensorOf(name, { learned, state: saved })), name: key })),
      )),
    ];
    await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
    await writeJson(join(folder, 'adapter_config.json'), config);
    await writeText(join(folder, 'README.md'), modelCard(learned));
  },
  adapterhub: async (learned, state, folder) => {
    const { recipe, rows, setup } = learned;
    const names = { name: recipe.task, baseModel: publicName(recipe.model), labels: rows.labels };
    const files = adapterHubFiles(setup, state, names);
    await writeAdapterHub(files, folder);
    await writeText(join(folder, 'README.md'), modelCard(learned, loadingNotes(files)));
  },
  model: async (learned, state, folder) => {
    await writeSafetensors(
      join(folder, 'model.safetensors'),
      await named([...learned.setup.shapes.keys()], { learned, state }),
    );
    await writeConfig(folder, learned);
    if (learned.base.generationConfig !== null)
      await writeJson(join(folder, 'generation_config.json'), learned.base.generationConfig);
    await writeText(join(folder, 'README.md'), modelCard(learned));
  },
  head: async (learned, state, folder) => {
    await writeSafetensors(
      join(folder, 'model.safetensors'),
      await named(ownWeights(learned.setup), { learned, state }),
    );
    await writeConfig(folder, learned);
    await writeText(join(folder, 'README.md'), modelCard(learned));
  },
  prompt: async (learned, _state, folder) => {
    if (!learned.prompt) throw new BugError('there is no prompt to be saved');
    await writePrompt(learned.prompt, learned.rows.labels, folder);
    await writeText(join(folder, 'README.md'), modelCard(learned));
  },
} satisfies Record<SavedAs, (learned: Learned, state: State, folder: string) => Promise<void>>;

interface Saving {
  readonly learned: Learned;
  readonly state: State;
  /** The name in the file; the weight's own unless said otherwise. */
  readonly key?: (name: string) => string;
}

function named(names: readonly string[], saving: Saving): Promise<TensorToWrite[]> {
  return Promise.all(names.map((name) => tensorOf(name, saving)));
}

/** What learned, or a weight of the base as its file has it. */
async function tensorOf(name: string, { learned, state, key = (own) => own }: Saving): Promise<TensorToWrite> {
  const { base, setup } = learned;
  const tensor = state.get(name);
  if (!tensor && (setup.trainable.includes(name) || setup.added.has(name)))
    throw new BugError(`${name} was learned and is not there to be saved`);
  const data = tensor ? floatData(tensor) : await readWeight(name, base, { setup, seed: learned.recipe.training.seed });
  return { name: key(name), shape: tensor?.shape ?? shapeOf(setup, setup.ties.get(name) ?? name), data };
}

/** Without the path of this computer. */
export function publicName(model: string): string {
  const entry = catalogueEntry(model);
  if (entry) return entry.source?.repository ?? `${entry.publisher}/${entry.id}`;
  return model.split(/[/\\]/).at(-1) ?? model;
}

async function writeConfig(folder: string, learned: Learned): Promise<void> {
  await writeText(join(folder, 'config.json'), stringifyExactly(modelConfig(learned), learned.base.decimals));
}

/** The base's config.json as that of the task model. */
export function modelConfig({
  base,
  setup,
  rows,
}: Pick<Learned, 'base' | 'setup' | 'rows'>): Readonly<Record<string, Json>> {
  const architecture = setup.architecture.taskClasses[setup.head.name];
  const names = rows.labels.map((label, index) => [String(index), label] as const);
  return {
    ...base.config,
    ...(architecture === undefined ? {} : { architectures: [architecture] }),
    ...(names.length === 0
      ? {}
      : {
          id2label: Object.fromEntries(names),
          label2id: Object.fromEntries(rows.labels.map((label, index) => [label, index])),
          num_labels: names.length,
          problem_type: problemTypes[setup.head.problem ?? 'single-label'],
        }),
    ...(setup.architecture.savedConfig?.(setup.config) ?? { tie_word_embeddings: setup.config.tied }),
    torch_dtype: 'float32',
    // Transformers 5's name for it, which it reads first.
    ...('dtype' in base.config ? { dtype: 'float32' } : {}),
  };
}

const problemTypes = {
  'single-label': 'single_label_classification',
  'multi-label': 'multi_label_classification',
  regression: 'regression',
} as const satisfies Record<NonNullable<Head['problem']>, string>;

const libraries = {
  peft: 'peft',
  adapterhub: 'adapters',
  model: 'transformers',
  head: 'transformers',
  prompt: 'transformers',
} as const satisfies Record<SavedAs, string>;

/** How AdapterHub is told to read the folder. */
function loadingNotes({ head, norms }: ReturnType<typeof adapterHubFiles>): readonly string[] {
  const loaded = `model.load_adapter("this folder", use_safetensors=True${head ? ', with_head=True' : ''})`;
  return [
    `The weights are safetensors: \`${loaded}\`. Without \`use_safetensors=True\` the library looks for \`.bin\` files only.`,
    ...(norms.length > 0
      ? [
          `The model's own layer norms learned too. They are in ${normFile}, under Transformers' names; AdapterHub's format has no place for them, so that the library alone gives other answers until they are loaded with \`load_state_dict(…, strict=False)\`.`,
        ]
      : []),
  ];
}

function originOf({ task, training }: Recipe, setup: Setup): string {
  if (setup.trainable.length === 0)
    return `Nothing was trained: the model is asked in the prompt of prompt.txt, for ${task}. prompt.json holds its template, its examples and how answers are compared.`;
  return `Trained with Atelier for ${task} in float32: learning rate ${String(training.learningRate)}, batch size ${String(training.batchSize)}, ${String(training.epochs)} epochs, seed ${String(training.seed)}.`;
}

export function modelCard({ recipe, setup, rows, origin }: Learned, notes: readonly string[] = []): string {
  const library = libraries[setup.method?.savedAs ?? 'model'];
  const head = [
    '---',
    `library_name: ${library}`,
    `base_model: ${publicName(recipe.model)}`,
    `pipeline_tag: ${recipe.task === 'chat' ? 'text-generation' : recipe.task}`,
    '---',
  ];
  const body = [
    `# ${publicName(recipe.model)}, tuned with ${recipe.method.name}`,
    origin ?? originOf(recipe, setup),
    ...(rows.labels.length > 0 ? [`Labels, in the order of the logits: ${rows.labels.join(', ')}.`] : []),
    ...cardNotes(setup, { labels: rows.labels, method: recipe.method }),
    ...notes,
    'The resolved recipe is in recipe.json.',
  ];
  return `${head.join('\n')}\n\n${body.join('\n\n')}\n`;
}
