/** Clipping by the norm of all gradients together (torch.nn.utils.clip_grad_norm_). */
import type { Tensor } from '../autodiff/graph.ts';
import { add, div, min, mul, reduceSumSquare, reshape, sqrt } from '../autodiff/ops.ts';

/** L2 norm over all gradients, a scalar. */
export function globalNorm(grads: readonly Tensor[]): Tensor {
  const squares = grads.map((grad) =>
    reduceSumSquare(reshape(grad, [grad.shape.reduce((a, b) => a * b, 1)]), [0], false),
  );
  return sqrt(squares.reduce((total, square) => add(total, square)));
}

/** Scales every gradient by min(1, limit / (norm + 1e-6)). `limit` is a scalar, so that every update waits for all gradients. */
export function clip(grads: readonly Tensor[], norm: Tensor, limit: Tensor): readonly Tensor[] {
  const factor = min(div(limit, add(norm, 1e-6)), 1);
  return grads.map((grad) => mul(grad, factor));
}
