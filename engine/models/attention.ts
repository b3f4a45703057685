/** Scaled dot-product attention and its masks, shared by the architectures (Vaswani et al., 2017, section 3.2.1). */
import type { Tensor } from '../autodiff/graph.ts';
import { add, concat, matMul, mul, reshape, softmax, sub, transpose } from '../autodiff/ops.ts';

/** What is added to a score that must not count. */
const masked = -1e9;

/** [B·S, heads·size] → [B, heads, S, size]. */
export function splitHeads(x: Tensor, split: { readonly batch: number; readonly heads: number }): Tensor {
  const [rows = 1, width = 1] = x.shape;
  const { batch, heads } = split;
  return transpose(reshape(x, [batch, rows / batch, heads, width / heads]), [0, 2, 1, 3]);
}

/** [B, heads, S, size] → [B·S, heads·size]. */
export function mergeHeads(x: Tensor): Tensor {
  const [batch = 1, heads = 1, length = 1, size = 1] = x.shape;
  return reshape(transpose(x, [0, 2, 1, 3]), [batch * length, heads * size]);
}

/** A mask of ones and zeros [B, K] as something to add to scores: [B, 1, 1, K]. */
export function paddingBias(mask: Tensor): Tensor {
  const [batch = 1, length = 1] = mask.shape;
  return reshape(mul(sub(1, mask), masked), [batch, 1, 1, length]);
}

/** [1, 1, S, past + S]: nothing of a token's future counts. */
export function causalBias(like: Tensor, length: number, past: number): Tensor {
  const width = past + length;
  const data = new Float32Array(length * width);
  for (let query = 0; query < length; query += 1)
    data.fill(masked, query * width + past + query + 1, (query + 1) * width);
  return like.graph.constant(data, 'float32', [1, 1, length, width]);
}

export interface AttentionInputs {
  /** [B, heads, S, size]. */
  readonly query: Tensor;
  /** [B, kv heads, K, size]; kv heads divides heads. */
  readonly key: Tensor;
  readonly value: Tensor;
  /** Added to the scores; broadcasts to [B, heads, S, K]. */
  readonly bias: Tensor;
}

/**
 * softmax(q·kᵀ / √size + bias)·v: [B, heads, S, size]. Query heads that share a key head are laid one behind the other along the
 * sequence, so that keys and values are not repeated in memory (grouped-query attention, Ainslie et al., 2023).
 */
export function attention({ query, key, value, bias }: AttentionInputs): Tensor {
  const [batch = 1, heads = 1, length = 1, size = 1] = query.shape;
  const [, groups = 1, width = 1] = key.shape;
  const stacked = reshape(query, [batch, groups, (heads / groups) * length, size]);
  const scores = matMul(stacked, key, { transB: true, alpha: 1 / Math.sqrt(size) });
  const weights = softmax(add(reshape(scores, [batch, heads, length, width]), bias));
  const mixed = matMul(reshape(weights, [batch, groups, (heads / groups) * length, width]), value);
  return reshape(mixed, [batch, heads, length, size]);
}

/** Puts earlier keys or values [B, H, P, D] before the new ones [B, H, S, D]. */
export function extend(past: Tensor | undefined, present: Tensor): Tensor {
  return past ? concat([past, present], 2) : present;
}
