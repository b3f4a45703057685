/** A tuned language model as GGUF: merged into one file, or its LoRA beside the base's; read again as llama.cpp would. */
import { basename, join } from 'node:path';
import { openGguf } from '../checkpoint/gguf.ts';
import { fromFile } from '../checkpoint/gguf-layout.ts';
import { keysOf } from '../checkpoint/gguf-keys.ts';
import { tokenRules } from '../generate/rules.ts';
import { BugError, StudioError } from '../spec/errors.ts';
import type { GgufQuantisation } from '../spec/exports.ts';
import { writeText } from '../train/run-folder.ts';
import { shapeOf } from '../train/setup.ts';
import { floatData, floats } from '../train/state.ts';
import { modelCard, publicName } from './adapter.ts';
import { exportGguf, headsIn, placeOf } from './gguf.ts';
import { exportGgufLora, loraPairs, type LoraPair } from './gguf-lora.ts';
import { modelfile } from './modelfile.ts';
import type { TunedModel } from './open-adapter.ts';
import { compareWeights, openWholeModel, wholeModel } from './whole-model.ts';

/** How far a number may be from what it stands for, as a share of it: half a step of the format. Coarser ones share a scale. */
const halfSteps: Readonly<Partial<Record<GgufQuantisation, number>>> = { F32: 1e-6, F16: 2 ** -11, BF16: 2 ** -8 };

/** A file's name from the model's. */
function fileName({ recipe }: TunedModel): string {
  const model = publicName(recipe.model).split('/').at(-1) ?? '';
  return `${model.replace(/\.gguf$/i, '').replaceAll(/[^\w.-]+/g, '-') || 'model'}-${recipe.method.name}`;
}

function spoken({ base }: TunedModel) {
  return { tokenizer: base.tokenizer, chatTemplate: base.chatTemplate, stop: new Set(tokenRules(base).eos) };
}

/** Writes the merged model, its Modelfile and a card; gives the model that was read from the file. */
export async function writeTunedGguf(
  tuned: TunedModel,
  folder: string,
  quantisation: GgufQuantisation,
): Promise<TunedModel> {
  const whole = wholeModel(tuned);
  const weights = new Map(
    whole.names.map((name) => [name, { shape: shapeOf(whole.setup, name), read: () => whole.read(name) }]),
  );
  const model = { name: fileName(tuned), config: whole.config, weights, ...spoken(tuned) };
  const [file = ''] = await exportGguf(model, folder, quantisation);
  await writeText(
    join(folder, 'README.md'),
    card(
      tuned,
      `${file} is the whole model; \`ollama create NAME -f Modelfile\` gives it to Ollama, llama.cpp and LM Studio open the file itself.`,
    ),
  );
  const written = await openWholeModel(join(folder, file), tuned);
  const tolerance = halfSteps[quantisation];
  try {
    if (tolerance !== undefined) await compareWeights(written, whole, tolerance);
    return written;
  } catch (thrown) {
    await written.base.close();
    throw thrown;
  }
}

function card(tuned: TunedModel, note: string): string {
  return `${modelCard({ ...tuned, rows: { labels: tuned.labels } })}\n${note}\n`;
}

/** Writes the LoRA, a Modelfile that puts it on the base, and a card; gives the tuned model with what was read from the file. */
export async function writeTunedGgufLora(tuned: TunedModel, folder: string): Promise<TunedModel> {
  const { setup, base, weights } = tuned;
  const { method, methodConfig, target } = setup;
  const lowRank = method?.lowRank && methodConfig ? method.lowRank(methodConfig, target) : null;
  if (!lowRank) throw new BugError('the method is no LoRA');
  const learned = new Map(
    setup.trainable.map((name) => [name, { shape: shapeOf(setup, name), values: floatData(weights.fed.get(name)) }]),
  );
  const modules = loraPairs(learned, (module) => lowRank.get(module)?.scale ?? 1);
  const file = await exportGgufLora({ name: fileName(tuned), config: base.config, modules }, folder);
  const baseFile = base.format === 'gguf' ? basename(base.path) : `${base.name}.F16.gguf`;
  await writeText(join(folder, 'Modelfile'), modelfile(`./${baseFile}`, spoken(tuned), `./${file}`));
  const note = `${file} is the correction alone: llama.cpp takes it with \`--lora\`, and Ollama by the Modelfile, on top of the base model's own file, which the Modelfile expects here as ${baseFile}.`;
  await writeText(join(folder, 'README.md'), card(tuned, note));
  const fed = new Map(weights.fed);
  for (const [module, { a, b }] of await readPairs(join(folder, file), tuned, modules)) {
    for (const [side, factor] of [
      ['A', a],
      ['B', b],
    ] as const) {
      const name = [`${module}.lora_${side}.weight`, `${module}.lora_embedding_${side}`].find((own) => fed.has(own));
      if (name === undefined) throw new BugError(`${module} has no factor ${side}`);
      fed.set(name, floats(factor.shape, factor.values));
    }
  }
  return { ...tuned, weights: { ...weights, fed } };
}

/** The pairs as the file has them, with B as strong as our own scaling needs it. Errors: `adapter.incomplete`. */
async function readPairs(
  path: string,
  { base }: TunedModel,
  modules: ReadonlyMap<string, LoraPair>,
): Promise<ReadonlyMap<string, LoraPair>> {
  const written = keysOf(base.config, path);
  const heads = headsIn(base.config);
  const file = await openGguf(path);
  try {
    const alpha = Number(file.keys.get('adapter.lora.alpha'));
    const found = new Map<string, LoraPair>();
    for (const [module, { a, b, scaling }] of modules) {
      const { name, layout, factor } = placeOf(written, `${module}.weight`);
      for (const part of ['a', 'b'])
        if (!file.tensors.has(`${name}.lora_${part}`))
          throw new StudioError('adapter.incomplete', { path, name: `${name}.lora_${part}` });
      const down = await file.read(`${name}.lora_a`);
      const up = await file.read(`${name}.lora_b`);
      const values = layout === 'transposed' ? up : fromFile(layout, { values: up, shape: b.shape }, heads);
      const strength = alpha / (b.shape[1] ?? 1) / factor / scaling;
      const turned =
        name === 'token_embd.weight'
          ? fromFile('transposed', { values: down, shape: a.shape.toReversed() }, heads)
          : down;
      found.set(module, {
        a: { shape: a.shape, values: turned },
        b: { shape: b.shape, values: values.map((value) => value * strength) },
        scaling,
      });
    }
    return found;
  } finally {
    await file.close();
  }
}
