/** What was learned as AdapterHub's folders have it: the adapter with its config, the head beside it, and norms that learned (adapters/loading.py). */
import { join } from 'node:path';
import { writeSafetensors, type TensorToWrite } from '../checkpoint/write-safetensors.ts';
import type { HostTensor } from '../runtime/session.ts';
import { BugError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { writeJson, writeText } from '../train/run-folder.ts';
import { shapeOf, type Setup } from '../train/setup.ts';
import { floatData } from '../train/state.ts';

/** The version whose files these are. */
const version = 'adapters.1.3.0';

/** The model's own norms: AdapterHub has no place for them and does not read this file. */
export const normFile = 'layer_norm.safetensors';

export interface AdapterHubNames {
  /** The adapter's: it stands in every key. */
  readonly name: string;
  readonly baseModel: string;
  /** In the order of the logits. */
  readonly labels: readonly string[];
}

export interface AdapterHubFiles {
  readonly config: Readonly<Record<string, Json>>;
  readonly adapter: readonly TensorToWrite[];
  /** Null where the head is the model's own and did not learn. */
  readonly head: { readonly config: Readonly<Record<string, Json>>; readonly tensors: readonly TensorToWrite[] } | null;
  readonly norms: readonly TensorToWrite[];
}

type State = ReadonlyMap<string, HostTensor>;

export function adapterHubFiles(setup: Setup, state: State, names: AdapterHubNames): AdapterHubFiles {
  const { method, methodConfig, target, architecture, added, trainable } = setup;
  const format = method?.adapterHub;
  if (!format || !methodConfig) throw new BugError('the method has no format of AdapterHub');
  const prefixed = architecture.ownHead?.key ?? ((name: string) => name);
  const tensor = (name: string, key: string): TensorToWrite => ({
    name: key,
    shape: shapeOf(setup, own(setup, name)),
    data: dataOf(own(setup, name), state),
  });
  const common = {
    hidden_size: setup.config.hidden,
    model_class: architecture.taskClasses[setup.head.name] ?? null,
    model_name: names.baseModel,
    model_type: architecture.type,
    version,
  };
  const headNames = headWeights(setup);
  return {
    config: { ...common, config: format.config(methodConfig, target), name: names.name },
    adapter: [...added.keys()].flatMap((name) =>
      format.keys(name, names.name, methodConfig).map((key) => tensor(name, prefixed(key))),
    ),
    head:
      headNames.length === 0
        ? null
        : {
            config: headConfig(setup, { common, names }),
            tensors: headNames.map((name) => tensor(name, prefixed(name))),
          },
    norms: trainable.filter((name) => target.base.has(name)).map((name) => tensor(name, name)),
  };
}

function own({ ties }: Setup, name: string): string {
  return ties.get(name) ?? name;
}

/** All of a head that came with an adapter, frozen layers too; else what a new head learned. */
function headWeights({ architecture, target, ties, trainable, shapes }: Setup): readonly string[] {
  if (!architecture.ownHead) return trainable.filter((name) => target.headWeights.has(name));
  const isHead = (name: string): boolean => architecture.ownHead?.key(name).startsWith('heads.') === true;
  return [...shapes.keys(), ...ties.keys()].filter((name) => isHead(name));
}

function headConfig(
  { architecture, head }: Setup,
  { common, names }: { readonly common: Readonly<Record<string, Json>>; readonly names: AdapterHubNames },
): Readonly<Record<string, Json>> {
  if (architecture.ownHead) return { ...architecture.ownHead.raw, model_name: names.baseModel, version };
  const labels =
    names.labels.length > 0 ? names.labels : Array.from({ length: head.labels }, (_, at) => `LABEL_${String(at)}`);
  return {
    ...common,
    config: null,
    label2id: Object.fromEntries(labels.map((label, at) => [label, at])),
    name: null,
    num_labels: labels.length,
  };
}

function dataOf(name: string, state: State): Float32Array {
  const tensor = state.get(name);
  if (!tensor) throw new BugError(`${name} is not there to be saved`);
  return floatData(tensor);
}

/** AdapterHub refuses a scaling that is not a float, and Python takes `1` for an integer. */
function pythonJson(config: Json): string {
  return `${JSON.stringify(config, null, 2).replaceAll(/"(?:scaling|dropout|stochastic_depth)": \d+(?=[,\n])/g, '$&.0')}\n`;
}

export async function writeAdapterHub(
  { config, adapter, head, norms }: AdapterHubFiles,
  folder: string,
): Promise<void> {
  await writeSafetensors(join(folder, 'adapter.safetensors'), adapter);
  await writeText(join(folder, 'adapter_config.json'), pythonJson(config));
  if (head) {
    await writeSafetensors(join(folder, 'model_head.safetensors'), head.tensors);
    await writeJson(join(folder, 'head_config.json'), head.config);
  }
  if (norms.length > 0) await writeSafetensors(join(folder, normFile), norms);
}
