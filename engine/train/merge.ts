/** What a method learned, added into the weights of its base and taken out again: in float32, one weight at a time. */
import { Graph, elements, type Tensor } from '../autodiff/graph.ts';
import { add, div, mul, sub } from '../autodiff/ops.ts';
import type { WeightChange } from '../methods/method.ts';
import { createScope } from '../models/scope.ts';
import { Runtime, type HostTensor } from '../runtime/session.ts';
import { BugError, StudioError } from '../spec/errors.ts';
import { createSetup, shapeOf, type Setup } from './setup.ts';
import { floatData, floats } from './state.ts';

export interface MergeSources {
  /** What learned, by name; weights of the base may be among it. */
  readonly state: ReadonlyMap<string, HostTensor>;
  /** A weight of the base as it came. */
  readonly read: (name: string) => Promise<Float32Array>;
}

export interface Merged {
  /** The model without the method, whose weights these are. */
  readonly setup: Setup;
  /** A weight of the merged model. */
  weight(name: string): Promise<Float32Array>;
  /** The weight of the base again, from the merged one. */
  restored(name: string, merged: Float32Array): Promise<Float32Array>;
}

/** Errors: `method.merge`. */
export function mergeLearned(learned: Setup, { state, read }: MergeSources): Merged {
  const { architecture, config, head, method, methodConfig, target, modules, ties } = learned;
  if (!method || !methodConfig) throw new BugError('nothing was learned');
  const { merging, name: methodName } = method;
  if (!merging) throw new StudioError('method.merge', { method: methodName, module: '', problem: 'not-mergeable' });
  merging.check(methodConfig, target);
  const graph = new Graph();
  const changes = merging.changes(createScope(graph, { modules, ties, training: false }), methodConfig, target);
  const whole = new Set(learned.trainable);
  const source = async (name: string): Promise<HostTensor> =>
    state.get(name) ?? floats(shapeOf(learned, name), await read(name));
  const compute = async (name: string, result: Tensor, merged?: Float32Array): Promise<Float32Array> => {
    const feeds = new Map(state).set(name, await source(name));
    if (merged) feeds.set(mergedLeaf(name), floats(shapeOf(learned, name), merged));
    const session = await (await Runtime.open()).compile(graph, { result }, { device: 'cpu', threads: 1 });
    try {
      return floatData((await session.run(feeds))['result']);
    } finally {
      await session.dispose();
    }
  };
  return {
    setup: createSetup({ architecture, config, head, method: null }),
    weight: async (name) => {
      const change = changes.get(name);
      if (!change) return floatData(await source(name));
      return compute(name, applied(graph.parameter(name, shapeOf(learned, name)), change));
    },
    restored: async (name, merged) => {
      // What learned whole is not made of what was before.
      if (whole.has(name)) return read(name);
      const change = changes.get(name);
      if (!change) return merged;
      if (merged.length !== elements(shapeOf(learned, name))) throw new BugError(`${name} has another size`);
      return compute(name, removed(graph.input(mergedLeaf(name), 'float32', shapeOf(learned, name)), change), merged);
    },
  };
}

const mergedLeaf = (name: string): string => `${name}/merged`;

/** factor · (weight + delta). */
function applied(weight: Tensor, { factor, delta }: WeightChange): Tensor {
  const moved = delta ? add(weight, delta) : weight;
  return factor ? mul(moved, factor) : moved;
}

function removed(merged: Tensor, { factor, delta }: WeightChange): Tensor {
  const unscaled = factor ? div(merged, factor) : merged;
  return delta ? sub(unscaled, delta) : unscaled;
}
