/** Losses that are no cross-entropy, one value an item (Transformers' loss_utils). */
import type { Tensor } from '../autodiff/graph.ts';
import { add, exp, log, mul, neg, reduceMean, relu, sub } from '../autodiff/ops.ts';

/** (x − y)²: predictions and labels [N] → [N]. */
export function squaredError(predictions: Tensor, labels: Tensor): Tensor {
  const difference = sub(predictions, labels);
  return mul(difference, difference);
}

/** Binary cross-entropy, the mean over the labels: logits and labels [N, C] → [N]; max(x, 0) − x·y + log(1 + e^−|x|). */
export function binaryCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const size = add(relu(logits), relu(neg(logits)));
  const each = add(sub(relu(logits), mul(logits, labels)), log(add(exp(neg(size)), 1)));
  return reduceMean(each, [1], false);
}
