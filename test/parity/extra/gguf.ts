/** Golden-extra's GGUF files: every type to gguf-py's bits, every model to its Hugging Face twin. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openGguf } from '../../../engine/checkpoint/gguf.ts';
import { openModel, type BaseModel } from '../../../engine/checkpoint/model-folder.ts';
import { architectureNames } from '../../../engine/models/registry.ts';
import { causalLogits } from '../causal-logits.ts';
import { openReference, type Reference } from '../reference.ts';
import type { ExtraCase, ExtraFamily, ExtraResult, Machine } from './registry.ts';

/** Golden-extra's for logits: absolute, and of the value where that is larger. */
const tolerance = { absolute: 2e-5, relative: 1e-5 };

interface Index {
  readonly types: readonly { readonly type: string }[];
  readonly models: readonly Model[];
}

interface Model {
  readonly id: string;
  readonly file: string;
  readonly hf_twin: string;
  readonly golden: string;
  readonly names: Readonly<Record<string, { readonly gguf: string }>>;
  readonly tokenisation?: readonly { readonly text: string; readonly ids: readonly number[] }[];
}

export const gguf: ExtraFamily = {
  name: 'gguf',
  cases: (folder) => {
    const root = join(folder, 'gguf');
    const { types, models } = JSON.parse(readFileSync(join(root, 'index.json'), 'utf8')) as Index;
    return [
      ...types.map(({ type }): ExtraCase => ({ name: type, run: () => typeCase(join(root, 'types'), type) })),
      ...models.map((model) => modelCase(join(root, 'models'), model)),
    ];
  },
};

async function typeCase(folder: string, type: string): Promise<ExtraResult> {
  const golden = await openReference(folder, `${type}.safetensors`);
  const file = await openGguf(join(folder, `${type}.gguf`));
  try {
    const worst = largestDifference(await file.read('golden.weight'), golden.floats('dequantised').values);
    // The second tensor tells whether the first one's end was found.
    const second = largestDifference(await file.read('golden.bias'), Float32Array.of(0, 0.25, 0.5, 0.75, 1));
    return { worst, failure: worst === 0 && second === 0 ? null : `a value is not gguf-py's` };
  } finally {
    await file.close();
  }
}

function modelCase(folder: string, model: Model): ExtraCase {
  const twin = join(folder, model.hf_twin, 'config.json');
  const type = existsSync(twin) ? (JSON.parse(readFileSync(twin, 'utf8')) as { model_type: string }).model_type : null;
  if (type !== null && !architectureNames.includes(type)) return { name: model.id, skipped: `architecture ${type}` };
  return {
    name: model.id,
    run: async (machine) => {
      const base = await openModel(join(folder, model.file));
      try {
        return await compareModel(base, { folder, model, machine });
      } finally {
        await base.close();
      }
    },
  };
}

interface Golden {
  readonly folder: string;
  readonly model: Model;
  readonly machine: Machine;
}

async function compareModel(base: BaseModel, { folder, model, machine }: Golden): Promise<ExtraResult> {
  const different = (await wrongWeight(base, { folder, model })) ?? (await wrongIds(base, model));
  const golden = await openReference(folder, model.golden);
  const { worst, failure } = compareLogits(
    await causalLogits(base, golden.integers('input_ids').values, machine),
    golden.floats('logits').values,
  );
  return { worst, failure: different ?? failure };
}

/** The first weight that the twin has otherwise, or null. */
async function wrongWeight(
  base: BaseModel,
  { folder, model }: { readonly folder: string; readonly model: Model },
): Promise<string | null> {
  const names = Object.keys(model.names).sort();
  const found = [...base.weights.names()].sort();
  if (found.join() !== names.join()) return `its weights are ${found.join(', ')}, not ${names.join(', ')}`;
  const twin = join(folder, model.hf_twin);
  const reference: Reference | null = existsSync(join(twin, 'model.safetensors'))
    ? await openReference(twin, 'model.safetensors')
    : null;
  if (reference === null) return `its twin ${model.hf_twin} has no weights`;
  for (const name of names) {
    const { shape, values } = reference.floats(name);
    if (base.weights.entry(name)?.shape.join() !== shape.join()) return `${name} has another shape than its twin's`;
    if (largestDifference(await base.weights.read(name), values) !== 0) return `${name} is not its twin's`;
  }
  return null;
}

async function wrongIds(base: BaseModel, { tokenisation = [] }: Model): Promise<string | null> {
  for (const { text, ids } of tokenisation) {
    const found = (await base.tokenizer.encode(text, { addSpecialTokens: false })).ids;
    if (found.join() !== ids.join()) return `${JSON.stringify(text)} is ${found.join()}, not ${ids.join()}`;
  }
  return null;
}

function compareLogits(found: Float32Array, expected: Float32Array): ExtraResult {
  const { absolute, relative } = tolerance;
  const beyond = expected.findIndex(
    (value, at) => !(Math.abs((found[at] ?? NaN) - value) <= absolute + relative * Math.abs(value)),
  );
  const worst = largestDifference(found, expected);
  return { worst, failure: beyond === -1 ? null : `logit ${beyond} is ${found[beyond]}, not ${expected[beyond]}` };
}

function largestDifference(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Infinity;
  return expected.reduce((worst, value, at) => Math.max(worst, Math.abs((found[at] ?? NaN) - value)), 0);
}
