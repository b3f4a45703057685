/** Activation functions by the names that config.json gives them (Transformers' activations.py). */
import type { Tensor } from '../autodiff/graph.ts';
import { add, fineSigmoid, gelu, mul, neg, relu, sigmoid, silu, stopGradient, sub, tanh } from '../autodiff/ops.ts';

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

/** Those that are made of a sigmoid. */
const fineValues: Readonly<Partial<Record<Activation, (x: Tensor) => Tensor>>> = {
  silu: (x) => mul(x, fineSigmoid(x)),
  swish: (x) => mul(x, fineSigmoid(x)),
  sigmoid: fineSigmoid,
  quick_gelu: (x) => mul(x, fineSigmoid(mul(x, 1.702))),
};

/** As `activate`, with all digits of a unit that hardly answers: what learns from so small a number learns as much as from a large one. */
export function activateFinely(name: Activation, x: Tensor): Tensor {
  const rough = activate(name, x);
  const fine = fineValues[name]?.(x);
  return fine ? add(rough, stopGradient(sub(fine, rough))) : rough;
}
