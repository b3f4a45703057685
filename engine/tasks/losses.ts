/** Losses of Transformers' task classes, each as Σ weight·loss over answers: the weights make a mean of any batch split. */
import type { Tensor } from '../autodiff/graph.ts';
import { add, crossEntropy, exp, log, mul, neg, relu, reshape, sub, sumAll } from '../autodiff/ops.ts';

/** Softmax cross-entropy: logits [N, C], labels int64 [N], weights [N]. */
export function classLoss(logits: Tensor, labels: Tensor, weights: Tensor): Tensor {
  return sumAll(mul(crossEntropy(logits, labels), weights));
}

/** Squared error: logits [N, 1], labels float32 [N], weights [N]. */
export function regressionLoss(logits: Tensor, labels: Tensor, weights: Tensor): Tensor {
  const difference = sub(reshape(logits, labels.shape), labels);
  return sumAll(mul(mul(difference, difference), weights));
}

/** Binary cross-entropy of each label: logits, labels [N, C], weights [N, 1]; max(x, 0) − x·y + log(1 + e^−|x|). */
export function multiLabelLoss(logits: Tensor, labels: Tensor, weights: Tensor): Tensor {
  const size = add(relu(logits), relu(neg(logits)));
  const each = add(sub(relu(logits), mul(logits, labels)), log(add(exp(neg(size)), 1)));
  return sumAll(mul(each, weights));
}
