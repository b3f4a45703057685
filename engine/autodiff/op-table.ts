/** The ops of the graph: the attributes of each and the rule for the shape and dtype of its outputs. */
import type { DType, Shape, Tensor, TensorType } from './graph.ts';
import { broadcast, reduced, sameShape } from './shapes.ts';

export interface OpAttributes {
  Neg: object;
  Exp: object;
  Log: object;
  Sqrt: object;
  Reciprocal: object;
  Erf: object;
  Tanh: object;
  Sigmoid: object;
  Relu: object;
  /** x·Φ(x): 'none' by the error function, 'tanh' by its approximation. */
  Gelu: { readonly approximate: 'none' | 'tanh' };
  /** x·σ(x). */
  Silu: object;
  /** x, a constant to the gradients. */
  StopGradient: object;
  Add: object;
  Sub: object;
  Mul: object;
  Div: object;
  Min: object;
  Less: object;
  Equal: object;
  Where: object;
  Cast: { readonly to: DType };
  ReduceSum: { readonly axes: readonly number[]; readonly keep: boolean };
  ReduceMean: { readonly axes: readonly number[]; readonly keep: boolean };
  ReduceSumSquare: { readonly axes: readonly number[]; readonly keep: boolean };
  ReduceMax: { readonly axes: readonly number[]; readonly keep: boolean };
  Reshape: { readonly shape: Shape };
  Transpose: { readonly permutation: readonly number[] };
  Expand: { readonly shape: Shape };
  Concat: { readonly axis: number };
  Slice: { readonly axis: number; readonly start: number; readonly end: number };
  /** Rows of a table [V, …] by integer indices [...]; `paddingIndex`: a row that gets no gradient. */
  Gather: { readonly paddingIndex: number | null };
  /** Adds rows [..., d…] into zeros [rows, d…] at integer indices [...]: the gradient of Gather. */
  ScatterRows: { readonly rows: number };
  /** One element along the last axis for each index: [..., n], [..., k] → [..., k]. */
  GatherElements: object;
  /** Adds updates [..., k] into data [..., n] along the last axis. */
  ScatterElements: object;
  /** alpha·op(a)·op(b) + beta·c, all 2-D; c is optional and broadcasts to the result. */
  Gemm: { readonly transA: boolean; readonly transB: boolean; readonly alpha: number; readonly beta: number };
  /** alpha·op(a)·op(b) over equal leading axes. */
  MatMul: { readonly transA: boolean; readonly transB: boolean; readonly alpha: number };
  /** Over the last axis. */
  Softmax: object;
  /** Over the last axis: x, scale [d], bias [d] → y, mean [..., 1], 1/deviation [..., 1]. */
  LayerNormalization: { readonly epsilon: number };
  /** x / √(mean(x²) + ε) · scale over the last axis. */
  RmsNormalization: { readonly epsilon: number };
  /** Rotates halves: x [B, H, S, D], positions int64 [B, S], cos and sin [positions, D/2]. */
  RotaryEmbedding: object;
  /** logsumexp(x) − x[label] over the last axis: x [N, C], labels int64 [N] → [N]. */
  CrossEntropy: object;
}

export type OpName = keyof OpAttributes;

type Fail = (reason: string) => never;
type Rule<Op extends OpName> = (
  inputs: readonly Tensor[],
  attributes: OpAttributes[Op],
  fail: Fail,
) => readonly TensorType[];

const float: readonly DType[] = ['float32', 'float16'];
const integer: readonly DType[] = ['int32', 'int64'];

function take(inputs: readonly Tensor[], count: number, fail: Fail): readonly [Tensor, Tensor, Tensor, Tensor] {
  if (inputs.length !== count) fail(`takes ${String(count)} inputs`);
  const [a, b = a, c = a, d = a] = inputs;
  if (a === undefined || b === undefined || c === undefined || d === undefined) return fail('has no input');
  return [a, b, c, d];
}

function unary(inputs: readonly Tensor[], _attributes: object, fail: Fail): readonly TensorType[] {
  const [x] = take(inputs, 1, fail);
  if (!float.includes(x.dtype)) fail('takes floats');
  return [{ dtype: x.dtype, shape: x.shape }];
}

