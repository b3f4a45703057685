/** Checks a graph as a whole: every node's types re-inferred, every input made before it is used. */
import { BugError } from '../spec/errors.ts';
import type { Graph, Node, Tensor } from './graph.ts';
import type { OpName } from './op-table.ts';
import { sameShape } from './shapes.ts';

/** Throws a BugError naming the op, its shapes and its layer when the graph is not well formed. */
export function check(graph: Graph): void {
  const made = new Set<number>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (!input.leaf && !made.has(input.id)) throw new BugError(`${describe(node)} uses a tensor before it is made`);
    }
    inferAgain(graph, node);
    for (const output of node.outputs) made.add(output.id);
  }
}

function inferAgain<Op extends OpName>(graph: Graph, node: Node<Op>): void {
  const types = graph.infer(node.op, node.inputs, node.attributes);
  node.outputs.forEach((output, index) => {
    const type = types[index];
    if (type?.dtype !== output.dtype || !sameShape(type.shape, output.shape)) {
      throw new BugError(
        `${describe(node)}: output ${String(index)} should be ${type?.dtype ?? 'nothing'}[${type?.shape.join(',') ?? ''}]`,
      );
    }
  });
}

function describe(node: Node): string {
  return `${node.op}(${node.inputs.map(shown).join(' ')}) → ${node.outputs.map(shown).join(' ')} in ${node.layer || 'the graph'}`;
}

function shown(tensor: Tensor): string {
  return `${tensor.dtype}[${tensor.shape.join(',')}]`;
}

/** The nodes that `outputs` depend on, in building order. */
export function reachable(graph: Graph, outputs: readonly Tensor[]): readonly Node[] {
  const wanted = new Set(outputs.map((output) => output.id));
  const kept: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => wanted.has(output.id))) continue;
    kept.push(node);
    for (const input of node.inputs) wanted.add(input.id);
  }
  return kept.toReversed();
}
