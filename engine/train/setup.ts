/** A model with a head and a method on it: which weights there are, which learn, and how a forward pass is built. */
import type { Shape, Tensor } from '../autodiff/graph.ts';
import { Graph } from '../autodiff/graph.ts';
import { gather, transpose } from '../autodiff/ops.ts';
import { methodOf } from '../methods/registry.ts';
import type { Method, NewParameter, Target, TargetModule } from '../methods/method.ts';
import {
  hasHead,
  isNewHead,
  weightsOfModule,
  type Architecture,
  type ForwardResult,
  type Head,
  type ModelConfig,
  type Module,
  type Past,
  type StackInputs,
  type TextInputs,
} from '../models/model.ts';
import { createScope, type Mask, type Scope } from '../models/scope.ts';
import { BugError, StudioError } from '../spec/errors.ts';
import type { MethodConfig } from '../spec/methods/index.ts';
import { placesOf } from './places.ts';

export interface Setup {
  readonly architecture: Architecture;
  readonly config: ModelConfig;
  readonly head: Head;
  /** Null: the model as it came. */
  readonly methodConfig: MethodConfig | null;
  readonly method: Method | null;
  readonly target: Target;
  /** All modules of base and head. */
  readonly modules: readonly Module[];
  readonly ties: ReadonlyMap<string, string>;
  /** Parameters that the method adds. */
  readonly added: ReadonlyMap<string, NewParameter>;
  /** Names of all parameters that learn. */
  readonly trainable: readonly string[];
  /** Shapes of all weights of base and head. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Virtual tokens in every row, and slots before it. */
  readonly virtualTokens: number;
  readonly prefixLength: number;
}

export interface SetupOptions {
  readonly architecture: Architecture;
  readonly config: ModelConfig;
  readonly head: Head;
  readonly method: MethodConfig | null;
}

/** Errors: `model.task`, and those of the method. */
export function createSetup({ architecture, config: raw, head, method: methodConfig }: SetupOptions): Setup {
  if (!hasHead(architecture, head.name))
    throw new StudioError('model.task', { architecture: architecture.type, task: head.name });
  const method = methodConfig ? methodOf(methodConfig) : null;
  const config = method && methodConfig ? method.adapt(raw, methodConfig, { architecture, head }) : raw;
  const base = architecture.modules(config, head);
  const ownHead = architecture.headModules(config, head);
  const ties = architecture.ties(config, head);
  const target = targetOf({ architecture, config, head }, { base, ownHead, ties });
  if (method && methodConfig) method.check(methodConfig, target);
  const modules = [...base, ...ownHead];
  return {
    architecture,
    config,
    head,
    method,
    methodConfig,
    target,
    modules,
    ties,
    added: method && methodConfig ? method.added(methodConfig, target) : new Map<string, NewParameter>(),
    trainable: method && methodConfig ? method.trainable(methodConfig, target) : [],
    shapes: new Map(modules.flatMap(weightsOfModule)),
    virtualTokens: method && methodConfig ? method.virtualTokens(methodConfig) : 0,
    prefixLength: method && methodConfig ? method.prefixLength(methodConfig) : 0,
  };
}

function targetOf(
  model: Pick<Target, 'config' | 'head'> & { readonly architecture: Architecture },
  parts: {
    readonly base: readonly Module[];
    readonly ownHead: readonly Module[];
    readonly ties: ReadonlyMap<string, string>;
  },
): Target {
  const weightsOf = (list: readonly Module[]): ReadonlyMap<string, Shape> =>
    new Map(list.filter(({ kind }) => kind !== 'buffer').flatMap(weightsOfModule));
  const base = weightsOf(parts.base);
  const tied = [...parts.ties].flatMap(([name, other]): TargetModule[] => {
    const shape = base.get(other);
    return name.endsWith('.weight') && shape
      ? [{ name: name.slice(0, -'.weight'.length), kind: 'linear', shape, bias: false, part: 'tied' }]
      : [];
  });
  const modules = [
    ...parts.base.map((module): TargetModule => ({ ...module, part: 'base' })),
    ...parts.ownHead.map((module): TargetModule => ({ ...module, part: 'head' })),
    ...tied,
  ];
  let places: ReturnType<typeof placesOf> | null = null;
  return {
    ...model,
    modules: new Map(modules.map((module) => [module.name, module])),
    base,
    headWeights: weightsOf(parts.ownHead),
    headIsNew: isNewHead(model.head) || model.architecture.ownHead?.learns === true,
    places: () => (places ??= placesOf({ ...model, modules: [...parts.base, ...parts.ownHead], ties: parts.ties })),
  };
}

/** What a result of its own file must hold: all that learned, and the rest of a new head, which no base has. */
export function ownWeights({ target, trainable }: Setup): readonly string[] {
  return [...new Set([...trainable, ...(target.headIsNew ? target.headWeights.keys() : [])])];
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
  /** Tokens a row, virtual ones included. */
  readonly length: number;
  /** Tokens a row of the decoder of an encoder–decoder; 0 where there is none. */
  readonly decoderLength: number;
  /** Hidden states whose answer is asked for. */
  readonly answers: number;
}

export interface ForwardGraph extends ForwardResult {
  readonly graph: Graph;
  readonly logits: Tensor;
  readonly masks: readonly Mask[];
}

export interface ForwardOptions {
  readonly training?: boolean;
  /** Keys and values of the tokens before, a learned prefix among them, as leaves `past.<layer>.key|value`. */
  readonly past?: PastShape;
  /** Keys and values of the encoder's states as leaves `cross.<layer>.key|value`: the encoder does not run. */
  readonly cross?: PastShape;
}