function pair(inputs: readonly Tensor[], fail: Fail): TensorType {
  const [a, b] = take(inputs, 2, fail);
  if (a.dtype !== b.dtype) fail('takes two of one dtype');
  return { dtype: a.dtype, shape: broadcast(a.shape, b.shape) ?? fail('shapes do not broadcast') };
}

function binary(inputs: readonly Tensor[], _attributes: object, fail: Fail): readonly TensorType[] {
  return [pair(inputs, fail)];
}

function comparison(inputs: readonly Tensor[], _attributes: object, fail: Fail): readonly TensorType[] {
  return [{ dtype: 'bool', shape: pair(inputs, fail).shape }];
}

function reduction(
  inputs: readonly Tensor[],
  { axes, keep }: OpAttributes['ReduceSum'],
  fail: Fail,
): readonly TensorType[] {
  const [x] = take(inputs, 1, fail);
  if (axes.some((axis) => axis < 0 || axis >= x.shape.length)) fail('an axis is outside the shape');
  return [{ dtype: x.dtype, shape: reduced(x.shape, axes, keep) }];
}

function product(shape: Shape): number {
  return shape.reduce((total, dimension) => total * dimension, 1);
}

/** Rows and columns of a product of the last two axes. */
function productShape(a: Shape, b: Shape, options: { transA: boolean; transB: boolean; fail: Fail }): Shape {
  const { transA, transB, fail } = options;
  if (a.length < 2 || a.length !== b.length) fail('takes two of equal rank, at least 2');
  const [aRows = 0, aColumns = 0] = transA ? [a.at(-1), a.at(-2)] : [a.at(-2), a.at(-1)];
  const [bRows = 0, bColumns = 0] = transB ? [b.at(-1), b.at(-2)] : [b.at(-2), b.at(-1)];
  if (aColumns !== bRows) fail(`inner sizes ${String(aColumns)} and ${String(bRows)} differ`);
  if (!sameShape(a.slice(0, -2), b.slice(0, -2))) fail('leading axes differ');
  return [...a.slice(0, -2), aRows, bColumns];
}

