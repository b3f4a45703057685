/** Reads AdapterHub's folders, ours and others': the adapter's settings, its head, and every tensor that a setup learns. */
import { join } from 'node:path';
import { openSafetensors } from '../checkpoint/safetensors.ts';
import { readNumbers, type TensorFile } from '../checkpoint/tensor-file.ts';
import { openTorchArchive } from '../checkpoint/torch-archive.ts';
import { methodFromAdapterHub } from '../methods/registry.ts';
import { headNames, isLanguageModel, writesText, type Architecture, type Head } from '../models/model.ts';
import { withOwnHead } from '../models/own-head.ts';
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import type { MethodConfig } from '../spec/methods/index.ts';
import { exists } from '../train/checkpoints.ts';
import type { OpenedModel } from '../train/prepare.ts';
import { readJsonFile } from '../train/run-folder.ts';
import { shapeOf, type Setup } from '../train/setup.ts';
import { normFile } from './adapterhub.ts';

type Raw = Readonly<Record<string, Json>>;
type Model = Pick<OpenedModel, 'architecture' | 'config'> & { readonly base: { readonly config: Raw } };

/** The method's settings; `trained`: as the run that wrote them had them, if it is known. Errors: `model.config`. */
export async function adapterHubMethod(folder: string, trained: MethodConfig | null = null): Promise<MethodConfig> {
  const path = join(folder, 'adapter_config.json');
  const method = methodFromAdapterHub((await readJsonFile(path)) as Raw, path, trained);
  return 'trainLayerNorm' in method ? { ...method, trainLayerNorm: await exists(join(folder, normFile)) } : method;
}

export interface AdapterHubHead {
  /** The base model's, with the adapter's own head where it came with one. */
  readonly architecture: Architecture;
  readonly head: Head;
  /** In the order of the logits; none for language models. */
  readonly labels: readonly string[];
}

/** What head_config.json says; the model's language-model head where there is none. Errors: `model.config`, `file.missing`. */
export async function adapterHubHead(folder: string, model: Model): Promise<AdapterHubHead> {
  const path = join(folder, 'head_config.json');
  const { architecture, config } = model;
  if (!(await exists(path))) {
    const own = headNames.find((name) => writesText(name) && architecture.taskClasses[name] !== undefined);
    if (own === undefined) throw new StudioError('file.missing', { path });
    return { architecture, head: { name: own, labels: config.vocabulary }, labels: [] };
  }
  const raw = (await readJsonFile(path)) as Raw;
  const settings = (raw['config'] ?? raw) as Raw;
  const labels = labelsOf(settings['label2id'] ?? null);
  if (raw['config'] !== null && raw['config'] !== undefined) {
    const own = withOwnHead({ architecture, config, rawConfig: model.base.config, raw, path });
    return { ...own, labels: isLanguageModel(own.head.name) ? [] : labels };
  }
  const head = staticHead(raw, { path, architecture, config });
  return { architecture, head, labels: isLanguageModel(head.name) ? [] : labels };
}

function labelsOf(ids: Json): readonly string[] {
  if (typeof ids !== 'object' || ids === null || Array.isArray(ids)) return [];
  return Object.entries(ids)
    .toSorted(([, a], [, b]) => Number(a) - Number(b))
    .map(([label]) => label);
}

/** The head of one of Transformers' task classes. */
function staticHead(
  raw: Raw,
  { path, architecture, config }: Pick<Model, 'architecture' | 'config'> & { readonly path: string },
): Head {
  const wanted = raw['model_class'];
  const name = headNames.find((own) => architecture.taskClasses[own] === wanted);
  if (name === undefined) {
    const legal = Object.values(architecture.taskClasses).join(', ');
    throw new StudioError('model.config', { path, field: 'model_class', value: JSON.stringify(wanted ?? null), legal });
  }
  if (isLanguageModel(name)) return { name, labels: config.vocabulary };
  if (name === 'question-answering') return { name, labels: 2 };
  if (name === 'multiple-choice') return { name, labels: 1 };
  const labels = raw['num_labels'];
  if (typeof labels !== 'number' || !Number.isSafeInteger(labels) || labels < 1)
    throw new StudioError('model.config', {
      path,
      field: 'num_labels',
      value: JSON.stringify(labels ?? null),
      legal: 'a whole number of at least 1',
    });
  return labels === 1 && name === 'sequence-classification'
    ? { name, labels, problem: 'regression' }
    : { name, labels };
}

