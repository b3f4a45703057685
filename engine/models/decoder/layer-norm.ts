/** LayerNorm of the older decoders, and its module. */
import type { Tensor } from '../../autodiff/graph.ts';
import { layerNormalization } from '../../autodiff/ops.ts';
import type { Module } from '../model.ts';
import type { Scope } from '../scope.ts';

export function layerNorm(scope: Scope, name: string, epsilon: number): (x: Tensor) => Tensor {
  return (x) =>
    layerNormalization(x, { scale: scope.weight(`${name}.weight`), bias: scope.weight(`${name}.bias`) }, epsilon);
}

export function layerNormModule(name: string, size: number): Module {
  return { name, kind: 'norm', shape: [size], bias: true };
}
