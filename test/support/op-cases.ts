/** The ops of the graph, each on a few shapes: what every device must compute. */
import type { Tensor } from '../../engine/autodiff/graph.ts';
import * as ops from '../../engine/autodiff/ops.ts';
import type { OpName } from '../../engine/autodiff/op-table.ts';
import type { Operand } from './check-op.ts';

export interface OpCase {
  readonly operands: readonly Operand[];
  readonly build: (inputs: Tensor[]) => Tensor;
  readonly values?: readonly number[];
}

const vector: Operand = { shape: [5], from: -1.5, to: 1.5 };
const positive: Operand = { shape: [5], from: 0.5, to: 2 };
const unary = (build: (x: Tensor) => Tensor, operand = vector): OpCase[] => [
  { operands: [operand], build: ([x]) => build(x as Tensor) },
  { operands: [{ ...operand, shape: [] }], build: ([x]) => build(x as Tensor) },
];
const binary = (
  build: (a: Tensor, b: Tensor) => Tensor,
  operand: Operand = { shape: [], from: 0.5, to: 2 },
): OpCase[] =>
  [
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [3]],
    [
      [2, 1],
      [1, 3],
    ],
    [[2, 3], []],
    [[], [4]],
  ].map((shapes) => ({
    operands: shapes.map((shape) => ({ ...operand, shape })),
    build: ([a, b]) => build(a as Tensor, b as Tensor),
  }));
const first =
  (build: (x: Tensor, rest: Tensor[]) => Tensor) =>
  ([x, ...rest]: Tensor[]): Tensor =>
    build(x as Tensor, rest);
const matrix: Operand = { shape: [3, 4] };
const ids = (data: readonly number[], shape = [data.length]): Operand => ({ shape, dtype: 'int64', data });

const products = [false, true].flatMap((transA) => [false, true].map((transB) => ({ transA, transB })));

