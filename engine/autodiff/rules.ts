/** Gradient rules: for each op, the gradient of every input given the gradient of its first output. */
import { elements, type Node, type Tensor } from './graph.ts';
import type { OpName } from './op-table.ts';
import {
  add,
  cast,
  concat,
  div,
  equal,
  exp,
  expand,
  fineSigmoid,
  gather,
  gatherElements,
  gemm,
  less,
  matMul,
  mul,
  neg,
  reciprocal,
  reduceMean,
  reduceSum,
  reduceSumSquare,
  reshape,
  rotaryEmbedding,
  scatterElements,
  scatterRows,
  slice,
  softmax,
  sqrt,
  sub,
  transpose,
  where,
  zeros,
  erf,
} from './ops.ts';
import { repeatedAxes, sameShape } from './shapes.ts';

/** One gradient (or null: none) for each input of the node. */
export type GradientRule<Op extends OpName> = (
  grad: Tensor,
  node: Node<Op>,
  needed: readonly boolean[],
) => readonly (Tensor | null)[];

/** Sums a gradient back to the shape of an operand that was broadcast. */
function unbroadcast(grad: Tensor, operand: Tensor): Tensor {
  if (sameShape(grad.shape, operand.shape)) return grad;
  return reshape(reduceSum(grad, repeatedAxes(grad.shape, operand.shape)), operand.shape);
}

function inputs(node: Node): readonly [Tensor, Tensor, Tensor, Tensor] {
  const [a, b = a, c = a, d = a] = node.inputs;
  return [a, b, c, d] as readonly [Tensor, Tensor, Tensor, Tensor];
}

function output(node: Node): Tensor {
  return node.outputs[0] as Tensor;
}

function inverse(permutation: readonly number[]): readonly number[] {
  return permutation.map((_, axis) => permutation.indexOf(axis));
}

/** The gradient of a reduction, with the reduced axes standing as 1. */
function kept(grad: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  return reshape(
    grad,
    x.shape.map((dimension, axis) => (axes.includes(axis) ? 1 : dimension)),
  );
}

/** op(a)·op(b): what multiplies the gradient for each side, as (left, right) products. */
function productGradients(
  grad: Tensor,
  sides: { a: Tensor; b: Tensor; transA: boolean; transB: boolean },
  multiply: (left: Tensor, right: Tensor, trans: { transA: boolean; transB: boolean }) => Tensor,
): { a: () => Tensor; b: () => Tensor } {
  const { a, b, transA, transB } = sides;
  return {
    a: () =>
      transA
        ? multiply(b, grad, { transA: transB, transB: true })
        : multiply(grad, b, { transA: false, transB: !transB }),
    b: () =>
      transB
        ? multiply(grad, a, { transA: true, transB: transA })
        : multiply(a, grad, { transA: !transA, transB: false }),
  };
}

