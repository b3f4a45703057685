/** The scope a forward pass is written in: weights by name, linear layers and dropout that a method may change. */
import type { Graph, Shape, Tensor } from '../autodiff/graph.ts';
import { gather, gemm, mul } from '../autodiff/ops.ts';
import { BugError } from '../spec/errors.ts';

export interface Scope {
  readonly graph: Graph;
  /** A weight by its name in the task model. */
  weight(name: string): Tensor;
  has(name: string): boolean;
  /** x Wᵀ + b of the module `name`: [rows, in] → [rows, out]. */
  linear(x: Tensor, name: string): Tensor;
  /** Rows of the module's table: int64 [...] → [..., size]. */
  embedding(ids: Tensor, name: string, paddingIndex: number | null): Tensor;
  /** Switches off a share of x at random while training; the trainer feeds the mask named `dropout:<key>`. */
  dropout(x: Tensor, rate: number, key: string): Tensor;
}

/** A dropout mask the graph must be fed: 0 with probability `rate`, else 1 / (1 − rate). */
export interface Mask {
  readonly name: string;
  readonly shape: Shape;
  readonly rate: number;
}

export interface BaseScope extends Scope {
  readonly masks: readonly Mask[];
}

/** The scope of the model as it came. */
export function createScope(graph: Graph, shapes: ReadonlyMap<string, Shape>, training: boolean): BaseScope {
  const masks: Mask[] = [];
  const weight = (name: string): Tensor => {
    const shape = shapes.get(name);
    if (!shape) throw new BugError(`the forward pass asks for ${name}, which the architecture does not list`);
    return graph.parameter(name, shape);
  };
  return {
    graph,
    masks,
    weight,
    has: (name) => shapes.has(name),
    linear: (x, name) => {
      const bias = `${name}.bias`;
      return gemm(x, weight(`${name}.weight`), { transB: true, ...(shapes.has(bias) ? { c: weight(bias) } : {}) });
    },
    embedding: (ids, name, paddingIndex) => gather(weight(`${name}.weight`), ids, paddingIndex),
    dropout: (x, rate, key) => {
      if (!training || rate === 0) return x;
      const name = `dropout:${key}`;
      masks.push({ name, shape: x.shape, rate });
      return mul(x, graph.input(name, 'float32', x.shape));
    },
  };
}
