/** Every op: its values where they are easily said, and its gradient against central differences. */
import { describe, expect, it } from 'vitest';
import * as ops from '../../../engine/autodiff/ops.ts';
import { opTable } from '../../../engine/autodiff/op-table.ts';
import type { Tensor } from '../../../engine/autodiff/graph.ts';
import { checkOp } from '../../support/check-op.ts';
import { opCases } from '../../support/op-cases.ts';

describe('ops', () => {
  it('every op of the table has a case', () => {
    expect(Object.keys(opCases).toSorted()).toEqual(Object.keys(opTable).toSorted());
  });
  for (const [op, list] of Object.entries(opCases)) {
    it.each(list.map((entry, index) => ({ entry, index })))(
      `${op} $index: gradient equals central differences`,
      async ({ entry }) => {
        const values = await checkOp(entry.operands, entry.build);
        if (entry.values) expect(values).toEqual(entry.values);
      },
    );
  }

  it('the row of the padding index gets no gradient', async () => {
    const { Graph } = await import('../../../engine/autodiff/graph.ts');
    const { gradients } = await import('../../../engine/autodiff/backward.ts');
    const { Runtime } = await import('../../../engine/runtime/session.ts');
    const graph = new Graph();
    const table = graph.input('table', 'float32', [3, 2]);
    const indices = graph.input('ids', 'int64', [3]);
    const loss = ops.sumAll(ops.gather(table, indices, 1));
    const [grad] = gradients(loss, [table]);
    const runtime = await Runtime.open();
    const session = await runtime.compile(graph, { grad: grad as Tensor }, { device: 'cpu', threads: 1 });
    const result = await session.run(
      new Map([
        ['table', { dtype: 'float32' as const, shape: [3, 2], data: new Float32Array(6) }],
        ['ids', { dtype: 'int64' as const, shape: [3], data: BigInt64Array.of(1n, 2n, 2n) }],
      ]),
    );
    expect(Array.from(result['grad']?.data as Float32Array)).toEqual([0, 0, 0, 0, 2, 2]);
  });

  it.each([
    { name: 'sigmoid', build: ops.sigmoid, slope: (x: number) => share(x) * share(-x) },
    { name: 'silu', build: ops.silu, slope: (x: number) => share(x) * (1 + x * share(-x)) },
    {
      name: 'gelu (tanh)',
      build: (x: Tensor) => ops.gelu(x, 'tanh'),
      slope: (x: number) => {
        const k = 2 * Math.sqrt(2 / Math.PI);
        const gate = share(k * (x + 0.044715 * x ** 3));
        return gate * (1 + x * k * (1 + 3 * 0.044715 * x * x) * (1 - gate));
      },
    },
  ])('$name: the gradient keeps its digits where a unit hardly answers', async ({ build, slope }) => {
    const { Graph } = await import('../../../engine/autodiff/graph.ts');
    const { gradients } = await import('../../../engine/autodiff/backward.ts');
    const { Runtime } = await import('../../../engine/runtime/session.ts');
    const points = [-300, -20, -16, -12, -8, -4, -3, 0, 5, 300];
    const graph = new Graph();
    const x = graph.input('x', 'float32', [points.length]);
    const [grad] = gradients(ops.sumAll(build(x)), [x]);
    const runtime = await Runtime.open();
    const session = await runtime.compile(graph, { grad: grad as Tensor }, { device: 'cpu', threads: 1 });
    const fed = { dtype: 'float32' as const, shape: [points.length], data: Float32Array.from(points) };
    const found = (await session.run(new Map([['x', fed]])))['grad']?.data as Float32Array;
    points.forEach((point, at) => {
      const expected = slope(point);
      expect(Math.abs((found[at] ?? NaN) - expected)).toBeLessThanOrEqual(2e-5 * Math.abs(expected) + 1e-36);
    });
  });
});

function share(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
