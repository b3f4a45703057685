/** Clipping of gradients: by the norm of all together, or each value (torch.nn.utils.clip_grad_norm_, clip_grad_value_). */
import type { Tensor } from '../autodiff/graph.ts';
import {
  add,
  div,
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

/** Which norm: of the sizes their sum, the root of the sum of squares, or the greatest. */
export type NormOrder = 1 | 2 | 'inf';

/** Norm over all gradients as one vector, a scalar. */
export function globalNorm(grads: readonly Tensor[], order: NormOrder = 2): Tensor {
  const flat = grads.map((grad) => reshape(grad, [grad.shape.reduce((a, b) => a * b, 1)]));
  if (order === 2) return sqrt(total(flat.map((grad) => reduceSumSquare(grad, [0], false))));
  const sizes = flat.map((grad) => add(relu(grad), relu(neg(grad))));
  return order === 1
    ? total(sizes.map((size) => reduceSum(size, [0], false)))
    : sizes.map((size) => reduceMax(size, [0], false)).reduce((a, b) => neg(min(neg(a), neg(b))));
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
