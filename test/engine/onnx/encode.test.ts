/** ONNX bytes: read back by another reader, they say what the graph said, in the order that keeps memory low. */
import { describe, expect, test } from 'vitest';
import { Graph } from '../../../engine/autodiff/graph.ts';
import * as ops from '../../../engine/autodiff/ops.ts';
import { encode, type EncodeOptions } from '../../../engine/onnx/encode.ts';
import { BugError } from '../../../engine/spec/errors.ts';
import { readOnnx } from '../../support/read-onnx.ts';

const onCpu: EncodeOptions = { target: 'cpu', mapped: new Map() };
const [float32, int64] = [1, 7];

/** y = relu(x·Wᵀ + b) − 0.5, sum = Σ y over axis 0. */
function small() {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2, 3]);
  const weight = graph.parameter('dense.weight', [4, 3]);
  const bias = graph.parameter('dense.bias', [4]);
  const y = ops.sub(ops.relu(ops.gemm(x, weight, { transB: true, c: bias })), 0.5);
  return { graph, outputs: { y, sum: ops.reduceSum(y, [0], false) } };
}

describe('a graph as bytes', () => {
  test('every field comes back', () => {
    const { graph, outputs } = small();
    const mapped = new Map([['dense.weight', { location: 'models/a.safetensors', offset: 5_000_000_001, length: 48 }]]);
    const encoded = encode(graph, outputs, { target: 'cpu', mapped });
    const { initializers, ...model } = readOnnx(encoded.bytes);
    const [gemm, relu] = ['t4', 't5'];
    expect(model).toEqual({
      irVersion: 10,
      opsets: { '': 21, 'com.microsoft': 1 },
      // Reversed: onnxruntime walks depth first from the leaves, highest index first.
      nodes: [
        { op: 'ReduceSum', domain: '', inputs: ['y', 'c:int64:1:0'], outputs: ['sum'], attributes: { keepdims: 0 } },
        { op: 'Sub', domain: '', inputs: [relu, 't6'], outputs: ['y'], attributes: {} },
        { op: 'Relu', domain: '', inputs: [gemm], outputs: [relu], attributes: {} },
        {
          op: 'Gemm',
          domain: '',
          inputs: ['x', 'dense.weight', 'dense.bias'],
          outputs: [gemm],
          attributes: { transA: 0, transB: 1, alpha: 1, beta: 1 },
        },
      ],
      inputs: [
        { name: 'x', type: float32, shape: [2, 3] },
        { name: 'dense.bias', type: float32, shape: [4] },
      ],
      outputs: [
        { name: 'y', type: float32, shape: [2, 4] },
        { name: 'sum', type: float32, shape: [4] },
      ],
    });
    const nothing = new Uint8Array();
    expect(Object.fromEntries(initializers.map(({ name, ...tensor }) => [name, tensor]))).toEqual({
      'dense.weight': {
        type: float32,
        shape: [4, 3],
        raw: nothing,
        external: { location: 'models/a.safetensors', offset: '5000000001', length: '48' },
      },
      t6: { type: float32, shape: [], raw: new Uint8Array(Float32Array.of(0.5).buffer), external: null },
      'c:int64:1:0': { type: int64, shape: [1], raw: new Uint8Array(8), external: null },
    });
    expect({ inputs: encoded.inputs.map(({ name }) => name), nodes: encoded.nodes }).toEqual({
      inputs: ['x', 'dense.bias'],
      nodes: 4,
    });
  });

  test('what the outputs do not need is not written', () => {
    const { graph, outputs } = small();
    const { nodes } = readOnnx(encode(graph, { y: outputs.y }, onCpu).bytes);
    expect(nodes.map(({ op }) => op)).toEqual(['Sub', 'Relu', 'Gemm']);
  });

  test('negative numbers, lists and strings survive as attributes', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2, 3]);
    const turned = ops.transpose(ops.softmax(ops.gelu(x, 'tanh')), [1, 0]);
    const { nodes } = readOnnx(encode(graph, { turned }, onCpu).bytes);
    expect(nodes.map(({ op, attributes }) => [op, attributes])).toEqual([
      ['Transpose', { perm: [1, 0] }],
      ['Softmax', { axis: -1 }],
      ['Gelu', { approximate: 'tanh' }],
    ]);
  });
});

describe('lowering follows the target', () => {
  const product = (target: EncodeOptions['target']) => {
    const graph = new Graph();
    const a = graph.input('a', 'float32', [2, 3, 4]);
    const b = graph.input('b', 'float32', [2, 5, 4]);
    const c = ops.matMul(a, b, { transB: true, alpha: 0.5 });
    return readOnnx(encode(graph, { c }, { target, mapped: new Map() }).bytes).nodes.map(({ op, domain }) => [
      op,
      domain,
    ]);
  };
  test.each([
    ['cpu', [['FusedMatMul', 'com.microsoft']]],
    [
      'webgpu',
      [
        ['Mul', ''],
        ['MatMul', ''],
        ['Transpose', ''],
      ],
    ],
  ] as const)('a batched product with a transpose on %s', (target, nodes) => {
    expect(product(target)).toEqual(nodes);
  });
});

describe('faults of ours are named, not encoded', () => {
  const { graph, outputs } = small();
  const leaf = graph.parameter('dense.bias', [4]);
  test.each([
    ['a leaf as an output', { bias: leaf }],
    ['one tensor under two names', { y: outputs.y, again: outputs.y }],
  ])('%s', (_what, wanted) => {
    expect(() => encode(graph, wanted, onCpu)).toThrow(BugError);
  });
});
