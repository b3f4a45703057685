/** Disentangled attention: scores between content and distance (He et al., 2021, arXiv 2006.03654, section 3.1). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, gather, matMul, reshape, slice, transpose } from '../../autodiff/ops.ts';
import { layerNorm } from '../norm.ts';
import type { Scope } from '../scope.ts';
import type { DebertaConfig, RelativeAttention } from './config.ts';

/** The table's row for a query at `distance` behind its key, as Transformers rounds it, in single precision. */
export function distanceRow({ span, buckets, longest }: RelativeAttention, distance: number): number {
  const row = (buckets === null ? distance : bucket(distance, { buckets, longest })) + span;
  return Math.min(Math.max(row, 0), 2 * span - 1);
}

function bucket(
  distance: number,
  { buckets, longest }: { readonly buckets: number; readonly longest: number },
): number {
  const middle = Math.floor(buckets / 2);
  const size = Math.abs(distance);
  if (size <= middle) return distance;
  const log = (x: number): number => Math.fround(Math.log(Math.fround(x)));
  const share = Math.fround(log(size / middle) / log((longest - 1) / middle));
  return Math.sign(distance) * (Math.ceil(Math.fround(share * (middle - 1))) + middle);
}

/** Rows of the distance table, [2·S, hidden], from the farthest key behind the query to the farthest before it, and back. */
interface Distances {
  readonly falling: Tensor;
  readonly rising: Tensor;
}

export function distances(scope: Scope, config: DebertaConfig, length: number): Distances | null {
  const { relative, epsilon } = config;
  if (!relative) return null;
  const name = 'deberta.encoder';
  const table = scope.weight(`${name}.rel_embeddings.weight`);
  const normed = relative.normed ? layerNorm(scope, `${name}.LayerNorm`, epsilon)(table) : table;
  // One row more than there are distances: `shifted` drops it.
  const rows = Array.from({ length: 2 * length }, (_, column) => column - (length - 1));
  const pick = (sign: 1 | -1): Tensor => {
    const indices = Int32Array.from(rows, (distance) => distanceRow(relative, sign * distance));
    return gather(normed, scope.graph.constant(indices, 'int32', [2 * length]));
  };
  return { falling: pick(-1), rising: pick(1) };
}

interface RelativeInputs {
  /** [heads, B·S, size]. */
  readonly query: Tensor;
  readonly key: Tensor;
  readonly batch: number;
  /** Of the layer's self-attention. */
  readonly name: string;
  readonly distances: Distances;
  /** Multiplies all scores. */
  readonly scale: number;
}

/** Scores of content against distance and of distance against content, [heads, B, S, S]; null where there are none. */
export function relativeScores(scope: Scope, config: DebertaConfig, inputs: RelativeInputs): Tensor | null {
  const { query, key, batch, name, scale } = inputs;
  const shared = config.relative?.sharedProjections === true;
  const project = (rows: Tensor, own: string, common: string): Tensor =>
    headsFirst(scope.linear(rows, `${name}.${shared ? common : own}`), config.heads);
  const against = (content: Tensor, position: Tensor): Tensor =>
    shifted(matMul(content, position, { transB: true, alpha: scale }), batch);
  const parts = [
    ...(config.contentToPosition
      ? [against(query, project(inputs.distances.falling, 'pos_key_proj', 'key_proj'))]
      : []),
    ...(config.positionToContent
      ? [transpose(against(key, project(inputs.distances.rising, 'pos_query_proj', 'query_proj')), [0, 1, 3, 2])]
      : []),
  ];
  const [first, second] = parts;
  return first && second ? add(first, second) : (first ?? null);
}

/** [rows, heads·size] → [heads, rows, size]. */
export function headsFirst(x: Tensor, heads: number): Tensor {
  const [rows = 1, width = 1] = x.shape;
  return transpose(reshape(x, [rows, heads, width / heads]), [1, 0, 2]);
}

/**
 * [heads, B·S, 2·S] → [heads, B, S, S], where row i starts at column S − 1 − i: each row read one number later than the
 * one before it, a view instead of a gather (Huang et al., 2018, arXiv 1809.04281, section 3.4.1).
 */
function shifted(x: Tensor, batch: number): Tensor {
  const [heads = 1, , width = 2] = x.shape;
  const length = width / 2;
  const flat = slice(reshape(x, [heads, batch, length * width]), 2, [length - 1, length - 1 + length * (width - 1)]);
  return slice(reshape(flat, [heads, batch, length, width - 1]), 3, [0, length]);
}