export const opTable = {
  Neg: unary,
  Exp: unary,
  Log: unary,
  Sqrt: unary,
  Reciprocal: unary,
  Erf: unary,
  Tanh: unary,
  Sigmoid: unary,
  Relu: unary,
  Gelu: unary,
  Silu: unary,
  StopGradient: unary,
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Min: binary,
  Less: comparison,
  Equal: comparison,
  Where: (inputs, _attributes, fail) => {
    const [condition, a, b] = take(inputs, 3, fail);
    if (condition.dtype !== 'bool') fail('the condition is not bool');
    const { dtype, shape } = pair([a, b], fail);
    return [{ dtype, shape: broadcast(condition.shape, shape) ?? fail('shapes do not broadcast') }];
  },
  Cast: (inputs, { to }, fail) => [{ dtype: to, shape: take(inputs, 1, fail)[0].shape }],
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceSumSquare: reduction,
  ReduceMax: reduction,
  Reshape: (inputs, { shape }, fail) => {
    const [x] = take(inputs, 1, fail);
    if (product(x.shape) !== product(shape)) fail('the number of elements changes');
    return [{ dtype: x.dtype, shape }];
  },
  Transpose: (inputs, { permutation }, fail) => {
    const [x] = take(inputs, 1, fail);
    if (permutation.toSorted((a, b) => a - b).join() !== x.shape.map((_, axis) => axis).join())
      fail('not a permutation');
    return [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis] ?? fail('not a permutation')) }];
  },
  Expand: (inputs, { shape }, fail) => {
    const [x] = take(inputs, 1, fail);
    if (!sameShape(broadcast(x.shape, shape) ?? [], shape)) fail('does not broadcast to the shape');
    return [{ dtype: x.dtype, shape }];
  },
  Concat: (inputs, { axis }, fail) => {
    const [first] = inputs;
    if (first === undefined) return fail('has no input');
    let size = 0;
    for (const input of inputs) {
      const fits = input.dtype === first.dtype && input.shape.length === first.shape.length;
      if (!fits || input.shape.some((dimension, at) => at !== axis && dimension !== first.shape[at]))
        fail('inputs differ off the axis');
      size += input.shape[axis] ?? fail('the axis is outside the shape');
    }
    return [{ dtype: first.dtype, shape: first.shape.with(axis, size) }];
  },
  Slice: (inputs, { axis, start, end }, fail) => {
    const [x] = take(inputs, 1, fail);
    const size = x.shape[axis] ?? fail('the axis is outside the shape');
    if (start < 0 || end > size || start >= end) fail('the range is outside the axis');
    return [{ dtype: x.dtype, shape: x.shape.with(axis, end - start) }];
  },
  Gather: (inputs, _attributes, fail) => {
    const [table, indices] = take(inputs, 2, fail);
    if (!integer.includes(indices.dtype)) fail('indices are not integers');
    return [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }];
  },
  ScatterRows: (inputs, { rows }, fail) => {
    const [updates, indices] = take(inputs, 2, fail);
    if (!integer.includes(indices.dtype)) fail('indices are not integers');
    if (!sameShape(updates.shape.slice(0, indices.shape.length), indices.shape))
      fail('updates do not stand one an index');
    return [{ dtype: updates.dtype, shape: [rows, ...updates.shape.slice(indices.shape.length)] }];
  },
  GatherElements: (inputs, _attributes, fail) => {
    const [x, indices] = take(inputs, 2, fail);
    if (!integer.includes(indices.dtype)) fail('indices are not integers');
    if (!sameShape(x.shape.slice(0, -1), indices.shape.slice(0, -1))) fail('leading axes differ');
    return [{ dtype: x.dtype, shape: indices.shape }];
  },
  ScatterElements: (inputs, _attributes, fail) => {
    const [data, indices, updates] = take(inputs, 3, fail);
    if (!integer.includes(indices.dtype)) fail('indices are not integers');
    if (!sameShape(indices.shape, updates.shape)) fail('updates do not stand one an index');
    if (!sameShape(data.shape.slice(0, -1), indices.shape.slice(0, -1))) fail('leading axes differ');
    return [{ dtype: data.dtype, shape: data.shape }];
  },
  Gemm: (inputs, { transA, transB }, fail) => {
    const [a, b, c] = take(inputs, inputs.length === 3 ? 3 : 2, fail);
    if (a.shape.length !== 2) fail('takes 2-D');
    const shape = productShape(a.shape, b.shape, { transA, transB, fail });
    if (inputs.length === 3 && !sameShape(broadcast(c.shape, shape) ?? [], shape))
      fail('c does not broadcast to the product');
    return [{ dtype: a.dtype, shape }];
  },
  MatMul: (inputs, { transA, transB }, fail) => {
    const [a, b] = take(inputs, 2, fail);
    return [{ dtype: a.dtype, shape: productShape(a.shape, b.shape, { transA, transB, fail }) }];
  },
  Softmax: unary,
  LayerNormalization: (inputs, _attributes, fail) => {
    const [x, scale, bias] = take(inputs, 3, fail);
    const size = x.shape.at(-1) ?? fail('takes at least 1-D');
    if (!sameShape(scale.shape, [size]) || !sameShape(bias.shape, [size]))
      fail('scale and bias are not as long as the last axis');
    const stats: TensorType = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
    return [{ dtype: x.dtype, shape: x.shape }, stats, stats];
  },
  RmsNormalization: (inputs, _attributes, fail) => {
    const [x, scale] = take(inputs, 2, fail);
    if (!sameShape(scale.shape, [x.shape.at(-1) ?? 0])) fail('scale is not as long as the last axis');
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  RotaryEmbedding: (inputs, _attributes, fail) => {
    const [x, positions, cos, sin] = take(inputs, 4, fail);
    const [batch, , length, size] = x.shape;
    if (x.shape.length !== 4 || batch === undefined || length === undefined || size === undefined)
      return fail('takes [B, H, S, D]');
    if (!sameShape(positions.shape, [batch, length]) || positions.dtype !== 'int64')
      fail('positions are not int64 [B, S]');
    if (cos.shape[1] !== size / 2 || !sameShape(cos.shape, sin.shape)) fail('cos and sin are not [positions, D/2]');
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  CrossEntropy: (inputs, _attributes, fail) => {
    const [x, labels] = take(inputs, 2, fail);
    if (x.shape.length !== 2 || !sameShape(labels.shape, x.shape.slice(0, 1))) fail('takes [N, C] and [N]');
    if (labels.dtype !== 'int64') fail('labels are not int64');
    return [{ dtype: x.dtype, shape: labels.shape }];
  },
} satisfies { readonly [Op in OpName]: Rule<Op> } as { readonly [Op in OpName]: Rule<Op> };
