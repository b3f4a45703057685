/** Runs and trains a setup on golden batches, as AdapterHub's script did. */
import type { HostTensor } from '../../../engine/runtime/session.ts';
import { scalarValues } from '../../../engine/optim/adamw.ts';
import { objectiveOf, weightedLoss } from '../../../engine/tasks/objective.ts';
import { buildForward, shapeOf, type Setup } from '../../../engine/train/setup.ts';
import { buildStep, firstMoment, secondMoment, summedGradient } from '../../../engine/train/step-graph.ts';
import { floatData, floats, scalar } from '../../../engine/train/state.ts';
import type { GoldenBatch } from '../batch.ts';
import type { AdapterCase } from './adapters.ts';
import type { Machine } from './registry.ts';

export interface RunAt extends Pick<AdapterCase, 'optimizer'> {
  readonly setup: Setup;
  readonly machine: Machine;
  readonly batches: readonly GoldenBatch[];
}

type State = ReadonlyMap<string, HostTensor>;

export interface Evaluated {
  readonly logits: Float32Array;
  readonly loss: number;
}

export async function evaluate({ setup, machine, batches }: RunAt, state: State): Promise<readonly Evaluated[]> {
  const results: Evaluated[] = [];
  for (const batch of batches) {
    const { graph, logits } = buildForward(setup, batch.shape);
    const loss = weightedLoss(objectiveOf(setup.head), logits, { graph, shape: batch.shape });
    const session = await machine.runtime.compile(graph, { logits, loss }, { device: machine.device, threads: 1 });
    const result = await session.run(new Map([...state, ...batch.feeds]));
    await session.dispose();
    results.push({ logits: floatData(result['logits']), loss: floatData(result['loss'])[0] ?? NaN });
  }
  return results;
}

/** Before clipping, of the first batch. */
export async function gradients(at: RunAt, state: State): Promise<ReadonlyMap<string, Float32Array>> {
  const { setup, machine, batches } = at;
  const [first] = batches;
  if (!first) throw new Error('no batch');
  const built = buildStep(setup, first.shape, { kind: 'gradients', optimizer: rulesOf(at), decays: () => true });
  const session = await machine.runtime.compile(built.graph, built.outputs, { device: machine.device, threads: 1 });
  const result = await session.run(new Map([...state, ...first.feeds]));
  await session.dispose();
  return new Map(setup.trainable.map((name) => [name, floatData(result[summedGradient(name)])]));
}

export interface Trained {
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly state: Map<string, HostTensor>;
}

/** Step s learns from batch s mod 2. */
export async function train(at: RunAt, start: State): Promise<Trained> {
  const { setup, machine, batches, optimizer } = at;
  const settings = rulesOf(at);
  // Updates are written in place: what was given stays as it is.
  const state = new Map(start);
  for (const name of setup.trainable) {
    state.set(name, floats(shapeOf(setup, name), floatData(start.get(name)).slice()));
    for (const moment of [firstMoment(name), secondMoment(name)]) state.set(moment, floats(shapeOf(setup, name)));
  }
  const sessions = await Promise.all(
    batches.map(async (batch) => {
      const built = buildStep(setup, batch.shape, { kind: 'update', optimizer: settings, decays: () => true });
      const compile = { device: machine.device, threads: 1 };
      return { built, batch, session: await machine.runtime.compile(built.graph, built.outputs, compile) };
    }),
  );
  const losses: number[] = [];
  const norms: number[] = [];
  for (let index = 0; index < optimizer.steps; index += 1) {
    const own = sessions[index % sessions.length];
    if (!own) throw new Error('no batch');
    const scalars = {
      ...scalarValues(index + 1, { learningRate: optimizer.lr, weightDecay: optimizer.weight_decay }, settings),
      'optimizer.maxNorm': optimizer.max_grad_norm,
    };
    const feeds = new Map([
      ...state,
      ...own.batch.feeds,
      ...Object.entries(scalars).map(([name, value]) => [name, scalar(value)] as const),
    ]);
    const into = new Map(
      [...own.built.updates].map(([output, leaf]) => [output, state.get(leaf) ?? floats([])] as const),
    );
    const result = await own.session.run(feeds, into);
    losses.push(floatData(result['loss'])[0] ?? NaN);
    norms.push(floatData(result['norm'])[0] ?? NaN);
  }
  for (const { session } of sessions) await session.dispose();
  return { losses, norms, state };
}

function rulesOf({ optimizer }: RunAt): { beta1: number; beta2: number; epsilon: number } {
  return { beta1: optimizer.betas[0], beta2: optimizer.betas[1], epsilon: optimizer.eps };
}
