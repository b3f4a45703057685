/** Bends that keep their digits. */
import { expect, it } from 'vitest';
import { gradients } from '../../../engine/autodiff/backward.ts';
import { Graph, type Tensor } from '../../../engine/autodiff/graph.ts';
import { sumAll } from '../../../engine/autodiff/ops.ts';
import { activateFinely } from '../../../engine/models/activations.ts';
import { Runtime } from '../../../engine/runtime/session.ts';
import { floatData, floats } from '../../../engine/train/state.ts';

const share = (x: number): number => 1 / (1 + Math.exp(-x));
const swish = (x: number): number => x * share(x);
const swishSlope = (x: number): number => share(x) * (1 + x * share(-x));

it.each([
  { name: 'swish', value: swish, slope: swishSlope },
  { name: 'silu', value: swish, slope: swishSlope },
  { name: 'sigmoid', value: share, slope: (x: number) => share(x) * share(-x) },
  { name: 'quick_gelu', value: (x: number) => swish(1.702 * x) / 1.702, slope: (x: number) => swishSlope(1.702 * x) },
] as const)('$name is right relative to its own size, and so is its gradient', async ({ name, value, slope }) => {
  const points = [-200, -40, -17, -12, -7, -3, 0, 4, 200];
  const graph = new Graph();
  const x = graph.input('x', 'float32', [points.length]);
  const y = activateFinely(name, x);
  const [grad] = gradients(sumAll(y), [x]);
  const runtime = await Runtime.open();
  const outputs = { y, grad: grad as Tensor };
  const session = await runtime.compile(graph, outputs, { device: 'cpu', threads: 1 });
  const found = await session.run(new Map([['x', floats([points.length], Float32Array.from(points))]]));
  await session.dispose();
  for (const [output, expected] of [
    ['y', value],
    ['grad', slope],
  ] as const)
    points.forEach((point, at) => {
      const off = Math.abs((floatData(found[output])[at] ?? NaN) - expected(point));
      expect(off, `${output} at ${String(point)}`).toBeLessThanOrEqual(1e-5 * Math.abs(expected(point)) + 1e-36);
    });
});
