/** What a graph costs, told from its nodes: nothing is run. */
import { reachable } from '../autodiff/check.ts';
import { elements, type Graph, type Node, type Tensor } from '../autodiff/graph.ts';

/** Floating-point operations of its products, and the most bytes of its results that are needed at one time. */
export function costOf(
  graph: Graph,
  outputs: readonly Tensor[],
): { readonly flops: number; readonly peakBytes: number } {
  const nodes = reachable(graph, outputs);
  const lastUse = new Map<number, number>();
  nodes.forEach((node, index) => {
    for (const input of node.inputs) lastUse.set(input.id, index);
  });
  const dying = new Map<number, number>();
  let live = 0;
  let peak = 0;
  let flops = 0;
  nodes.forEach((node, index) => {
    const made =
      node.op === 'Reshape' ? 0 : node.outputs.reduce((bytes, output) => bytes + 4 * elements(output.shape), 0);
    live += made;
    peak = Math.max(peak, live);
    const end = Math.max(...node.outputs.map((output) => lastUse.get(output.id) ?? index));
    dying.set(end, (dying.get(end) ?? 0) + made);
    live -= dying.get(index) ?? 0;
    flops += productFlops(node);
  });
  return { flops, peakBytes: peak };
}

function productFlops(node: Node): number {
  if (node.op !== 'Gemm' && node.op !== 'MatMul') return 0;
  const [a] = node.inputs;
  const result = elements(node.outputs[0]?.shape ?? []);
  const { transA } = node.attributes as Node<'Gemm'>['attributes'];
  return 2 * result * ((transA ? a?.shape.at(-2) : a?.shape.at(-1)) ?? 0);
}
