/** Builders: one function an op, plus the few compositions that many callers need. */
import { BugError } from '../spec/errors.ts';
import { elements, type DType, type Shape, type Tensor } from './graph.ts';
import type { OpAttributes, OpName } from './op-table.ts';

function one<Op extends OpName>(op: Op, inputs: readonly [Tensor, ...Tensor[]], attributes: OpAttributes[Op]): Tensor {
  const [output] = inputs[0].graph.apply(op, inputs, attributes);
  if (output === undefined) throw new BugError(`${op} made no output`);
  return output;
}

/** A tensor, or a number meaning a scalar of the other operand's graph. */
type Operand = Tensor | number;

function lift(a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a === 'number' && typeof b === 'number') throw new BugError('an op on two numbers has no graph');
  if (typeof a === 'number') return [(b as Tensor).graph.scalar(a), b as Tensor];
  return [a, typeof b === 'number' ? a.graph.scalar(b) : b];
}

export const neg = (x: Tensor): Tensor => one('Neg', [x], {});
export const exp = (x: Tensor): Tensor => one('Exp', [x], {});
export const log = (x: Tensor): Tensor => one('Log', [x], {});
export const sqrt = (x: Tensor): Tensor => one('Sqrt', [x], {});
export const reciprocal = (x: Tensor): Tensor => one('Reciprocal', [x], {});
export const erf = (x: Tensor): Tensor => one('Erf', [x], {});
export const tanh = (x: Tensor): Tensor => one('Tanh', [x], {});
export const sigmoid = (x: Tensor): Tensor => one('Sigmoid', [x], {});
export const relu = (x: Tensor): Tensor => one('Relu', [x], {});
export const gelu = (x: Tensor, approximate: 'none' | 'tanh' = 'none'): Tensor => one('Gelu', [x], { approximate });
export const silu = (x: Tensor): Tensor => one('Silu', [x], {});
/**
 * 1 / (1 + e^−x), right to the last digit where it is small too. ONNX Runtime's Sigmoid is right to 10⁻⁷ only, so that nothing is
 * left of it below −18. Not for gradients to go through: below −88 they would be 0 · ∞.
 */
export const fineSigmoid = (x: Tensor): Tensor => reciprocal(add(exp(neg(x)), 1));
export const stopGradient = (x: Tensor): Tensor => one('StopGradient', [x], {});
export const softmax = (x: Tensor): Tensor => one('Softmax', [x], {});

export const add = (a: Operand, b: Operand): Tensor => one('Add', lift(a, b), {});
export const sub = (a: Operand, b: Operand): Tensor => one('Sub', lift(a, b), {});
export const mul = (a: Operand, b: Operand): Tensor => one('Mul', lift(a, b), {});
export const div = (a: Operand, b: Operand): Tensor => one('Div', lift(a, b), {});
export const min = (a: Operand, b: Operand): Tensor => one('Min', lift(a, b), {});
export const less = (a: Operand, b: Operand): Tensor => one('Less', lift(a, b), {});
export const equal = (a: Tensor, b: Tensor): Tensor => one('Equal', [a, b], {});
export const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor => one('Where', [condition, a, b], {});
export const cast = (x: Tensor, to: DType): Tensor => (x.dtype === to ? x : one('Cast', [x], { to }));

function axesOf(x: Tensor, axes: readonly number[]): readonly number[] {
  return axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
}

