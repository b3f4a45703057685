/** AdamW with decoupled weight decay (Loshchilov & Hutter, 2019, arXiv 1711.05101), the update of torch.optim.AdamW. */
import type { Graph, Tensor } from '../autodiff/graph.ts';
import { add, div, mul, sqrt, sub } from '../autodiff/ops.ts';

export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}
export const adamwDefaults: AdamWSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Scalars of a step, float32 []: the caller feeds them. */
export interface StepScalars {
  /** lr / (1 − β₁ᵗ). */
  readonly stepSize: Tensor;
  /** √(1 − β₂ᵗ). */
  readonly correction: Tensor;
  /** 1 − lr·weight decay. */
  readonly decay: Tensor;
}

/** Leaves of the parameters whose learning rate is multiplied by `factor`. */
export function stepScalars(graph: Graph, factor = 1): StepScalars {
  const scalar = (name: string): Tensor => graph.input(name, 'float32', []);
  return {
    stepSize: scalar(scaledName('optimizer.stepSize', factor)),
    correction: scalar('optimizer.correction'),
    decay: scalar(scaledName('optimizer.decay', factor)),
  };
}

function scaledName(name: string, factor: number): string {
  return factor === 1 ? name : `${name}×${String(factor)}`;
}

/** Values of the scalars at update `step`, counted from 1, for parameters of one factor of the learning rate. */
export function scalarValues(
  step: number,
  rate: { learningRate: number; weightDecay: number },
  { beta1, beta2, factor = 1 }: Pick<AdamWSettings, 'beta1' | 'beta2'> & { readonly factor?: number },
): Readonly<Record<string, number>> {
  const learningRate = rate.learningRate * factor;
  return {
    [scaledName('optimizer.stepSize', factor)]: learningRate / (1 - beta1 ** step),
    'optimizer.correction': Math.sqrt(1 - beta2 ** step),
    [scaledName('optimizer.decay', factor)]: 1 - learningRate * rate.weightDecay,
  };
}

export interface AdamWState {
  readonly weight: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

/** One update: m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; w ← decay·w − stepSize·m / (√v / correction + ε). */
export function adamw(
  state: AdamWState,
  grad: Tensor,
  options: { scalars: StepScalars; settings: AdamWSettings; decays: boolean },
): AdamWState {
  const { scalars, settings, decays } = options;
  const first = add(mul(state.first, settings.beta1), mul(grad, 1 - settings.beta1));
  const second = add(mul(state.second, settings.beta2), mul(mul(grad, grad), 1 - settings.beta2));
  const denominator = add(div(sqrt(second), scalars.correction), settings.epsilon);
  const kept = decays ? mul(state.weight, scalars.decay) : state.weight;
  return { weight: sub(kept, mul(div(first, denominator), scalars.stepSize)), first, second };
}
