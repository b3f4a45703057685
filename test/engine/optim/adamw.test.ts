/** AdamW and clipping against torch, update by update. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Graph } from '../../../engine/autodiff/graph.ts';
import { type mul } from '../../../engine/autodiff/ops.ts';
import { adamw, adamwDefaults, scalarValues, stepScalars } from '../../../engine/optim/adamw.ts';
import { clip, globalNorm } from '../../../engine/optim/clip.ts';
import { Runtime, type HostTensor } from '../../../engine/runtime/session.ts';
import { floatData, floats, scalar } from '../../../engine/train/state.ts';
import { openReference } from '../../parity/reference.ts';
import { shared } from '../../support/engine-fixtures.ts';

const folder = join(shared, 'golden-extra/optimizers');
const onCpu = { device: 'cpu', threads: 1 } as const;

interface Hyper {
  readonly lr: number;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly weight_decay?: number;
}

function largest(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  if (ours.length !== theirs.length) return Infinity;
  return Math.max(...Array.from(ours, (value, at) => Math.abs(value - (theirs[at] ?? NaN))));
}

describe('AdamW is torch.optim.AdamW', () => {
  const { cases } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as {
    readonly cases: readonly { readonly id: string; readonly hyper: Hyper; readonly file: string }[];
  };
  // Adam without decay is AdamW with none.
  const chosen = ['adamw-default', 'adamw-wd0.1-lr0.01', 'adamw-wd0', 'adam-default'];
  test.each(chosen)('%s: parameters and moments after each of twelve updates', async (id) => {
    const found = cases.find((one) => one.id === id);
    if (!found) throw new RangeError(`no case ${id}`);
    const { hyper } = found;
    const settings = {
      beta1: hyper.betas?.[0] ?? adamwDefaults.beta1,
      beta2: hyper.betas?.[1] ?? adamwDefaults.beta2,
      epsilon: hyper.eps ?? adamwDefaults.epsilon,
    };
    const decay = id.startsWith('adamw') ? (hyper.weight_decay ?? 0.01) : 0;
    const [inputs, golden] = [
      await openReference(folder, 'inputs.safetensors'),
      await openReference(folder, found.file),
    ];
    const runtime = await Runtime.open();
    const graph = new Graph();
    const scalars = stepScalars(graph);
    const state = new Map<string, HostTensor>();
    const outputs: Record<string, ReturnType<typeof mul>> = {};
    const names = ['W', 'M', 'b'];
    for (const name of names) {
      const start = inputs.floats(`p0.${name}`);
      const leaf = (part: string) => graph.input(`${name}${part}`, 'float32', start.shape);
      const before = { weight: leaf(''), first: leaf('.m'), second: leaf('.v') };
      const next = adamw(before, leaf('.grad'), { scalars, settings, decays: true });
      outputs[`${name}+`] = next.weight;
      outputs[`${name}.m+`] = next.first;
      outputs[`${name}.v+`] = next.second;
      state.set(name, floats(start.shape, start.values.slice()));
      state.set(`${name}.m`, floats(start.shape));
      state.set(`${name}.v`, floats(start.shape));
    }
    const session = await runtime.compile(graph, outputs, onCpu);
    const into = new Map([...state].map(([name, tensor]) => [`${name}+`, tensor]));
    let worst = 0;
    for (let update = 0; update < 12; update += 1) {
      const at = (name: string): Float32Array => {
        const { values, shape } = golden.floats(name);
        const size = shape.slice(1).reduce((product, dimension) => product * dimension, 1);
        return values.subarray(update * size, (update + 1) * size);
      };
      const feeds = new Map(state);
      const values = scalarValues(update + 1, { learningRate: hyper.lr, weightDecay: decay }, settings);
      for (const [name, value] of Object.entries(values)) feeds.set(name, scalar(value));
      for (const name of names) {
        const { values: all, shape } = inputs.floats(`grads.${name}`);
        const size = all.length / 12;
        feeds.set(`${name}.grad`, floats(shape.slice(1), all.slice(update * size, (update + 1) * size)));
      }
      await session.run(feeds, into);
      for (const name of names) worst = Math.max(worst, largest(floatData(state.get(name)), at(name)));
      for (const [part, theirs] of [
        ['m', 'exp_avg'],
        ['v', 'exp_avg_sq'],
      ] as const) {
        for (const name of ['W', 'b']) {
          if (golden.has(`state.${name}.${theirs}`))
            worst = Math.max(worst, largest(floatData(state.get(`${name}.${part}`)), at(`state.${name}.${theirs}`)));
        }
      }
    }
    await session.dispose();
    expect(worst).toBeLessThan(1e-6);
  });

  test('a parameter that does not decay keeps its size where the gradient is zero', async () => {
    const graph = new Graph();
    const scalars = stepScalars(graph);
    const leaf = (name: string) => graph.input(name, 'float32', [1]);
    const update = (decays: boolean) => {
      const state = { weight: leaf('w'), first: leaf('m'), second: leaf('v') };
      return adamw(state, leaf('grad'), { scalars, settings: adamwDefaults, decays }).weight;
    };
    const runtime = await Runtime.open();
    const session = await runtime.compile(graph, { decayed: update(true), kept: update(false) }, onCpu);
    const feeds = new Map<string, HostTensor>([['w', floats([1], Float32Array.of(2))]]);
    for (const name of ['m', 'v', 'grad']) feeds.set(name, floats([1]));
    const values = scalarValues(1, { learningRate: 0.5, weightDecay: 0.25 }, adamwDefaults);
    for (const [name, value] of Object.entries(values)) feeds.set(name, scalar(value));
    const { decayed, kept } = await session.run(feeds);
    await session.dispose();
    expect([decayed?.data, kept?.data]).toEqual([Float32Array.of(1.75), Float32Array.of(2)]);
  });
});

describe('clipping by the norm of all gradients is torch.nn.utils.clip_grad_norm_', () => {
  interface ClipCase {
    readonly kind: string;
    readonly norm_type?: unknown;
    readonly max_norm: number;
    readonly total_norm: number;
    readonly in: Readonly<Record<string, readonly (number | readonly number[])[]>>;
    readonly out: Readonly<Record<string, readonly (number | readonly number[])[]>>;
  }
  const { cases } = JSON.parse(readFileSync(join(folder, 'clipping.json'), 'utf8')) as {
    readonly cases: readonly ClipCase[];
  };
  const chosen = cases.filter(({ kind, norm_type }) => kind === 'norm' && norm_type === 2);

  async function clipped(gradients: ClipCase['in'], limit: number) {
    const graph = new Graph();
    const feeds = new Map<string, HostTensor>([['limit', scalar(limit)]]);
    const leaves = Object.entries(gradients).map(([name, rows]) => {
      const values = Float32Array.from(rows.flat());
      const shape = Array.isArray(rows[0]) ? [rows.length, values.length / rows.length] : [rows.length];
      feeds.set(name, floats(shape, values));
      return [name, graph.input(name, 'float32', shape)] as const;
    });
    const tensors = leaves.map(([, tensor]) => tensor);
    const norm = globalNorm(tensors);
    const results = clip(tensors, norm, graph.input('limit', 'float32', []));
    const outputs = Object.fromEntries(
      leaves.flatMap(([name], at) => {
        const result = results[at];
        return result ? [[`${name}+`, result] as const] : [];
      }),
    );
    const session = await (await Runtime.open()).compile(graph, { norm, ...outputs }, onCpu);
    const found = await session.run(feeds);
    await session.dispose();
    return found;
  }

  test.each(chosen.map((one) => ({ ...one, title: `norm ${one.total_norm} to ${one.max_norm}` })))(
    '$title',
    async (one) => {
      const found = await clipped(one.in, one.max_norm);
      const differences = Object.entries(one.out).map(([name, rows]) =>
        largest(floatData(found[`${name}+`]), rows.flat()),
      );
      const norm = Math.abs((floatData(found['norm'])[0] ?? NaN) - one.total_norm) / Math.max(1, one.total_norm);
      expect(Math.max(norm, ...differences)).toBeLessThan(1e-6);
    },
  );

  test.each([
    { order: 1, norm: 12 },
    { order: 2, norm: Math.sqrt(50) },
    { order: 3, norm: Math.cbrt(27 + 125 + 64) },
    { order: 'inf', norm: 5 },
  ] as const)('the norm of order $order', async ({ order, norm }) => {
    const graph = new Graph();
    const [a, b] = [graph.input('a', 'float32', [2]), graph.input('b', 'float32', [2])];
    const session = await (await Runtime.open()).compile(graph, { norm: globalNorm([a, b], order) }, onCpu);
    const values = { a: [3, 0], b: [-5, 4] };
    const found = await session.run(
      new Map(Object.entries(values).map(([name, list]) => [name, floats([2], Float32Array.from(list))])),
    );
    await session.dispose();
    expect(floatData(found['norm'])[0]).toBeCloseTo(norm, 5);
  });

  test('without a limit nothing changes', async () => {
    const [one] = chosen;
    if (!one) throw new RangeError('no case');
    const found = await clipped(one.in, Infinity);
    expect(floatData(found['W+'])).toEqual(Float32Array.from(one.in['W']?.flat() ?? []));
  });
});
