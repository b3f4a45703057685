/** Start values that LoRA's kin take from the weights: DoRA's magnitudes, PiSSA's main directions. */
import type { LoraConfig } from '../../spec/methods/lora.ts';
import type { StartContext } from '../method.ts';
import { correctedModules, magnitudeOf, startOf, type Corrected } from './parameters.ts';
import { largestSingular } from './svd.ts';

export async function loraStart(config: LoraConfig, context: StartContext): Promise<ReadonlyMap<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  if (!config.dora && config.initWeights !== 'pissa') return values;
  for (const [name, at] of correctedModules(config, context.target)) {
    const weight = standing(await context.weight(`${name}.weight`), at);
    // The correction starts at zero, so that the norms are the base's.
    if (config.dora) values.set(magnitudeOf(name), norms(weight, at));
    if (config.initWeights !== 'pissa') continue;
    const { a, b } = mainDirections(weight, at);
    for (const [key, value] of [
      [at.a, a],
      [at.b, b],
    ] as const) {
      values.set(key, value);
      values.set(startOf(key), value.slice());
    }
  }
  return values;
}

/** The weight as [out, in]. */
function standing(weight: Float32Array, { transposed, inputs, outputs }: Corrected): Float32Array {
  if (!transposed) return weight;
  const result = new Float32Array(weight.length);
  for (let input = 0; input < inputs; input += 1)
    for (let output = 0; output < outputs; output += 1)
      result[output * inputs + input] = weight[input * outputs + output] ?? 0;
  return result;
}

function norms(weight: Float32Array, { inputs, outputs }: Corrected): Float32Array {
  return Float32Array.from({ length: outputs }, (_, output) =>
    Math.sqrt(
      weight.subarray(output * inputs, (output + 1) * inputs).reduce((total, value) => total + value * value, 0),
    ),
  );
}

/** PiSSA (Meng et al., 2024, arXiv 2404.02948): A = √(σ/s)·Vᵀ and B = U·√(σ/s) of the largest singular values. */
function mainDirections(
  weight: Float32Array,
  { inputs, outputs, rank, scale }: Corrected,
): { a: Float32Array; b: Float32Array } {
  const { left, values, right } = largestSingular(weight, { rows: outputs, columns: inputs, count: rank });
  const a = new Float32Array(rank * inputs);
  const b = new Float32Array(outputs * rank);
  values.forEach((value, index) => {
    const root = Math.sqrt(value / scale);
    for (let input = 0; input < inputs; input += 1) a[index * inputs + input] = root * (right[index]?.[input] ?? 0);
    for (let output = 0; output < outputs; output += 1) b[output * rank + index] = root * (left[index]?.[output] ?? 0);
  });
  return { a, b };
}
