/** The graph as data: tensors, nodes, and the list that a forward pass, its gradients and an optimizer append to. */
import { BugError } from '../spec/errors.ts';
import { opTable, type OpAttributes, type OpName } from './op-table.ts';

export type DType = 'float32' | 'float16' | 'bfloat16' | 'int32' | 'int64' | 'uint8' | 'bool';
export type Shape = readonly number[];
export type HostData = Float32Array | Int32Array | BigInt64Array | Uint16Array | Uint8Array;

/** Where a tensor without a producing node comes from. */
export type Leaf =
  /** Fed by the caller in each run. */
  | { readonly kind: 'input'; readonly name: string }
  /** A weight, by its name in the checkpoint or adapter. */
  | { readonly kind: 'parameter'; readonly name: string }
  /** Written into the graph. */
  | { readonly kind: 'constant'; readonly data: HostData };

export interface Tensor {
  readonly id: number;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly graph: Graph;
  readonly leaf: Leaf | null;
}

export interface Node<Op extends OpName = OpName> {
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attributes: OpAttributes[Op];
  readonly outputs: readonly Tensor[];
  /** The part of the model it was built in, for messages. */
  readonly layer: string;
}

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

export class Graph {
  readonly #nodes: Node[] = [];
  readonly #producers = new Map<number, Node>();
  readonly #leaves = new Map<string, Tensor>();
  readonly #scalars = new Map<string, Tensor>();
  #tensors = 0;
  #layer = '';

  /** Nodes in the order they were built, which is the order they run in. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** Inputs and parameters, in the order they were made. */
  get leaves(): readonly Tensor[] {
    return [...this.#leaves.values()];
  }

  producer(tensor: Tensor): Node | undefined {
    return this.#producers.get(tensor.id);
  }

  input(name: string, dtype: DType, shape: Shape): Tensor {
    return this.#named({ kind: 'input', name }, dtype, shape);
  }

  /** The same parameter asked for twice is one tensor: tied weights stay tied. */
  parameter(name: string, shape: Shape, dtype: DType = 'float32'): Tensor {
    return this.#named({ kind: 'parameter', name }, dtype, shape);
  }

  constant(data: HostData, dtype: DType, shape: Shape): Tensor {
    return this.#make(dtype, shape, { kind: 'constant', data });
  }

  /** A float32 scalar, made once a value. */
  scalar(value: number): Tensor {
    const key = String(value);
    const known = this.#scalars.get(key);
    if (known) return known;
    const made = this.constant(Float32Array.of(value), 'float32', []);
    this.#scalars.set(key, made);
    return made;
  }

  /** Builds with a name for the part of the model, shown when a check fails. */
  within<T>(layer: string, build: () => T): T {
    const outer = this.#layer;
    this.#layer = outer === '' ? layer : `${outer}.${layer}`;
    try {
      return build();
    } finally {
      this.#layer = outer;
    }
  }

  /** Appends a node; the op's rule gives the type of its outputs. */
  apply<Op extends OpName>(op: Op, inputs: readonly Tensor[], attributes: OpAttributes[Op]): readonly Tensor[] {
    for (const input of inputs) {
      if (input.graph !== this) throw new BugError(`${op}: an input belongs to another graph`);
    }
    const outputs = this.infer(op, inputs, attributes).map((type) => this.#make(type.dtype, type.shape, null));
    const node: Node<Op> = { op, inputs, attributes, outputs, layer: this.#layer };
    this.#nodes.push(node);
    for (const output of outputs) this.#producers.set(output.id, node);
    return outputs;
  }

  infer<Op extends OpName>(op: Op, inputs: readonly Tensor[], attributes: OpAttributes[Op]): readonly TensorType[] {
    const fail = (reason: string): never => {
      const shapes = inputs.map((input) => `${input.dtype}[${input.shape.join(',')}]`).join(' ');
      throw new BugError(`${op}(${shapes}) ${JSON.stringify(attributes)} in ${this.#layer || 'the graph'}: ${reason}`);
    };
    return opTable[op](inputs, attributes, fail);
  }

  #named(leaf: Extract<Leaf, { name: string }>, dtype: DType, shape: Shape): Tensor {
    const known = this.#leaves.get(leaf.name);
    if (!known) {
      const made = this.#make(dtype, shape, leaf);
      this.#leaves.set(leaf.name, made);
      return made;
    }
    if (known.dtype !== dtype || known.shape.join() !== shape.join() || known.leaf?.kind !== leaf.kind) {
      throw new BugError(
        `${leaf.kind} ${leaf.name} is asked for as ${dtype}[${shape.join(',')}] and stands as ${known.dtype}[${known.shape.join(',')}]`,
      );
    }
    return known;
  }

  #make(dtype: DType, shape: Shape, leaf: Leaf | null): Tensor {
    this.#tensors += 1;
    return { id: this.#tensors, dtype, shape, graph: this, leaf };
  }
}

export function elements(shape: Shape): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
