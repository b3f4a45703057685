/** T5's relative attention bias: a number for each head and bucket of distances (Raffel et al., 2020, section 2.1). */
import type { Tensor } from '../../autodiff/graph.ts';
import { reshape, transpose } from '../../autodiff/ops.ts';
import type { Scope } from '../scope.ts';
import type { T5Config } from './config.ts';

/** The bucket of a key at `offset` from its query, as Transformers rounds it, in single precision. */
export function offsetBucket(
  offset: number,
  { buckets, farthest, causal }: Pick<T5Config, 'buckets' | 'farthest'> & { readonly causal: boolean },
): number {
  const count = causal ? buckets : Math.floor(buckets / 2);
  const side = !causal && offset > 0 ? count : 0;
  const distance = causal ? Math.max(-offset, 0) : Math.abs(offset);
  const exact = Math.floor(count / 2);
  if (distance < exact) return side + distance;
  const share = Math.fround(
    Math.fround(Math.log(Math.fround(distance / exact))) / Math.fround(Math.log(farthest / exact)),
  );
  return side + Math.min(exact + Math.trunc(Math.fround(share * (count - exact))), count - 1);
}

/** What the first layer of a stack adds to the scores of all of its layers: [1, heads, S, past + S]. */
export function relativeBias(
  scope: Scope,
  config: T5Config,
  { stack, length, past, causal }: { stack: string; length: number; past: number; causal: boolean },
): Tensor {
  const width = past + length;
  const indices = new Int32Array(length * width);
  for (let query = 0; query < length; query += 1) {
    for (let key = 0; key < width; key += 1)
      indices[query * width + key] = offsetBucket(key - past - query, { ...config, causal });
  }
  const ids = scope.graph.constant(indices, 'int32', [length, width]);
  const values = scope.embedding(ids, `${stack}.block.0.layer.0.SelfAttention.relative_attention_bias`, null);
  return reshape(transpose(values, [2, 0, 1]), [1, config.heads, length, width]);
}
