/** Where sub-layers join the stream, found by building the smallest forward pass and watching it. */
import { Graph } from '../autodiff/graph.ts';
import type { Place, Target } from '../methods/method.ts';
import type { Architecture, Module, StackInputs } from '../models/model.ts';
import { createScope, type Sublayer } from '../models/scope.ts';

export interface PlacesOptions extends Pick<Target, 'config' | 'head'> {
  readonly architecture: Architecture;
  readonly modules: readonly Module[];
  readonly ties: ReadonlyMap<string, string>;
}

/** Of a row of two tokens; a stack's layers are counted on where another's end. */
export function placesOf({ architecture, config, head, modules, ties }: PlacesOptions): readonly Place[] {
  const graph = new Graph();
  const scope = createScope(graph, { modules, ties, training: false });
  const met: Sublayer[] = [];
  const stack = (prefix: string): StackInputs => ({
    ids: graph.input(`${prefix}ids`, 'int64', [1, 2]),
    mask: graph.input(`${prefix}mask`, 'float32', [1, 2]),
    positions: graph.input(`${prefix}positions`, 'int64', [1, 2]),
  });
  const hasDecoder = architecture.kind === 'encoder-decoder' && architecture.decoderInput(head.name) !== 'none';
  const watching = {
    ...scope,
    residual: (...[h, x, sublayer]: Parameters<typeof scope.residual>) => {
      met.push(sublayer);
      return scope.residual(h, x, sublayer);
    },
  };
  architecture.forward(watching, config, {
    ...stack(''),
    head: head.name,
    tokenTypes: architecture.tokenTypes ? graph.input('types', 'int64', [1, 2]) : null,
    virtual: null,
    rows: graph.input('rows', 'int64', [1]),
    decoder: hasDecoder ? stack('decoder.') : null,
  });
  let before = 0;
  return met.map(({ place, kind, layer, norm }, index) => {
    const previous = met[index - 1];
    if (previous && layer < previous.layer) before += previous.layer + 1;
    return { place, kind, layer: before + layer, normed: norm !== null };
  });
}
