/** Activation functions by the names that config.json gives them (Transformers' activations.py). */
import type { Tensor } from '../autodiff/graph.ts';
import { gelu, mul, neg, relu, sigmoid, silu, sub, tanh } from '../autodiff/ops.ts';

export const activationNames = [
  'gelu',
  'gelu_new',
  'gelu_fast',
  'gelu_pytorch_tanh',
  'relu',
  'silu',
  'swish',
  'tanh',
  'sigmoid',
  'quick_gelu',
  'leaky_relu',
  'linear',
] as const;
export type Activation = (typeof activationNames)[number];

const functions = {
  gelu: (x) => gelu(x),
  gelu_new: (x) => gelu(x, 'tanh'),
  gelu_fast: (x) => gelu(x, 'tanh'),
  gelu_pytorch_tanh: (x) => gelu(x, 'tanh'),
  relu,
  silu,
  swish: silu,
  tanh,
  sigmoid,
  // x·σ(1.702·x), as an op with a fine gradient.
  quick_gelu: (x) => mul(silu(mul(x, 1.702)), 1 / 1.702),
  // PyTorch's slope of negative numbers.
  leaky_relu: (x) => sub(relu(x), mul(relu(neg(x)), 0.01)),
  linear: (x) => x,
} satisfies Record<Activation, (x: Tensor) => Tensor>;

export function activate(name: Activation, x: Tensor): Tensor {
  return functions[name](x);
}
