/** The walk: gradients of a scalar with respect to chosen leaves, following only the paths that lead to them. */
import { BugError } from '../spec/errors.ts';
import type { Graph, Node, Tensor } from './graph.ts';
import { add, gemm } from './ops.ts';
import type { OpName } from './op-table.ts';
import { rules, type GradientRule } from './rules.ts';

/**
 * Appends to the graph the gradient of `loss` (a scalar) with respect to each of `targets`.
 * Freezing is absence from the targets. A target that the loss does not depend on gets null.
 */
export function gradients(loss: Tensor, targets: readonly Tensor[]): readonly (Tensor | null)[] {
  if (loss.shape.length !== 0) throw new BugError(`the loss is not a scalar but [${loss.shape.join(',')}]`);
  const { graph } = loss;
  const leading = new Set(targets.map((target) => target.id));
  const path: Node[] = [];
  for (const node of graph.nodes) {
    if (!node.inputs.some((input) => leading.has(input.id))) continue;
    path.push(node);
    for (const output of node.outputs) leading.add(output.id);
  }
  const found = new Map<number, Tensor>([[loss.id, graph.scalar(1)]]);
  for (const node of path.toReversed()) {
    const grad = node.outputs[0] && found.get(node.outputs[0].id);
    if (!grad) continue;
    const needed = node.inputs.map((input) => leading.has(input.id));
    const parts = graph.within(`${node.layer}'`, () => differentiate(node, grad, needed));
    node.inputs.forEach((input, index) => {
      const part = parts[index];
      if (!needed[index] || !part) return;
      const before = found.get(input.id);
      found.set(input.id, before ? accumulate(graph, before, part) : part);
    });
    if (node.outputs[0]) found.delete(node.outputs[0].id);
  }
  return targets.map((target) => found.get(target.id) ?? null);
}

function differentiate<Op extends OpName>(
  node: Node<Op>,
  grad: Tensor,
  needed: readonly boolean[],
): readonly (Tensor | null)[] {
  const rule: GradientRule<Op> = rules[node.op];
  const parts = rule(grad, node, needed);
  if (parts.length !== node.inputs.length)
    throw new BugError(`the rule of ${node.op} gives ${String(parts.length)} gradients`);
  return parts;
}

/** Adds two gradients; a fresh product takes the other as its c, which saves a pass over memory. */
function accumulate(graph: Graph, before: Tensor, part: Tensor): Tensor {
  const product = graph.producer(part);
  if (product?.op !== 'Gemm' || product.inputs.length !== 2) return add(before, part);
  const [a, b] = product.inputs;
  const { transA, transB, alpha } = product.attributes as Node<'Gemm'>['attributes'];
  return a && b ? gemm(a, b, { transA, transB, alpha, c: before }) : add(before, part);
}