/**
 * Leaves: `ids`, `mask`, `positions`, `rows`; `types` where the architecture reads them; `virtual` and `virtual.mask`
 * where rows hold virtual tokens; `decoder.ids`, `decoder.mask`, `decoder.positions` where there is a decoder beside an
 * encoder; and those of the options. A learned prefix widens the mask of its stack.
 */
export function buildForward(setup: Setup, shape: BatchShape, options: ForwardOptions = {}): ForwardGraph {
  const { architecture, config, head, method, methodConfig, target, modules, ties } = setup;
  const graph = new Graph();
  const base = createScope(graph, { modules, ties, training: options.training ?? false });
  const scope: Scope = method && methodConfig ? method.inject(base, methodConfig, target) : base;
  const before = earlierTokens(setup, scope, { batch: shape.batch, past: options.past });
  const inputs = textInputs(setup, graph, { shape, before, options });
  const result = architecture.forward(scope, config, inputs);
  const logits = graph.within('head', () =>
    logitsOf(architecture.head(scope, { config, ...head }, result.hidden), head),
  );
  return { graph, ...result, logits, masks: base.masks };
}

/** A method's prefix alone, of one row: computed once, it can be fed as the past of every row. */
export function buildPrefix(setup: Setup): { readonly graph: Graph; readonly prefix: readonly Past[] } {
  const graph = new Graph();
  const base = createScope(graph, { modules: setup.modules, ties: setup.ties, training: false });
  return { graph, prefix: earlierTokens(setup, base, { batch: 1, past: undefined }) };
}

/** Of a language model that answers with label words, the words' columns. */
function logitsOf(all: Tensor, { words }: Head): Tensor {
  if (!words) return all;
  const chosen = all.graph.constant(BigInt64Array.from(words, BigInt), 'int64', [words.length]);
  return transpose(gather(transpose(all, [1, 0]), chosen), [1, 0]);
}

/** The head alone, on hidden states as the leaf `features`: [answers, size]. */
export function buildHead(
  { architecture, config, head, method, methodConfig, target, modules, ties }: Setup,
  { answers, size }: { readonly answers: number; readonly size: number },
): Pick<ForwardGraph, 'graph' | 'logits' | 'masks'> {
  const graph = new Graph();
  const base = createScope(graph, { modules, ties, training: true });
  const scope: Scope = method && methodConfig ? method.inject(base, methodConfig, target) : base;
  const features = graph.input('features', 'float32', [answers, size]);
  const logits = graph.within('head', () => architecture.head(scope, { config, ...head }, features));
  return { graph, logits, masks: base.masks };
}

/** What stands before a stack's tokens: a cache, else the method's prefix. */
function earlierTokens(
  { method, methodConfig, target, prefixLength }: Setup,
  scope: Scope,
  { batch, past }: { readonly batch: number; readonly past: PastShape | undefined },
): readonly Past[] {
  if (past) return past.length > 0 ? pastLeaves(scope.graph, 'past', { batch, past }) : [];
  return method && methodConfig && prefixLength > 0 ? method.prefix(scope, methodConfig, { target, batch }) : [];
}

function textInputs(
  setup: Setup,
  graph: Graph,
  at: { readonly shape: BatchShape; readonly before: readonly Past[]; readonly options: ForwardOptions },
): TextInputs {
  const { shape, before, options } = at;
  const { batch, length, decoderLength, answers } = shape;
  const { architecture, head, virtualTokens } = setup;
  const stack = (prefix: string, tokens: number, past: readonly Past[]): StackInputs => ({
    ids: graph.input(`${prefix}ids`, 'int64', [batch, tokens]),
    mask: graph.input(`${prefix}mask`, 'float32', [batch, (past[0]?.key.shape[2] ?? 0) + tokens]),
    positions: graph.input(`${prefix}positions`, 'int64', [batch, tokens]),
    ...(past.length > 0 ? { past } : {}),
  });
  const hasDecoder = architecture.kind === 'encoder-decoder' && architecture.decoderInput(head.name) !== 'none';
  // Of a step behind a cache, the virtual tokens stand in the cache.
  const hasVirtual = virtualTokens > 0 && !(options.past && options.past.length > 0);
  return {
    ...stack('', length, hasDecoder ? [] : before),
    head: head.name,
    tokenTypes: architecture.tokenTypes ? graph.input('types', 'int64', [batch, length]) : null,
    virtual: hasVirtual
      ? {
          indices: graph.input('virtual', 'int64', [batch, length]),
          mask: graph.input('virtual.mask', 'float32', [batch, length, 1]),
        }
      : null,
    rows: graph.input('rows', 'int64', [answers]),
    decoder: hasDecoder ? stack('decoder.', decoderLength, before) : null,
    ...(options.cross ? { cross: pastLeaves(graph, 'cross', { batch, past: options.cross }) } : {}),
  };
}

/** Sizes of the keys and values of the tokens before. */
export interface PastShape {
  readonly length: number;
  readonly heads: number;
  readonly size: number;
  readonly layers: number;
}

function pastLeaves(
  graph: Graph,
  name: string,
  { batch, past }: { readonly batch: number; readonly past: PastShape },
): readonly Past[] {
  const shape = [batch, past.heads, past.length, past.size];
  return Array.from({ length: past.layers }, (_, layer) => ({
    key: graph.input(`${name}.${String(layer)}.key`, 'float32', shape),
    value: graph.input(`${name}.${String(layer)}.value`, 'float32', shape),
  }));
}
