/** Scaled dot-product attention and its masks, shared by the architectures (Vaswani et al., 2017, section 3.2.1). */
import type { Tensor } from '../autodiff/graph.ts';
import { add, concat, matMul, mul, reshape, softmax, sub, transpose } from '../autodiff/ops.ts';

/** What is added to a score that must not count. */
export const masked = -1e9;

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

export interface CausalShape {
  readonly length: number;
  /** Keys before the row's own. */
  readonly past: number;
  /** A query sees this many keys at most, itself included: key k while query − k < window. */
  readonly window?: number | null;
}

/**
 * What is added to scores, [B, 1, 1 or S, K], from a mask of ones and zeros [B, K]: nothing that is padding counts, and
 * with `causal` nothing of a token's future, nor what lies outside its window.
 */
export function attentionBias(mask: Tensor, causal: CausalShape | null = null): Tensor {
  const [batch = 1, width = 1] = mask.shape;
  const kept = reshape(mask, [batch, 1, 1, width]);
  // One product, not a sum of two penalties: a padded query then sees all keys alike, as in PyTorch.
  return mul(sub(1, causal ? mul(kept, causalMask(mask, causal)) : kept), masked);
}

/** 1 where a query may look, else 0: [1, 1, S, past + S]. */
function causalMask(like: Tensor, { length, past, window = null }: CausalShape): Tensor {
  const width = past + length;
  const data = new Float32Array(length * width);
  for (let query = 0; query < length; query += 1) {
    const own = past + query;
    const first = window === null ? 0 : Math.max(0, own - window + 1);
    data.fill(1, query * width + first, query * width + own + 1);
  }
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
  /** Multiplies the scores; 1 / √size unless said otherwise. */
  readonly scale?: number;
  /** Changes the scores before the bias is added: soft capping. */
  readonly shape?: (scores: Tensor) => Tensor;
}

/**
 * softmax(scale·q·kᵀ + bias)·v: [B, heads, S, size]. Query heads that share a key head are laid one behind the other along the
 * sequence, so that keys and values are not repeated in memory (grouped-query attention, Ainslie et al., 2023).
 */
export function attention({ query, key, value, bias, scale, shape = (x) => x }: AttentionInputs): Tensor {
  const [batch = 1, heads = 1, length = 1, size = 1] = query.shape;
  const [, groups = 1, width = 1] = key.shape;
  const stacked = reshape(query, [batch, groups, (heads / groups) * length, size]);
  const scores = matMul(stacked, key, { transB: true, alpha: scale ?? 1 / Math.sqrt(size) });
  const weights = softmax(add(shape(reshape(scores, [batch, heads, length, width])), bias));
  const mixed = matMul(reshape(weights, [batch, groups, (heads / groups) * length, width]), value);
  return reshape(mixed, [batch, heads, length, value.shape[3] ?? size]);
}

/** Puts earlier keys or values [B, H, P, D] before the new ones [B, H, S, D]. */
export function extend(past: Tensor | undefined, present: Tensor): Tensor {
  return past ? concat([past, present], 2) : present;
}
