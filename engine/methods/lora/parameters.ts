/** The low-rank factors of each corrected module: their names, shapes, strength and start (peft/tuners/lora/layer.py). */
import type { LoraConfig } from '../../spec/methods/lora.ts';
import type { Initial, NewParameter, Target, TargetModule } from '../method.ts';
import { chosenModules, patternValues } from '../targets.ts';

/** A module with a correction: s·B·A, A [r, in] and B [out, r]. */
export interface Corrected {
  readonly module: TargetModule;
  readonly rank: number;
  /** s: α / r, or α / √r. */
  readonly scale: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Names of A and B. */
  readonly a: string;
  readonly b: string;
  /** The weight stands as [in, out]: that of a conv1d, or a table. */
  readonly transposed: boolean;
}

export const magnitudeOf = (module: string): string => `${module}.lora_magnitude_vector`;
export const biasOf = (module: string): string => `${module}.lora_B.bias`;
/** Where A and B of PiSSA started; they are frozen. */
export const startOf = (factor: string): string => `${factor}.start`;

/** Modules that get a correction, by name. Throws `method.no-targets`, `pattern.failed`. */
export function correctedModules(config: LoraConfig, target: Target): ReadonlyMap<string, Corrected> {
  const chosen = chosenModules(config, target, ['linear', 'conv1d', 'embedding']);
  const names = [...chosen.keys()];
  const ranks = patternValues(config.rankPattern, names);
  const alphas = patternValues(config.alphaPattern, names);
  const corrected = [...chosen.values()].map((module): Corrected => {
    const { name, kind } = module;
    const [first = 1, second = 1] = module.shape;
    const transposed = kind !== 'linear';
    const rank = ranks.get(name) ?? config.r;
    const [a, b] =
      kind === 'embedding'
        ? [`${name}.lora_embedding_A`, `${name}.lora_embedding_B`]
        : [`${name}.lora_A.weight`, `${name}.lora_B.weight`];
    return {
      module,
      rank,
      scale: (alphas.get(name) ?? config.alpha) / (config.rslora ? Math.sqrt(rank) : rank),
      inputs: transposed ? first : second,
      outputs: transposed ? second : first,
      a,
      b,
      transposed,
    };
  });
  return new Map(corrected.map((one) => [one.module.name, one]));
}

export function loraParameters(config: LoraConfig, target: Target): ReadonlyMap<string, NewParameter> {
  const parameters = new Map<string, NewParameter>();
  for (const { module, rank, inputs, outputs, a, b } of correctedModules(config, target).values()) {
    const start = starts(config, { embedding: module.kind === 'embedding', rank, inputs });
    parameters.set(a, { shape: [rank, inputs], initial: start.a });
    parameters.set(b, { shape: [outputs, rank], initial: start.b });
    if (config.initWeights === 'pissa') {
      parameters.set(startOf(a), { shape: [rank, inputs], initial: start.a });
      parameters.set(startOf(b), { shape: [outputs, rank], initial: start.b });
    }
    if (config.loraBias && module.kind !== 'embedding')
      parameters.set(biasOf(module.name), { shape: [outputs], initial: start.bias });
    if (config.dora) parameters.set(magnitudeOf(module.name), { shape: [outputs], initial: { kind: 'from-model' } });
  }
  return parameters;
}

interface Starts {
  readonly a: Initial;
  readonly b: Initial;
  readonly bias: Initial;
}

/** One of the factors at zero, so that the model starts as it was; `random` is for tests and starts as anything. */
function starts(
  { initWeights }: LoraConfig,
  { embedding, rank, inputs }: { readonly embedding: boolean; readonly rank: number; readonly inputs: number },
): Starts {
  const zeros: Initial = { kind: 'zeros' };
  const normal: Initial = { kind: 'normal', deviation: 1 };
  if (embedding) return { a: initWeights === 'random' ? normal : zeros, b: normal, bias: zeros };
  // PyTorch's Linear: Kaiming uniform with a = √5, bound 1 / √in.
  const uniform = (size: number): Initial => ({ kind: 'uniform', bound: 1 / Math.sqrt(size) });
  switch (initWeights) {
    case 'default':
      return { a: uniform(inputs), b: zeros, bias: zeros };
    case 'gaussian':
      return { a: { kind: 'normal', deviation: 1 / rank }, b: zeros, bias: zeros };
    case 'random':
      return { a: uniform(inputs), b: uniform(rank), bias: uniform(rank) };
    case 'pissa':
      return { a: { kind: 'from-model' }, b: { kind: 'from-model' }, bias: zeros };
  }
}