/** Every tensor of the setup that the folder holds. Errors: `adapter.incomplete`, `adapter.base`, and those of the files. */
export async function adapterHubTensors(folder: string, setup: Setup): Promise<ReadonlyMap<string, Float32Array>> {
  const { method, methodConfig, added, target, trainable, architecture, modules } = setup;
  const path = join(folder, 'adapter_config.json');
  const { name } = (await readJsonFile(path)) as Raw;
  if (typeof name !== 'string')
    throw new StudioError('model.config', {
      path,
      field: 'name',
      value: JSON.stringify(name ?? null),
      legal: 'a name',
    });
  const own = architecture.ownHead;
  const prefixed = own?.key ?? ((key: string) => key);
  const known = new Map<string, Float32Array>();
  const taken = new Set<string>();
  const take = async (file: TensorFile, from: string, keys: readonly string[]): Promise<void> => {
    const key = keys.find((candidate) => file.tensors.has(candidate));
    if (key === undefined) throw new StudioError('adapter.incomplete', { path: file.path, name: keys[0] ?? from });
    const [found, expected] = [file.tensors.get(key)?.shape ?? [], shapeOf(setup, from)].map((shape) =>
      shape.join(' × '),
    );
    if (found !== expected)
      throw new StudioError('adapter.base', {
        path: file.path,
        name: key,
        found: found ?? '',
        expected: expected ?? '',
      });
    known.set(from, await readNumbers(file, key));
    taken.add(key);
  };
  await within(await tensorFile(folder, ['adapter.safetensors', 'pytorch_adapter.bin']), async (file) => {
    for (const parameter of added.keys()) {
      const keys = method?.adapterHub && methodConfig ? method.adapterHub.keys(parameter, name, methodConfig) : [];
      await take(
        file,
        parameter,
        keys.flatMap((key) => spellings(prefixed(key))),
      );
      // A norm in front stands in the file twice.
      for (const key of keys.flatMap((own) => spellings(prefixed(own)))) taken.add(key);
    }
    const left = [...file.tensors.values()].find((entry) => !taken.has(entry.name));
    if (left)
      throw new StudioError('adapter.base', {
        path: file.path,
        name: left.name,
        found: left.shape.join(' × '),
        expected: 'nothing there',
      });
  });
  const buffers = own ? modules.filter((module) => module.kind === 'buffer' && module.name.startsWith('heads.')) : [];
  const head = [...trainable.filter((own) => target.headWeights.has(own)), ...buffers.map((module) => module.name)];
  if (head.length > 0)
    await within(await tensorFile(folder, ['model_head.safetensors', 'pytorch_model_head.bin']), async (file) => {
      for (const weight of head) await take(file, weight, [prefixed(weight)]);
    });
  const norms = trainable.filter((own) => target.base.has(own));
  if (norms.length > 0)
    await within(await openSafetensors(join(folder, normFile)), async (file) => {
      for (const weight of norms) await take(file, weight, [weight]);
    });
  return known;
}

/** A model saved without its task, or within another class, has its keys without or with one more part in front; AdapterHub takes both. */
function spellings(key: string): readonly string[] {
  return [key, key.slice(key.indexOf('.') + 1), `transformer.${key}`];
}

async function tensorFile(folder: string, names: readonly [string, string]): Promise<TensorFile> {
  const [safe, pickled] = names.map((name) => join(folder, name)) as [string, string];
  return (await exists(safe)) || !(await exists(pickled)) ? openSafetensors(safe) : openTorchArchive(pickled);
}

async function within(file: TensorFile, use: (file: TensorFile) => Promise<void>): Promise<void> {
  try {
    await use(file);
  } finally {
    await file.close();
  }
}
