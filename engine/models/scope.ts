/** The scope a forward pass is written in: weights by name, and the places that a method may change. */
import type { Graph, Shape, Tensor } from '../autodiff/graph.ts';
import { add, gather, gemm, mul } from '../autodiff/ops.ts';
import { BugError } from '../spec/errors.ts';
import { weightsOfModule, type Module, type VirtualPlaces } from './model.ts';

/** The end of a sub-layer, where its result joins the stream. */
export interface Sublayer {
  /** Where AdapterHub hangs a bottleneck adapter, `….adapters.<name>`: `bert.encoder.layer.0.attention.output`. */
  readonly place: string;
  readonly kind: 'attention' | 'cross-attention' | 'feed-forward';
  /** Counted from 0 within its stack. */
  readonly layer: number;
  /** The norm behind the sum, of post-norm models; null where the stream goes on as it is. */
  readonly norm: ((x: Tensor) => Tensor) | null;
}

export interface Scope {
  readonly graph: Graph;
  /** A weight by its name in the task model; a tied name gives the weight it is tied to. */
  weight(name: string): Tensor;
  has(name: string): boolean;
  /** x Wᵀ + b of the module `name` (x W + b of a conv1d): [rows, in] → [rows, out]. */
  linear(x: Tensor, name: string): Tensor;
  /** Rows of the module's table: int64 [...] → [..., size]. */
  embedding(ids: Tensor, name: string, paddingIndex: number | null): Tensor;
  /** Puts virtual tokens into word embeddings [B, S, size] where the rows hold some. */
  place(words: Tensor, virtual: VirtualPlaces): Tensor;
  /** What follows a sub-layer: its result h and the stream x, both [rows, hidden]: norm(h + x), or h + x. */
  residual(h: Tensor, x: Tensor, sublayer: Sublayer): Tensor;
  /** Switches off a share of x at random while training; the trainer feeds a mask for each use of a key. */
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

export interface ScopeOptions {
  readonly modules: readonly Module[];
  readonly ties: ReadonlyMap<string, string>;
  readonly training: boolean;
}

/** The scope of the model as it came. */
export function createScope(graph: Graph, { modules, ties, training }: ScopeOptions): BaseScope {
  const masks: Mask[] = [];
  const uses = new Map<string, number>();
  const shapes = new Map(modules.flatMap(weightsOfModule));
  const kinds = new Map(modules.map(({ name, kind }) => [name, kind]));
  const weight = (name: string): Tensor => {
    const own = ties.get(name) ?? name;
    const shape = shapes.get(own);
    if (!shape) throw new BugError(`the forward pass asks for ${name}, which the architecture does not list`);
    return graph.parameter(own, shape);
  };
  return {
    graph,
    masks,
    weight,
    has: (name) => shapes.has(ties.get(name) ?? name),
    linear: (x, name) => {
      const bias = `${name}.bias`;
      const options = {
        transB: kinds.get(name) !== 'conv1d',
        ...(shapes.has(ties.get(bias) ?? bias) ? { c: weight(bias) } : {}),
      };
      return gemm(x, weight(`${name}.weight`), options);
    },
    embedding: (ids, name, paddingIndex) => gather(weight(`${name}.weight`), ids, paddingIndex),
    place: (words) => words,
    residual: (h, x, { norm }) => (norm ? norm(add(h, x)) : add(h, x)),
    dropout: (x, rate, key) => {
      if (!training || rate === 0) return x;
      // A module that reads words and distances alike has a mask for each.
      const use = uses.get(key) ?? 0;
      uses.set(key, use + 1);
      const name = use === 0 ? `dropout:${key}` : `dropout:${key}:${String(use)}`;
      masks.push({ name, shape: x.shape, rate });
      return mul(x, graph.input(name, 'float32', x.shape));
    },
  };
}

export interface WordOptions {
  readonly ids: Tensor;
  readonly virtual: VirtualPlaces | null;
  readonly paddingIndex: number | null;
  /** Multiplies the words' rows, not the virtual tokens'. */
  readonly scale?: number;
}

/** Word embeddings of the module `name`, virtual tokens put in: [B, S, size]. */
export function embedWords(scope: Scope, name: string, { ids, virtual, paddingIndex, scale = 1 }: WordOptions): Tensor {
  const rows = scope.embedding(ids, name, paddingIndex);
  const words = scale === 1 ? rows : mul(rows, scale);
  return virtual ? scope.place(words, virtual) : words;
}
