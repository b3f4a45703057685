/** A model with a head and a method on it: which weights there are, which learn, and how a forward pass is built. */
import type { Shape, Tensor } from '../autodiff/graph.ts';
import { Graph } from '../autodiff/graph.ts';
import { methodOf } from '../methods/registry.ts';
import type { Method, NewParameter, Target } from '../methods/method.ts';
import {
  isNewHead,
  type Architecture,
  type ForwardResult,
  type Head,
  type ModelConfig,
  type Past,
  type TextInputs,
} from '../models/model.ts';
import { createScope, type Mask, type Scope } from '../models/scope.ts';
import { BugError, StudioError } from '../spec/errors.ts';
import type { MethodConfig } from '../spec/methods/index.ts';

export interface Setup {
  readonly architecture: Architecture;
  readonly config: ModelConfig;
  readonly head: Head;
  /** Null: the model as it came. */
  readonly methodConfig: MethodConfig | null;
  readonly method: Method | null;
  readonly target: Target;
  /** Parameters that the method adds. */
  readonly added: ReadonlyMap<string, NewParameter>;
  /** Names of all parameters that learn. */
  readonly trainable: readonly string[];
  /** Shapes of all weights of base and head. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

export interface SetupOptions {
  readonly architecture: Architecture;
  readonly config: ModelConfig;
  readonly head: Head;
  readonly method: MethodConfig | null;
}

export function createSetup({ architecture, config: raw, head, method: methodConfig }: SetupOptions): Setup {
  if (!architecture.heads.includes(head.name))
    throw new StudioError('model.task', { architecture: architecture.type, task: head.name });
  const method = methodConfig ? methodOf(methodConfig) : null;
  const config = method ? method.adapt(raw) : raw;
  const target: Target = {
    base: architecture.weights(config, head),
    head: architecture.headWeights(config, head),
    headIsNew: isNewHead(head),
  };
  const added = method && methodConfig ? method.added(methodConfig, target) : new Map<string, NewParameter>();
  const trainable = method && methodConfig ? method.trainable(methodConfig, target) : [];
  return {
    architecture,
    config,
    head,
    method,
    methodConfig,
    target,
    added,
    trainable,
    shapes: new Map([...target.base, ...target.head]),
  };
}

export function shapeOf(setup: Setup, name: string): Shape {
  const shape = setup.added.get(name)?.shape ?? setup.shapes.get(name);
  if (!shape) throw new BugError(`no parameter is called ${name}`);
  return shape;
}

export function countParameters(shapes: Iterable<Shape>): number {
  let total = 0;
  for (const shape of shapes) total += shape.reduce((product, dimension) => product * dimension, 1);
  return total;
}

/** Sizes that a graph is compiled for. */
export interface BatchShape {
  readonly batch: number;
  /** Tokens a row. */
  readonly length: number;
  /** Hidden states whose answer is asked for. */
  readonly answers: number;
}

export interface ForwardGraph extends ForwardResult {
  readonly graph: Graph;
  readonly logits: Tensor;
  readonly masks: readonly Mask[];
}

/** Leaves: `ids`, `mask`, `positions`, `types` (encoders), `rows`, with `past` also `past.<layer>.key|value`. */
export function buildForward(
  setup: Setup,
  shape: BatchShape,
  options: { training?: boolean; past?: PastShape } = {},
): ForwardGraph {
  const { batch, length, answers } = shape;
  const { architecture, config, head, method, methodConfig, target } = setup;
  const graph = new Graph();
  const base = createScope(graph, setup.shapes, options.training ?? false);
  const scope: Scope = method && methodConfig ? method.inject(base, methodConfig, target) : base;
  const { past } = options;
  const inputs: TextInputs = {
    ids: graph.input('ids', 'int64', [batch, length]),
    mask: graph.input('mask', 'float32', [batch, (past?.length ?? 0) + length]),
    positions: graph.input('positions', 'int64', [batch, length]),
    tokenTypes: architecture.causal ? null : graph.input('types', 'int64', [batch, length]),
    rows: graph.input('rows', 'int64', [answers]),
    ...(past && past.length > 0 ? { past: pastLeaves(graph, batch, past) } : {}),
  };
  const result = architecture.forward(scope, config, inputs);
  const logits = graph.within('head', () => architecture.head(scope, { config, ...head }, result.hidden));
  return { graph, ...result, logits, masks: base.masks };
}

/** Sizes of the keys and values of the tokens before. */
export interface PastShape {
  readonly length: number;
  readonly heads: number;
  readonly size: number;
  readonly layers: number;
}

function pastLeaves(graph: Graph, batch: number, past: PastShape): readonly Past[] {
  const shape = [batch, past.heads, past.length, past.size];
  return Array.from({ length: past.layers }, (_, layer) => ({
    key: graph.input(`past.${String(layer)}.key`, 'float32', shape),
    value: graph.input(`past.${String(layer)}.value`, 'float32', shape),
  }));
}