/** Cases of every op: operands, and what is built on them. */
export const opCases: { readonly [Op in OpName]: readonly OpCase[] } = {
  Neg: unary(ops.neg),
  Exp: unary(ops.exp),
  Log: unary(ops.log, positive),
  Sqrt: unary(ops.sqrt, positive),
  Reciprocal: unary(ops.reciprocal, positive),
  Erf: unary(ops.erf),
  Tanh: unary(ops.tanh),
  Sigmoid: unary(ops.sigmoid),
  Relu: [{ operands: [{ shape: [4], data: [-2, -0.5, 0.5, 2] }], build: first(ops.relu), values: [0, 0, 0.5, 2] }],
  Gelu: [...unary((x) => ops.gelu(x)), ...unary((x) => ops.gelu(x, 'tanh'))],
  Silu: unary(ops.silu),
  StopGradient: [
    {
      operands: [{ shape: [3] }, { shape: [3], data: [2, -1, 3], fixed: true }],
      // The product's other side: it would be 2·x·y² without the cut.
      build: ([x, y]) => ops.mul(ops.mul(x as Tensor, y as Tensor), ops.stopGradient(y as Tensor)),
    },
  ],
  Add: binary(ops.add),
  Sub: binary(ops.sub),
  Mul: binary(ops.mul),
  Div: binary(ops.div),
  Min: [
    {
      operands: [
        { shape: [3], data: [1, 2, 3] },
        { shape: [3], data: [2, 1, 4] },
      ],
      build: ([a, b]) => ops.min(a as Tensor, b as Tensor),
      values: [1, 1, 3],
    },
  ],
  Less: [
    {
      operands: [
        { shape: [3], data: [1, 2, 3] },
        { shape: [3], data: [2, 1, 4] },
      ],
      build: ([a, b]) =>
        ops.add(ops.cast(ops.less(a as Tensor, b as Tensor), 'float32'), ops.mul(ops.add(a as Tensor, b as Tensor), 0)),
      values: [1, 0, 1],
    },
  ],
  Equal: [
    {
      operands: [{ shape: [3] }, ids([1, 2, 3]), ids([1, 5, 3])],
      build: ([x, a, b]) =>
        ops.mul(
          x as Tensor,
          ops.cast(ops.equal(ops.cast(a as Tensor, 'int32'), ops.cast(b as Tensor, 'int32')), 'float32'),
        ),
    },
  ],
  Where: [
    {
      operands: [{ shape: [2, 3] }, { shape: [3] }, { shape: [2, 1], dtype: 'bool', data: [1, 0] }],
      build: ([a, b, c]) => ops.where(c as Tensor, a as Tensor, b as Tensor),
    },
  ],
  Cast: [
    {
      operands: [{ shape: [3], data: [0.5, 1, -2] }],
      build: first((x) => ops.mul(ops.cast(ops.cast(x, 'float16'), 'float32'), 1)),
      values: [0.5, 1, -2],
    },
  ],
  ReduceSum: [[0], [1], [0, 1], [-1]].flatMap((axes) =>
    [true, false].map((keep) => ({ operands: [matrix], build: first((x) => ops.reduceSum(x, axes, keep)) })),
  ),
  ReduceMean: [[0], [1], [0, 1]].flatMap((axes) =>
    [true, false].map((keep) => ({ operands: [matrix], build: first((x) => ops.reduceMean(x, axes, keep)) })),
  ),
  ReduceSumSquare: [[0], [0, 1]].flatMap((axes) =>
    [true, false].map((keep) => ({ operands: [matrix], build: first((x) => ops.reduceSumSquare(x, axes, keep)) })),
  ),
  ReduceMax: [[0], [1], [0, 1]].flatMap((axes) =>
    [true, false].map((keep) => ({ operands: [matrix], build: first((x) => ops.reduceMax(x, axes, keep)) })),
  ),
  Reshape: [{ operands: [matrix], build: first((x) => ops.reshape(x, [2, 6])) }],
  Transpose: [{ operands: [{ shape: [2, 3, 2] }], build: first((x) => ops.transpose(x, [2, 0, 1])) }],
  Expand: [
    { operands: [{ shape: [2, 1] }], build: first((x) => ops.expand(x, [3, 2, 4])) },
    { operands: [{ shape: [] }], build: first((x) => ops.expand(x, [3])) },
  ],
  Concat: [{ operands: [matrix, { shape: [3, 2] }], build: ([a, b]) => ops.concat([a as Tensor, b as Tensor], 1) }],
  Slice: [
    { operands: [matrix], build: first((x) => ops.slice(x, 1, [1, 3])) },
    { operands: [matrix], build: first((x) => ops.slice(x, 0, [0, 2])) },
  ],
  Gather: [{ operands: [matrix, ids([2, 0, 2, 1], [2, 2])], build: first((x, [i]) => ops.gather(x, i as Tensor)) }],
  ScatterRows: [
    {
      operands: [{ shape: [2, 2, 3] }, ids([1, 4, 1, 0], [2, 2])],
      build: first((x, [i]) => ops.scatterRows(x, i as Tensor, 5)),
    },
  ],
  GatherElements: [
    {
      operands: [matrix, ids([1, 1, 0, 3, 2, 2], [3, 2])],
      build: first((x, [i]) => ops.gatherElements(x, i as Tensor)),
    },
  ],
  ScatterElements: [
    {
      operands: [matrix, { shape: [3, 2] }, ids([1, 1, 0, 3, 2, 2], [3, 2])],
      build: ([x, u, i]) => ops.scatterElements(x as Tensor, i as Tensor, u as Tensor),
    },
  ],
  Gemm: products.flatMap(({ transA, transB }) =>
    [null, [4], [3, 4], [3, 1], []].map((c) => ({
      operands: [
        { shape: transA ? [2, 3] : [3, 2] },
        { shape: transB ? [4, 2] : [2, 4] },
        ...(c ? [{ shape: c }] : []),
      ],
      build: ([a, b, bias]: Tensor[]) =>
        ops.gemm(a as Tensor, b as Tensor, { transA, transB, alpha: 0.7, ...(bias ? { c: bias } : {}) }),
    })),
  ),
  MatMul: products.map(({ transA, transB }) => ({
    operands: [{ shape: [2, 2, ...(transA ? [2, 3] : [3, 2])] }, { shape: [2, 2, ...(transB ? [4, 2] : [2, 4])] }],
    build: ([a, b]) => ops.matMul(a as Tensor, b as Tensor, { transA, transB, alpha: 0.5 }),
  })),
  Softmax: [{ operands: [matrix], build: first(ops.softmax) }],
  LayerNormalization: [
    {
      operands: [{ shape: [2, 3, 4] }, { shape: [4] }, { shape: [4] }],
      build: ([x, scale, bias]) =>
        ops.layerNormalization(x as Tensor, { scale: scale as Tensor, bias: bias as Tensor }, 1e-2),
    },
  ],
  RmsNormalization: [
    {
      operands: [{ shape: [2, 3, 4] }, { shape: [4] }],
      build: ([x, scale]) => ops.rmsNormalization(x as Tensor, scale as Tensor, 1e-2),
    },
  ],
  RotaryEmbedding: [
    {
      operands: [
        { shape: [1, 2, 3, 4] },
        ids([2, 0, 1], [1, 3]),
        { shape: [3, 2], data: [0, 1, 2].flatMap((p) => [Math.cos(p), Math.cos(p / 10)]), fixed: true },
        { shape: [3, 2], data: [0, 1, 2].flatMap((p) => [Math.sin(p), Math.sin(p / 10)]), fixed: true },
      ],
      build: ([x, positions, cos, sin]) =>
        ops.rotaryEmbedding(x as Tensor, { positions: positions as Tensor, cos: cos as Tensor, sin: sin as Tensor }),
    },
  ],
  CrossEntropy: [
    { operands: [matrix, ids([3, 0, 2])], build: first((x, [labels]) => ops.crossEntropy(x, labels as Tensor)) },
  ],
};
