/** Clipping of gradients: by the norm of all together, or each value (torch.nn.utils.clip_grad_norm_, clip_grad_value_). */
import type { Tensor } from '../autodiff/graph.ts';
import {
  add,
  div,
  exp,
  log,
  min,
  mul,
  neg,
  reduceMax,
  reduceSum,
  reduceSumSquare,
  relu,
  reshape,
  sqrt,
} from '../autodiff/ops.ts';

/** Which norm: of the sizes the p-th root of the sum of their p-th powers, or the greatest. */
type NormOrder = number | 'inf';

/** Norm over all gradients as one vector, a scalar. */
export function globalNorm(grads: readonly Tensor[], order: NormOrder = 2): Tensor {
  const flat = grads.map((grad) => reshape(grad, [grad.shape.reduce((a, b) => a * b, 1)]));
  if (order === 2) return sqrt(total(flat.map((grad) => reduceSumSquare(grad, [0], false))));
  const sizes = flat.map((grad) => add(relu(grad), relu(neg(grad))));
  if (order === 'inf')
    return sizes.map((size) => reduceMax(size, [0], false)).reduce((a, b) => neg(min(neg(a), neg(b))));
  const sum = (powers: readonly Tensor[]): Tensor => total(powers.map((power) => reduceSum(power, [0], false)));
  if (order === 1) return sum(sizes);
  return exp(mul(log(sum(sizes.map((size) => exp(mul(log(size), order))))), 1 / order));
}

function total(parts: readonly Tensor[]): Tensor {
  return parts.reduce((sum, part) => add(sum, part));
}

/** Scales every gradient by min(1, limit / (norm + 1e-6)). `limit` is a scalar, so that every update waits for all gradients. */
export function clip(grads: readonly Tensor[], norm: Tensor, limit: Tensor): readonly Tensor[] {
  const factor = min(div(limit, add(norm, 1e-6)), 1);
  return grads.map((grad) => mul(grad, factor));
}

/** Cuts each value to −limit … limit. */
export function clipValues(grads: readonly Tensor[], limit: number): readonly Tensor[] {
  return grads.map((grad) => neg(min(neg(min(grad, limit)), limit)));
}
