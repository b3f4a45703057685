/** What was learned as one model: the weights of the base with the method's effect in them, written as a Hugging Face folder and read again. */
import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { copyTokenizerFiles } from '../checkpoint/copy-tokenizer.ts';
import { writeShards } from '../checkpoint/write-shards.ts';
import { weightsOfModule } from '../models/model.ts';
import { BugError, StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { mergeLearned } from '../train/merge.ts';
import { openArchitecture } from '../train/prepare.ts';
import { writeJson, writeText } from '../train/run-folder.ts';
import { createSetup, ownWeights, shapeOf, type Setup } from '../train/setup.ts';
import { floatData } from '../train/state.ts';
import { loadWeights, readWeight } from '../train/weights.ts';
import { modelCard, modelConfig } from './adapter.ts';
import type { TunedModel } from './open-adapter.ts';

export interface WholeModel {
  /** Without the method. */
  readonly setup: Setup;
  /** Its config.json. */
  readonly config: Readonly<Record<string, Json>>;
  /** Names of its weights; those that are tied to another are not among them. */
  readonly names: readonly string[];
  read(name: string): Promise<Float32Array>;
}

/** Errors: `method.merge`. */
export function wholeModel(tuned: TunedModel): WholeModel {
  const { base, labels } = tuned;
  const { setup, read } = withoutMethod(tuned);
  const config = modelConfig({ ...tuned, base, setup, rows: { labels } });
  return { setup, config, names: [...setup.shapes.keys()], read };
}

function withoutMethod({ setup, base, weights }: TunedModel): Pick<WholeModel, 'setup' | 'read'> {
  const names = [...ownWeights(setup), ...setup.added.keys()];
  const state = new Map(
    names.flatMap((name) => {
      const tensor = weights.fed.get(name);
      return tensor ? [[name, tensor] as const] : [];
    }),
  );
  const stored = (name: string): Promise<Float32Array> => readWeight(name, base, { setup, seed: 0 });
  if (setup.added.size > 0) {
    const merged = mergeLearned(setup, { state, read: stored });
    return { setup: merged.setup, read: (name) => merged.weight(name) };
  }
  // What learned are weights of the model itself.
  const { architecture, config, head } = setup;
  return {
    setup: createSetup({ architecture, config, head, method: null }),
    read: async (name) => {
      const learned = state.get(name);
      return learned ? floatData(learned) : stored(name);
    },
  };
}

/** Writes weights, config, tokenizer, generation config, licence and model card into a folder that is there. */
export async function writeWholeModel(tuned: TunedModel, folder: string, shardBytes: number): Promise<void> {
  const { base, labels } = tuned;
  const whole = wholeModel(tuned);
  const { setup, config, names } = whole;
  const tensors = names.map((name) => ({ name, shape: shapeOf(setup, name), data: () => whole.read(name) }));
  await writeShards(folder, tensors, shardBytes);
  await writeJson(join(folder, 'config.json'), config);
  if (base.generationConfig !== null) await writeJson(join(folder, 'generation_config.json'), base.generationConfig);
  await copyTokenizerFiles(base, folder);
  for (const file of base.licenceFiles) await copyFile(file, join(folder, basename(file)));
  await writeText(join(folder, 'README.md'), modelCard({ ...tuned, setup, rows: { labels } }));
}

/** Opens what was written, with nothing of the run but its head. Errors: those of the files; `adapter.incomplete`. */
export async function openWholeModel(path: string, tuned: TunedModel): Promise<TunedModel> {
  const opened = await openArchitecture(path);
  const { base, architecture, config } = opened;
  try {
    const setup = createSetup({ architecture, config, head: tuned.setup.head, method: null });
    const stored = new Set(base.weights.names());
    const known = new Map<string, Float32Array>();
    for (const module of setup.modules) {
      if (module.kind === 'buffer') continue;
      for (const [weight] of weightsOfModule(module)) {
        const found = architecture.stored(weight, setup.head.name).find((own) => stored.has(own));
        if (found === undefined) throw new StudioError('adapter.incomplete', { path, name: weight });
        if (setup.target.headWeights.has(weight)) known.set(weight, await base.weights.read(found));
      }
    }
    return { ...tuned, ...opened, setup, weights: await loadWeights({ base, setup, seed: 0, known }) };
  } catch (thrown) {
    await base.close();
    throw thrown;
  }
}

/** Throws `export.differs` where a weight read again is farther from what was to be written than `tolerance` of its size. */
export async function compareWeights(written: TunedModel, whole: WholeModel, tolerance: number): Promise<void> {
  const { base, architecture, setup } = written;
  const stored = new Set(base.weights.names());
  for (const name of setup.shapes.keys()) {
    const found = architecture.stored(name, setup.head.name).find((own) => stored.has(own));
    if (found === undefined) continue;
    const [again, meant] = await Promise.all([base.weights.read(found), whole.read(name)]);
    if (again.length !== meant.length) throw new BugError(`${name} has another size in the file`);
    // Below the smallest normal number of half precision, steps are 2⁻²⁴.
    const wrong = meant.findIndex(
      (value, at) => !(Math.abs(value - (again[at] ?? NaN)) <= tolerance * Math.abs(value) + 2 ** -24),
    );
    if (wrong !== -1) {
      const difference = Math.abs((meant[wrong] ?? NaN) - (again[wrong] ?? NaN));
      throw new StudioError('export.differs', { path: base.path, name, difference });
    }
  }
}