export const rules = {
  Neg: (grad) => [neg(grad)],
  Exp: (grad, node) => [mul(grad, output(node))],
  Log: (grad, node) => [div(grad, inputs(node)[0])],
  Sqrt: (grad, node) => [div(mul(grad, 0.5), output(node))],
  Reciprocal: (grad, node) => [neg(mul(grad, mul(output(node), output(node))))],
  Erf: (grad, node) => {
    const [x] = inputs(node);
    return [mul(grad, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))];
  },
  Tanh: (grad, node) => [mul(grad, sub(1, mul(output(node), output(node))))],
  // Adam divides a gradient by its own size: its digits decide where a unit that hardly answers goes, hence the fine sigmoid.
  Sigmoid: (grad, node) => {
    const gate = fineSigmoid(inputs(node)[0]);
    return [mul(grad, mul(gate, sub(1, gate)))];
  },
  Relu: (grad, node) => [where(less(0, inputs(node)[0]), grad, zeros(grad, []))],
  Gelu: (grad, node) => {
    const [x] = inputs(node);
    return [node.attributes.approximate === 'none' ? geluGradient(grad, x) : geluTanhGradient(grad, x)];
  },
  // y = x·σ: y' = σ·(1 + x·(1 − σ))
  Silu: (grad, node) => {
    const [x] = inputs(node);
    const gate = fineSigmoid(x);
    return [mul(grad, mul(gate, add(mul(x, sub(1, gate)), 1)))];
  },
  StopGradient: () => [null],
  Add: (grad, node) => {
    const [a, b] = inputs(node);
    return [unbroadcast(grad, a), unbroadcast(grad, b)];
  },
  Sub: (grad, node) => {
    const [a, b] = inputs(node);
    return [unbroadcast(grad, a), unbroadcast(neg(grad), b)];
  },
  Mul: (grad, node, needed) => {
    const [a, b] = inputs(node);
    return [needed[0] ? unbroadcast(mul(grad, b), a) : null, needed[1] ? unbroadcast(mul(grad, a), b) : null];
  },
  Div: (grad, node, needed) => {
    const [a, b] = inputs(node);
    const left = needed[0] ? unbroadcast(div(grad, b), a) : null;
    return [left, needed[1] ? unbroadcast(neg(div(mul(grad, output(node)), b)), b) : null];
  },
  Min: (grad, node) => {
    const [a, b] = inputs(node);
    const zero = zeros(grad, []);
    return [unbroadcast(where(less(a, b), grad, zero), a), unbroadcast(where(less(a, b), zero, grad), b)];
  },
  Less: () => [null, null],
  Equal: () => [null, null],
  Where: (grad, node) => {
    const [condition, a, b] = inputs(node);
    const zero = zeros(grad, []);
    return [null, unbroadcast(where(condition, grad, zero), a), unbroadcast(where(condition, zero, grad), b)];
  },
  Cast: (grad, node) => {
    const [x] = inputs(node);
    const differentiable = x.dtype === 'float32' || x.dtype === 'float16' || x.dtype === 'bfloat16';
    return [differentiable ? cast(grad, x.dtype) : null];
  },
  ReduceSum: (grad, node) => {
    const [x] = inputs(node);
    return [expand(kept(grad, x, node.attributes.axes), x.shape)];
  },
  ReduceMean: (grad, node) => {
    const [x] = inputs(node);
    const scaled = mul(kept(grad, x, node.attributes.axes), elements(grad.shape) / elements(x.shape));
    return [expand(scaled, x.shape)];
  },
  ReduceSumSquare: (grad, node) => {
    const [x] = inputs(node);
    return [mul(mul(x, 2), kept(grad, x, node.attributes.axes))];
  },
  // Elements that tie for the greatest share the gradient, as torch.amax.
  ReduceMax: (grad, node) => {
    const [x] = inputs(node);
    const { axes } = node.attributes;
    const greatest = cast(equal(x, expand(kept(output(node), x, axes), x.shape)), x.dtype);
    return [mul(div(greatest, reduceSum(greatest, axes)), kept(grad, x, axes))];
  },
  Reshape: (grad, node) => [reshape(grad, inputs(node)[0].shape)],
  Transpose: (grad, node) => [transpose(grad, inverse(node.attributes.permutation))],
  Expand: (grad, node) => [unbroadcast(grad, inputs(node)[0])],
  Concat: (grad, node) => {
    let start = 0;
    return node.inputs.map((input) => {
      const end = start + (input.shape[node.attributes.axis] ?? 0);
      const part = slice(grad, node.attributes.axis, [start, end]);
      start = end;
      return part;
    });
  },
  Slice: (grad, node) => {
    const { axis, start, end } = node.attributes;
    const [x] = inputs(node);
    const size = x.shape[axis] ?? 0;
    const parts = [
      ...(start > 0 ? [zeros(grad, x.shape.with(axis, start))] : []),
      grad,
      ...(end < size ? [zeros(grad, x.shape.with(axis, size - end))] : []),
    ] as unknown as [Tensor, ...Tensor[]];
    return [concat(parts, axis)];
  },
  Gather: (grad, node) => {
    const [table, indices] = inputs(node);
    const { paddingIndex } = node.attributes;
    const rows = table.shape[0] ?? 0;
    if (paddingIndex === null) return [scatterRows(grad, indices, rows), null];
    const padding = indices.graph.constant(Int32Array.of(paddingIndex), 'int32', []);
    const lead = [...indices.shape, ...table.shape.slice(1).map(() => 1)];
    const isPadding = reshape(equal(cast(indices, 'int32'), padding), lead);
    return [scatterRows(where(isPadding, zeros(grad, []), grad), indices, rows), null];
  },
  ScatterRows: (grad, node) => [gather(grad, inputs(node)[1]), null],
  GatherElements: (grad, node) => {
    const [x, indices] = inputs(node);
    return [scatterElements(zeros(grad, x.shape), indices, grad), null];
  },
  ScatterElements: (grad, node) => [grad, null, gatherElements(grad, inputs(node)[1])],
  Gemm: (grad, node, needed) => {
    const [a, b, c] = inputs(node);
    const { transA, transB, alpha, beta } = node.attributes;
    const gradients = productGradients(grad, { a, b, transA, transB }, (left, right, trans) =>
      gemm(left, right, { ...trans, alpha }),
    );
    return [
      needed[0] ? gradients.a() : null,
      needed[1] ? gradients.b() : null,
      ...(node.inputs.length === 3 ? [needed[2] ? unbroadcast(beta === 1 ? grad : mul(grad, beta), c) : null] : []),
    ];
  },
  MatMul: (grad, node, needed) => {
    const [a, b] = inputs(node);
    const { transA, transB, alpha } = node.attributes;
    const gradients = productGradients(grad, { a, b, transA, transB }, (left, right, trans) =>
      matMul(left, right, { ...trans, alpha }),
    );
    return [needed[0] ? gradients.a() : null, needed[1] ? gradients.b() : null];
  },
  Softmax: (grad, node) => {
    const y = output(node);
    return [mul(y, sub(grad, reduceSum(mul(grad, y), [-1])))];
  },
  // x̂ = (x − mean)·inv; dx = inv·(g − mean(g) − x̂·mean(g·x̂)) with g = grad·scale
  LayerNormalization: (grad, node, needed) => {
    const [x, scale] = inputs(node);
    const [, mean, inv] = node.outputs as readonly [Tensor, Tensor, Tensor];
    const normal = mul(sub(x, mean), inv);
    const scaled = mul(grad, scale);
    const along = reduceMean(mul(scaled, normal), [-1]);
    return [
      needed[0] ? mul(inv, sub(sub(scaled, reduceMean(scaled, [-1])), mul(normal, along))) : null,
      needed[1] ? unbroadcast(mul(grad, normal), scale) : null,
      needed[2] ? unbroadcast(grad, scale) : null,
    ];
  },
  // inv = (mean(x²) + ε)^−½; dx = inv·g − x·inv³·mean(g·x) with g = grad·scale
  RmsNormalization: (grad, node, needed) => {
    const [x, scale] = inputs(node);
    const size = x.shape.at(-1) ?? 1;
    const inv = reciprocal(sqrt(add(mul(reduceSumSquare(x, [-1]), 1 / size), node.attributes.epsilon)));
    const scaled = mul(grad, scale);
    const along = mul(mul(reduceMean(mul(scaled, x), [-1]), inv), mul(inv, inv));
    return [
      needed[0] ? sub(mul(scaled, inv), mul(x, along)) : null,
      needed[1] ? unbroadcast(mul(grad, mul(x, inv)), scale) : null,
    ];
  },
  // A rotation's gradient is the rotation back.
  RotaryEmbedding: (grad, node) => {
    const [, positions, cos, sin] = inputs(node);
    return [rotaryEmbedding(grad, { positions, cos, sin: neg(sin) }), null, null, null];
  },
  // d/dx (logsumexp(x) − x[label]) = softmax(x) − onehot(label)
  CrossEntropy: (grad, node) => {
    const [x, labels] = inputs(node);
    const rows = x.shape[0] ?? 0;
    const minusOne = expand(x.graph.scalar(-1), [rows, 1]);
    const difference = scatterElements(softmax(x), reshape(labels, [rows, 1]), minusOne);
    return [mul(difference, reshape(grad, [rows, 1])), null];
  },
} satisfies { readonly [Op in OpName]: GradientRule<Op> } as { readonly [Op in OpName]: GradientRule<Op> };

/** grad·(Φ(x) + x·φ(x)), Φ and φ the normal distribution's function and density. */
function geluGradient(grad: Tensor, x: Tensor): Tensor {
  const scaled = mul(x, Math.SQRT1_2);
  const density = exp(neg(mul(scaled, scaled)));
  const twice = add(add(erf(scaled), mul(mul(x, density), Math.sqrt(2 / Math.PI))), 1);
  return mul(mul(grad, 0.5), twice);
}

/** With u = √(2/π)·(x + 0.044715·x³), y = x·σ(2u): grad·σ·(1 + 2·x·(1 − σ)·u'). */
function geluTanhGradient(grad: Tensor, x: Tensor): Tensor {
  const square = mul(x, x);
  const k = 2 * Math.sqrt(2 / Math.PI);
  const gate = fineSigmoid(mul(mul(x, add(mul(square, 0.044715), 1)), k));
  const slope = mul(add(mul(square, 3 * 0.044715), 1), k);
  return mul(mul(grad, gate), add(mul(mul(x, slope), sub(1, gate)), 1));
}
