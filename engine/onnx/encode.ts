/** Graph → ONNX model bytes: each op lowered to nodes that have a kernel on the chosen device. */
import { check, reachable } from '../autodiff/check.ts';
import type { DType, Graph, HostData, Node, Shape, Tensor } from '../autodiff/graph.ts';
import type { OpName } from '../autodiff/op-table.ts';
import { BugError } from '../spec/errors.ts';
import {
  encodeModel,
  elementType,
  type AttributeValue,
  type ExternalData,
  type Initializer,
  type NodeProto,
  type ValueInfo,
} from './model-proto.ts';

export type Target = 'cpu' | 'webgpu' | 'cuda';

export interface EncodeOptions {
  readonly target: Target;
  /** Parameters that the session maps from files instead of being fed. */
  readonly mapped: ReadonlyMap<string, ExternalData>;
}

export interface Encoded {
  readonly bytes: Uint8Array;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: number;
}

/**
 * Encodes what `outputs` depend on. Nodes are written in the reverse of the order they shall run in:
 * onnxruntime walks a graph depth first from its leaves, highest index first.
 */
export function encode(graph: Graph, outputs: Readonly<Record<string, Tensor>>, options: EncodeOptions): Encoded {
  check(graph);
  const lowering = new Lowering(options.target, outputs);
  for (const node of reachable(graph, Object.values(outputs))) lowering.lower(node);
  const { inputs, initializers } = lowering.leaves(options.mapped);
  const outputInfos = Object.entries(outputs).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const bytes = encodeModel({ nodes: lowering.nodes.toReversed(), initializers, inputs, outputs: outputInfos });
  return { bytes, inputs, outputs: outputInfos, nodes: lowering.nodes.length };
}

type Attributes = Readonly<Record<string, AttributeValue>>;

/** How numbers are written that are known only when the model runs; null: as they stand in the graph. */
export interface RuntimeSizes {
  /** Name of an int64 list that holds an attribute's numbers. */
  readonly list: (node: Node, field: SizeField) => string | null;
  /** Name of what stands for a constant. */
  readonly constant: (tensor: Tensor) => string | null;
}

/** Attributes that may depend on the sizes of a batch. */
export type SizeField = 'shape' | 'start' | 'end';

/** Collects nodes and constants while ops are lowered. */
export class Lowering {
  readonly nodes: NodeProto[] = [];
  readonly target: Target;
  readonly #names = new Map<number, string>();
  readonly #used = new Map<string, Tensor>();
  readonly #constants = new Map<string, Initializer>();
  readonly #sizes: RuntimeSizes | null;
  #fresh = 0;

