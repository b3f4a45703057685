/** Runs a small graph on onnxruntime and checks its gradients against central differences. */
import { expect } from 'vitest';
import { gradients } from '../../engine/autodiff/backward.ts';
import { elements, Graph, type DType, type Shape, type Tensor } from '../../engine/autodiff/graph.ts';
import { mul, sumAll } from '../../engine/autodiff/ops.ts';
import type { Device } from '../../engine/runtime/device.ts';
import { Runtime, type HostTensor } from '../../engine/runtime/session.ts';

export interface Operand {
  readonly shape: Shape;
  /** float32 operands are differentiated unless `fixed`; others never. */
  readonly dtype?: DType;
  readonly data?: readonly number[];
  readonly fixed?: boolean;
  /** Range of random values. */
  readonly from?: number;
  readonly to?: number;
}

/** A small deterministic generator, uniform in [0, 1). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function host({ shape, dtype = 'float32', data, from = -1, to = 1 }: Operand, random: () => number): HostTensor {
  const values = data ?? Array.from({ length: elements(shape) }, () => from + (to - from) * random());
  if (dtype === 'int64') return { dtype, shape, data: BigInt64Array.from(values.map((value) => BigInt(value))) };
  if (dtype === 'bool') return { dtype, shape, data: Uint8Array.from(values) };
  return { dtype, shape, data: Float32Array.from(values) };
}

/**
 * The graph of `build` on random operands, with Σ(output·weights), weights fixed and random, and its gradient with respect to
 * every float operand that is not fixed.
 */
export function opGraph(operands: readonly Operand[], build: (inputs: Tensor[]) => Tensor) {
  const random = uniform(7);
  const graph = new Graph();
  const inputs = operands.map((operand, index) =>
    graph.input(`x${String(index)}`, operand.dtype ?? 'float32', operand.shape),
  );
  const output = build(inputs);
  const weights = graph.input('weights', 'float32', output.shape);
  const loss = sumAll(mul(output, weights));
  const targets = inputs.filter(
    (_, index) => (operands[index]?.dtype ?? 'float32') === 'float32' && operands[index]?.fixed !== true,
  );
  const found = gradients(loss, targets);
  const outputs: Record<string, Tensor> = { loss, output };
  found.forEach((grad, index) => {
    if (!grad) throw new Error(`operand ${String(index)} has no gradient`);
    expect(grad.shape).toEqual(targets[index]?.shape);
    outputs[`grad${String(index)}`] = mul(grad, 1);
  });
  const values = operands.map((operand) => host(operand, random));
  const feeds = new Map<string, HostTensor>(values.map((value, index) => [`x${String(index)}`, value]));
  feeds.set('weights', host({ shape: output.shape }, random));
  return { graph, outputs, targets, feeds };
}

/**
 * Compares the gradient of an op's graph, every element of every operand, with a central difference. The difference is taken of
 * float32 results: its error is about 1e-3.
 */
export async function checkOp(
  operands: readonly Operand[],
  build: (inputs: Tensor[]) => Tensor,
  device: Device = 'cpu',
): Promise<number[]> {
  const { graph, outputs, targets, feeds } = opGraph(operands, build);
  const runtime = await Runtime.open();
  const session = await runtime.compile(graph, outputs, { device, threads: 1 });
  const result = await session.run(feeds);
  for (const [index, target] of targets.entries()) {
    const analytic = result[`grad${String(index)}`]?.data as Float32Array;
    const operand = feeds.get(target.leaf?.kind === 'input' ? target.leaf.name : '');
    const numeric: number[] = [];
    const data = operand?.data as Float32Array;
    for (let at = 0; at < data.length; at += 1) {
      const value = data[at] ?? 0;
      const step = 2 ** -6;
      const losses: number[] = [];
      for (const sign of [1, -1]) {
        data[at] = value + sign * step;
        losses.push((await session.run(feeds))['loss']?.data[0] as number);
      }
      data[at] = value;
      numeric.push(((losses[0] ?? 0) - (losses[1] ?? 0)) / (2 * step));
    }
    for (const [at, expected] of numeric.entries()) {
      expect(
        Math.abs((analytic[at] ?? NaN) - expected),
        `operand ${String(index)} element ${String(at)}: ${String(analytic[at])} against ${String(expected)}`,
      ).toBeLessThan(4e-3 + 1e-2 * Math.abs(expected));
    }
  }
  await session.dispose();
  return Array.from(result['output']?.data as Float32Array);
}
