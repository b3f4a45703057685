/** How deep in the model a weight lies: embeddings at 0, then layer after layer, the answer on top. */
import type { Target } from './method.ts';

export interface Depths {
  /** Of the answer: one more than there are layers. */
  readonly top: number;
  /** Of the first layer of the last stack: the decoder's of an encoder–decoder. */
  readonly lastStack: number;
  /** Of a module. */
  of(module: string): number;
}

/** Read off the modules' names, which stand in the order of the forward pass; layers of two stacks count on. */
export function depthsOf(target: Target): Depths {
  const known = kept.get(target) ?? readDepths(target);
  kept.set(target, known);
  return known;
}

/** Each weight asks, of the same model. */
const kept = new WeakMap<Target, Depths>();

function readDepths({ modules }: Target): Depths {
  const found = new Map<string, number>();
  const stacks = new Map<string, number>();
  let deepest = 0;
  for (const { name, kind, part } of modules.values()) {
    const layer = part === 'base' ? /^(.*?\.)(\d+)\./.exec(name) : null;
    if (layer) {
      const [, stack = '', index = '0'] = layer;
      if (!stacks.has(stack)) stacks.set(stack, deepest);
      const depth = (stacks.get(stack) ?? 0) + Number(index) + 1;
      deepest = Math.max(deepest, depth);
      found.set(name, depth);
    } else if (kind === 'embedding') found.set(name, 0);
    else found.set(name, part === 'base' ? deepest : Infinity);
  }
  const top = deepest + 1;
  const lastStack = [...stacks.values()].at(-1) ?? 0;
  return {
    top,
    lastStack: lastStack + 1,
    // What follows all layers belongs to the answer: poolers and last norms.
    of: (module) => {
      const depth = found.get(module) ?? top;
      return Math.min(depth === deepest && !isLayer(module) ? top : depth, top);
    },
  };
}

function isLayer(module: string): boolean {
  return /\.\d+\./.test(module);
}

/** The module of a weight. */
export function moduleOf(weight: string): string {
  return weight.slice(0, weight.lastIndexOf('.'));
}