  constructor(target: Target, outputs: Readonly<Record<string, Tensor>>, sizes: RuntimeSizes | null = null) {
    this.target = target;
    this.#sizes = sizes;
    for (const [name, tensor] of Object.entries(outputs)) {
      if (this.#names.has(tensor.id) || tensor.leaf) throw new BugError(`output ${name} is a leaf or stands twice`);
      this.#names.set(tensor.id, name);
    }
  }

  name(tensor: Tensor): string {
    const known = this.#names.get(tensor.id);
    if (known !== undefined) return known;
    const { leaf } = tensor;
    const computed = leaf?.kind === 'constant' ? (this.#sizes?.constant(tensor) ?? null) : null;
    if (computed !== null) {
      this.#names.set(tensor.id, computed);
      return computed;
    }
    const made = leaf && leaf.kind !== 'constant' ? leaf.name : `t${String(tensor.id)}`;
    this.#names.set(tensor.id, made);
    if (leaf?.kind === 'constant')
      this.#constants.set(made, { name: made, dtype: tensor.dtype, shape: tensor.shape, data: leaf.data });
    else if (leaf) this.#used.set(made, tensor);
    return made;
  }

  temporary(): string {
    this.#fresh += 1;
    return `~${String(this.#fresh)}`;
  }

  constant(data: HostData, dtype: DType, shape: Shape): string {
    const key = `c:${dtype}:${shape.join(',')}:${data.join(',')}`;
    if (!this.#constants.has(key)) this.#constants.set(key, { name: key, dtype, shape, data });
    return key;
  }

  integers(values: readonly number[]): string {
    return this.constant(BigInt64Array.from(values.map(BigInt)), 'int64', [values.length]);
  }

  /** int64 [n]: 0 … n − 1, of an int64 [1]. */
  range(count: string): string {
    const [zero, one] = [0, 1].map((value) => this.constant(BigInt64Array.of(BigInt(value)), 'int64', []));
    return this.emit('Range', [zero ?? '', this.emit('Reshape', [count, this.integers([])]), one ?? '']);
  }

  /** A list of numbers that an attribute of the node holds. */
  list(node: Node, field: SizeField, values: readonly number[]): string {
    return this.#sizes?.list(node, field) ?? this.integers(values);
  }

  /** Appends one ONNX node; returns the name of its first output. */
  emit(
    opType: string,
    inputs: readonly string[],
    options: { to?: readonly string[]; attributes?: Attributes; domain?: string } = {},
  ): string {
    const outputs = options.to ?? [this.temporary()];
    this.nodes.push({ opType, domain: options.domain ?? '', inputs, outputs, attributes: options.attributes ?? {} });
    return outputs[0] ?? '';
  }

  lower<Op extends OpName>(node: Node<Op>): void {
    const rule: Rule<Op> = lowerings[node.op];
    rule(this, node, {
      inputs: node.inputs.map((input) => this.name(input)),
      to: node.outputs.map((output) => this.name(output)),
    });
  }

  leaves(mapped: ReadonlyMap<string, ExternalData>): { inputs: ValueInfo[]; initializers: Initializer[] } {
    const inputs: ValueInfo[] = [];
    const initializers = [...this.#constants.values()];
    for (const [name, { dtype, shape, leaf }] of this.#used) {
      const data = leaf?.kind === 'parameter' ? mapped.get(name) : undefined;
      if (data) initializers.push({ name, dtype, shape, data });
      else inputs.push({ name, dtype, shape });
    }
    return { inputs, initializers };
  }
}

interface Names {
  readonly inputs: readonly string[];
  readonly to: readonly string[];
}
type Rule<Op extends OpName> = (lowering: Lowering, node: Node<Op>, names: Names) => void;

/** The op under its own name and without attributes. */
function plain<Op extends OpName>(opType: Op, attributes: Attributes = {}): Rule<Op> {
  return (lowering, _node, { inputs, to }) => {
    lowering.emit(opType, inputs, { to, attributes });
  };
}

type Reduction = 'ReduceSum' | 'ReduceMean' | 'ReduceSumSquare' | 'ReduceMax';

function reduction<Op extends Reduction>(opType: Op): Rule<Op> {
  return (lowering, node, { inputs, to }) => {
    const { axes, keep } = node.attributes;
    lowering.emit(opType, [inputs[0] ?? '', lowering.integers(axes)], {
      to,
      attributes: { keepdims: { int: keep ? 1 : 0 } },
    });
  };
}

function swapLast(lowering: Lowering, name: string, rank: number): string {
  const permutation = Array.from({ length: rank }, (_, axis) =>
    axis < rank - 2 ? axis : axis === rank - 1 ? rank - 2 : rank - 1,
  );
  return lowering.emit('Transpose', [name], { attributes: { perm: { ints: permutation } } });
}

function int64(lowering: Lowering, tensor: Tensor | undefined, name: string): string {
  return tensor?.dtype === 'int64'
    ? name
    : lowering.emit('Cast', [name], { attributes: { to: { int: elementType.int64 } } });
}

const lowerings = {
  Neg: plain('Neg'),
  Exp: plain('Exp'),
  Log: plain('Log'),
  Sqrt: plain('Sqrt'),
  Reciprocal: plain('Reciprocal'),
  Erf: plain('Erf'),
  Tanh: plain('Tanh'),
  Sigmoid: plain('Sigmoid'),
  Relu: plain('Relu'),
  Gelu: (lowering, node, { inputs, to }) => {
    lowering.emit('Gelu', inputs, { to, attributes: { approximate: { string: node.attributes.approximate } } });
  },
  Silu: (lowering, _node, { inputs, to }) => {
    lowering.emit('QuickGelu', inputs, { to, attributes: { alpha: { float: 1 } }, domain: 'com.microsoft' });
  },
  StopGradient: (lowering, _node, { inputs, to }) => {
    lowering.emit('Identity', inputs, { to });
  },
  Add: plain('Add'),
  Sub: plain('Sub'),
  Mul: plain('Mul'),
  Div: plain('Div'),
  Min: plain('Min'),
  Less: plain('Less'),
  Equal: plain('Equal'),
  Where: plain('Where'),
  Cast: (lowering, node, { inputs, to }) => {
    lowering.emit('Cast', inputs, { to, attributes: { to: { int: elementType[node.attributes.to] } } });
  },
  ReduceSum: reduction('ReduceSum'),
  ReduceMean: reduction('ReduceMean'),
  ReduceSumSquare: reduction('ReduceSumSquare'),
  ReduceMax: reduction('ReduceMax'),
  Reshape: (lowering, node, { inputs, to }) => {
    lowering.emit('Reshape', [inputs[0] ?? '', lowering.list(node, 'shape', node.attributes.shape)], { to });
  },
  Transpose: (lowering, node, { inputs, to }) => {
    lowering.emit('Transpose', inputs, { to, attributes: { perm: { ints: node.attributes.permutation } } });
  },
  Expand: (lowering, node, { inputs, to }) => {
    lowering.emit('Expand', [inputs[0] ?? '', lowering.list(node, 'shape', node.attributes.shape)], { to });
  },
  Concat: (lowering, node, { inputs, to }) => {
    lowering.emit('Concat', inputs, { to, attributes: { axis: { int: node.attributes.axis } } });
  },
  Slice: (lowering, node, { inputs, to }) => {
    const { axis, start, end } = node.attributes;
    const [starts, ends] = [lowering.list(node, 'start', [start]), lowering.list(node, 'end', [end])];
    lowering.emit('Slice', [inputs[0] ?? '', starts, ends, lowering.integers([axis])], { to });
  },
  Gather: plain('Gather', { axis: { int: 0 } }),
  ScatterRows: (lowering, node, { inputs: [updates = '', indices = ''], to }) => {
    const [update, index] = node.inputs;
    const rank = index?.shape.length ?? 0;
    const count = index?.shape.reduce((total, dimension) => total * dimension, 1) ?? 0;
    const row = update?.shape.slice(rank) ?? [];
    const zero = lowering.constant(Float32Array.of(0), 'float32', []);
    const empty = lowering.emit('Expand', [zero, lowering.integers([node.attributes.rows, ...row])]);
    const flatIndices = lowering.emit('Reshape', [int64(lowering, index, indices), lowering.integers([count, 1])]);
    const flatUpdates = lowering.emit('Reshape', [updates, lowering.integers([count, ...row])]);
    lowering.emit('ScatterND', [empty, flatIndices, flatUpdates], { to, attributes: { reduction: { string: 'add' } } });
  },
  GatherElements: plain('GatherElements', { axis: { int: -1 } }),
  ScatterElements: plain('ScatterElements', { axis: { int: -1 }, reduction: { string: 'add' } }),
  Gemm: (lowering, node, { inputs, to }) => {
    const { transA, transB, alpha, beta } = node.attributes;
    const attributes = {
      transA: { int: transA ? 1 : 0 },
      transB: { int: transB ? 1 : 0 },
      alpha: { float: alpha },
      beta: { float: beta },
    };
    lowering.emit('Gemm', inputs, { to, attributes });
  },
  // The CPU has a product with transposes inside; elsewhere the transpose is a node of its own.
  MatMul: (lowering, node, { inputs: [a = '', b = ''], to }) => {
    const { transA, transB, alpha } = node.attributes;
    const rank = node.outputs[0]?.shape.length ?? 2;
    if (lowering.target === 'cpu') {
      const attributes = { transA: { int: transA ? 1 : 0 }, transB: { int: transB ? 1 : 0 }, alpha: { float: alpha } };
      lowering.emit('FusedMatMul', [a, b], { to, attributes, domain: 'com.microsoft' });
      return;
    }
    const left = transA ? swapLast(lowering, a, rank) : a;
    const right = transB ? swapLast(lowering, b, rank) : b;
    if (alpha === 1) {
      lowering.emit('MatMul', [left, right], { to });
      return;
    }
    const product = lowering.emit('MatMul', [left, right]);
    lowering.emit('Mul', [product, lowering.constant(Float32Array.of(alpha), 'float32', [])], { to });
  },
  Softmax: plain('Softmax', { axis: { int: -1 } }),
  LayerNormalization: (lowering, node, { inputs, to }) => {
    lowering.emit('LayerNormalization', inputs, {
      to,
      attributes: { axis: { int: -1 }, epsilon: { float: node.attributes.epsilon } },
    });
  },
  RmsNormalization: (lowering, node, { inputs, to }) => {
    const attributes = { axis: { int: -1 }, epsilon: { float: node.attributes.epsilon }, stash_type: { int: 1 } };
    lowering.emit('SimplifiedLayerNormalization', inputs, { to, attributes });
  },
  RotaryEmbedding: (lowering, _node, { inputs, to }) => {
    lowering.emit('RotaryEmbedding', inputs, { to, attributes: { interleaved: { int: 0 } }, domain: 'com.microsoft' });
  },
  CrossEntropy: (lowering, node, { inputs: [logits = '', labels = ''], to }) => {
    const rows = node.inputs[1]?.shape[0] ?? 0;
    const whole = lowering.emit('ReduceLogSumExp', [logits, lowering.integers([-1])], {
      attributes: { keepdims: { int: 1 } },
    });
    const column = lowering.emit('Reshape', [labels, lowering.integers([rows, 1])]);
    const chosen = lowering.emit('GatherElements', [logits, column], { attributes: { axis: { int: -1 } } });
    const loss = lowering.emit('Sub', [whole, chosen]);
    lowering.emit('Reshape', [loss, lowering.integers([rows])], { to });
  },
} satisfies { readonly [Op in OpName]: Rule<Op> } as { readonly [Op in OpName]: Rule<Op> };
