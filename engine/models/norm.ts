/** Norms by the names of their modules (Ba et al., 2016; Zhang & Sennrich, 2019). */
import type { Tensor } from '../autodiff/graph.ts';
import { layerNormalization, rmsNormalization } from '../autodiff/ops.ts';
import type { Module } from './model.ts';
import type { Scope } from './scope.ts';

/** The LayerNorm module `name`. */
export function layerNorm(scope: Scope, name: string, epsilon: number): (x: Tensor) => Tensor {
  return (x) =>
    layerNormalization(x, { scale: scope.weight(`${name}.weight`), bias: scope.weight(`${name}.bias`) }, epsilon);
}

export function layerNormModule(name: string, size: number): Module {
  return { name, kind: 'norm', shape: [size], bias: true };
}

/** The RMSNorm module `name`: no mean taken off, no bias. */
export function rmsNorm(scope: Scope, name: string, epsilon: number): (x: Tensor) => Tensor {
  return (x) => rmsNormalization(x, scope.weight(`${name}.weight`), epsilon);
}