/** Sums over `axes` (negative ones count from the end), keeping them as size 1 unless told otherwise. */
export function reduceSum(x: Tensor, axes: readonly number[], keep = true): Tensor {
  return axes.length === 0 ? x : one('ReduceSum', [x], { axes: axesOf(x, axes), keep });
}
export function reduceMean(x: Tensor, axes: readonly number[], keep = true): Tensor {
  return axes.length === 0 ? x : one('ReduceMean', [x], { axes: axesOf(x, axes), keep });
}
export function reduceSumSquare(x: Tensor, axes: readonly number[], keep = true): Tensor {
  return one('ReduceSumSquare', [x], { axes: axesOf(x, axes), keep });
}
export function reduceMax(x: Tensor, axes: readonly number[], keep = true): Tensor {
  return one('ReduceMax', [x], { axes: axesOf(x, axes), keep });
}
/** Sum over everything: a scalar. */
export function sumAll(x: Tensor): Tensor {
  return reduceSum(
    x,
    x.shape.map((_, axis) => axis),
    false,
  );
}

export function reshape(x: Tensor, shape: Shape): Tensor {
  return x.shape.join() === shape.join() ? x : one('Reshape', [x], { shape });
}
export const transpose = (x: Tensor, permutation: readonly number[]): Tensor => one('Transpose', [x], { permutation });
export function expand(x: Tensor, shape: Shape): Tensor {
  return x.shape.join() === shape.join() ? x : one('Expand', [x], { shape });
}
export function concat(inputs: readonly [Tensor, ...Tensor[]], axis: number): Tensor {
  return inputs.length === 1 ? inputs[0] : one('Concat', inputs, { axis });
}
export function slice(x: Tensor, axis: number, range: readonly [number, number]): Tensor {
  return one('Slice', [x], { axis, start: range[0], end: range[1] });
}

export function gather(table: Tensor, indices: Tensor, paddingIndex: number | null = null): Tensor {
  return one('Gather', [table, indices], { paddingIndex });
}
export const scatterRows = (updates: Tensor, indices: Tensor, rows: number): Tensor =>
  one('ScatterRows', [updates, indices], { rows });
export const gatherElements = (x: Tensor, indices: Tensor): Tensor => one('GatherElements', [x, indices], {});
export const scatterElements = (data: Tensor, indices: Tensor, updates: Tensor): Tensor =>
  one('ScatterElements', [data, indices, updates], {});

export interface GemmOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
  readonly c?: Tensor;
}
/** alpha·op(a)·op(b) + c, 2-D. */
export function gemm(a: Tensor, b: Tensor, options: GemmOptions = {}): Tensor {
  const { transA = false, transB = false, alpha = 1, c } = options;
  return one('Gemm', c ? [a, b, c] : [a, b], { transA, transB, alpha, beta: 1 });
}
/** alpha·op(a)·op(b) over equal leading axes. */
export function matMul(a: Tensor, b: Tensor, options: Omit<GemmOptions, 'c'> = {}): Tensor {
  const { transA = false, transB = false, alpha = 1 } = options;
  return one('MatMul', [a, b], { transA, transB, alpha });
}

/** y, mean and 1/deviation over the last axis. */
export function layerNormalization(
  x: Tensor,
  weights: { readonly scale: Tensor; readonly bias: Tensor },
  epsilon: number,
): Tensor {
  return one('LayerNormalization', [x, weights.scale, weights.bias], { epsilon });
}
export function rmsNormalization(x: Tensor, scale: Tensor, epsilon: number): Tensor {
  return one('RmsNormalization', [x, scale], { epsilon });
}
export interface Rotation {
  readonly positions: Tensor;
  readonly cos: Tensor;
  readonly sin: Tensor;
}
export function rotaryEmbedding(x: Tensor, { positions, cos, sin }: Rotation): Tensor {
  return one('RotaryEmbedding', [x, positions, cos, sin], {});
}
export const crossEntropy = (logits: Tensor, labels: Tensor): Tensor => one('CrossEntropy', [logits, labels], {});

export function zeros(like: Tensor, shape: Shape): Tensor {
  return expand(like.graph.scalar(0), shape);
}

/** The 2-D view [rows, last axis]. */
export function flattenRows(x: Tensor): Tensor {
  const size = x.shape.at(-1) ?? 1;
  return reshape(x, [elements(x.shape) / size, size]);
}
