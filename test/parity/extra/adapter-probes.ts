/** What goes into and out of each place where an adapter could sit, watched in our forward pass. */
import type { Tensor } from '../../../engine/autodiff/graph.ts';
import { mul } from '../../../engine/autodiff/ops.ts';
import type { HostTensor } from '../../../engine/runtime/session.ts';
import { buildForward, type Setup } from '../../../engine/train/setup.ts';
import { floatData } from '../../../engine/train/state.ts';
import type { GoldenBatch } from '../batch.ts';
import type { Reference } from '../reference.ts';
import { allowed } from './adapter-noise.ts';
import type { AdapterCase } from './adapters.ts';
import { compare } from './compare.ts';
import type { ExtraResult, Machine } from './registry.ts';

/** As logits; of the place's largest number, if that is more: a stream that grows is rounded as its largest terms are. */
const tolerance = { absolute: 2e-5, relative: 1e-5 };

interface ProbeAt {
  readonly setup: Setup;
  readonly machine: Machine;
  readonly batch: GoldenBatch;
  readonly state: ReadonlyMap<string, HostTensor>;
  readonly reference: Reference;
  readonly file: AdapterCase;
}

/** hidden, residual and output of every place that is listed, and that the listed places are those that we have. */
export async function compareProbes({ setup, machine, batch, state, reference, file }: ProbeAt): Promise<ExtraResult> {
  const outputs: Record<string, Tensor> = {};
  const prefixed = setup.architecture.ownHead?.key ?? ((name: string) => name);
  const watched: Setup = {
    ...setup,
    architecture: {
      ...setup.architecture,
      forward: (scope, config, inputs) =>
        setup.architecture.forward(
          {
            ...scope,
            residual: (h, x, sublayer) => {
              const output = scope.residual(h, x, sublayer);
              const place = prefixed(sublayer.place);
              Object.assign(outputs, { [`${place}.hidden`]: h, [`${place}.residual`]: x, [`${place}.output`]: output });
              return output;
            },
          },
          config,
          inputs,
        ),
    },
  };
  const { graph } = buildForward(watched, batch.shape);
  const missing = file.placement.find(({ module }) => !(`${module}.output` in outputs));
  if (missing) return { worst: NaN, failure: `we have no place ${missing.module}` };
  const listed = file.placement.filter(({ module }) => reference.has(`probe.${module}.output`));
  const wanted = listed.flatMap(({ module }) => ['hidden', 'residual', 'output'].map((part) => `${module}.${part}`));
  const session = await machine.runtime.compile(
    graph,
    // One output is another's residual: each gets a tensor of its own.
    Object.fromEntries(wanted.map((name) => [name, mul(outputs[name] ?? 0, graph.scalar(1))])),
    { device: machine.device, threads: 1 },
  );
  const found = await session.run(new Map([...state, ...batch.feeds]));
  await session.dispose();
  let result: ExtraResult = { worst: 0, failure: null };
  for (const name of wanted) {
    const { shape, values } = reference.floats(`probe.${name}`);
    const ours = found[name];
    const kept = rowsOf(ours?.shape[0] ?? 0, { shape, feeds: batch.feeds });
    const width = shape.at(-1) ?? 1;
    const expected = kept.flatMap(([, theirs]) => Array.from(values.subarray(theirs * width, (theirs + 1) * width)));
    const data = floatData(ours);
    const own = kept.flatMap(([mine]) => Array.from(data.subarray(mine * width, (mine + 1) * width)));
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const atol = Math.max(allowed(file, 'logits0', tolerance.absolute), tolerance.relative * largest);
    const { worst, failure } = compare({ [name]: own }, { [name]: expected }, atol);
    result = { worst: Math.max(result.worst, worst), failure: result.failure ?? failure };
  }
  return result;
}

/** Our row and the reference's, of tokens that are not padding. In the last layer ours are only those that are asked for. */
function rowsOf(
  count: number,
  { shape, feeds }: { readonly shape: readonly number[]; readonly feeds: ReadonlyMap<string, HostTensor> },
): readonly (readonly [number, number])[] {
  const [batch = 1, length = 1] = shape;
  const all = batch * length;
  const masks = ['mask', 'decoder.mask'].map((name) => feeds.get(name));
  const mask = masks.find((candidate) => candidate?.shape[1] === length) ?? masks[0];
  const kept = (row: number): boolean => Number(mask?.data[row] ?? 1) === 1;
  const asked = feeds.get('rows');
  const places = count === all ? Array.from({ length: all }, (_, at) => at) : Array.from(asked?.data ?? [], Number);
  return places.map((place, row) => [row, place] as const).filter(([, place]) => kept(place));
}
