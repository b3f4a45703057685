/** What a run will need: from a formula over its graph, or from two real steps on its longest rows. */
import type { DataRoom } from '../data/dataset.ts';
import { reachable } from '../autodiff/check.ts';
import { elements, type Node } from '../autodiff/graph.ts';
import { adamwDefaults } from '../optim/adamw.ts';
import { Runtime } from '../runtime/session.ts';
import type { CommandHandler } from '../spec/commands.ts';
import type { Estimate } from '../spec/metrics.ts';
import { objectiveOf } from '../tasks/objective.ts';
import { collate, planSteps } from './batches.ts';
import { adapterBytes, learningCount, runBytes } from './disk.ts';
import { Machine } from './machine.ts';
import { prepareRun, type PreparedRun } from './prepare.ts';
import { countParameters } from './setup.ts';
import { startValues } from './start.ts';
import { buildStep, type StepShape } from './step-graph.ts';
import { loadWeights } from './weights.ts';

/** Resident set of a process that has loaded engine, tokenizer and runtime, measured. */
const runtimeBytes = 200e6;
/** What the heap holds beyond the results that are needed, measured. */
const heapSlack = 1.15;
/** Multiply–add pairs a second and core that a float32 product reaches on a common processor. */
const flopsPerThread = 50e9;
/** Share of a step that is not products. */
const overhead = 1.6;

export function createEstimator(room: DataRoom): CommandHandler<'estimate'> {
  return async (request) => {
    const prepared = await prepareRun(request, room);
    try {
      return formula(prepared);
    } finally {
      await prepared.base.close();
    }
  };
}

export function createMeasurer(room: DataRoom): CommandHandler<'measure'> {
  return async (request, tell, control) => {
    tell({ done: 0, total: 3, note: 'loading' });
    const prepared = await prepareRun(request, room);
    try {
      const { setup, base, recipe, device, threads, rows, learning } = prepared;
      const expected = formula(prepared);
      const { seed } = recipe.training;
      const known = await startValues({ ...prepared, labels: rows.labels, seed });
      const weights = await loadWeights({ base, setup, seed, known });
      const machine = new Machine({ runtime: await Runtime.open(), device, threads, setup, base, weights });
      machine.prepareTraining();
      const longest = learning.rows.toSorted((a, b) => b.ids.length - a.ids.length).slice(0, recipe.training.batchSize);
      const settings = { learningRate: 0, weightDecay: 0, maxGradNorm: 1, seed: recipe.training.seed };
      const seconds: number[] = [];
      for (const step of [1, 2]) {
        control.signal.throwIfAborted();
        tell({ done: step, total: 3, note: 'measuring' });
        const began = performance.now();
        await machine.step([longest], { ...settings, step });
        seconds.push((performance.now() - began) / 1000);
        await new Promise((proceed) => setImmediate(proceed));
      }
      await machine.release();
      const longestTokens = longest.reduce((total, { ids }) => total + ids.length, 0);
      const share = meanBatchTokens(prepared) / Math.max(1, longestTokens);
      const secondsPerStep = Math.min(...seconds) * Math.min(1, share) * recipe.training.gradientAccumulation;
      const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
      return {
        ...expected,
        peakMemoryBytes,
        secondsPerStep,
        seconds: secondsPerStep * expected.steps,
        source: 'measured',
      };
    } finally {
      await prepared.base.close();
    }
  };
}

function meanBatchTokens({ learning, recipe }: PreparedRun): number {
  const lengths = learning.rows.map(({ ids }) => ids.length);
  const mean = lengths.reduce((total, length) => total + length, 0) / Math.max(1, lengths.length);
  return mean * Math.min(recipe.training.batchSize, lengths.length);
}

/** The graph of the largest batch tells its products and what it must keep; nothing is run. */
function formula(prepared: PreparedRun): Estimate {
  const { setup, recipe, learning } = prepared;
  const { training } = recipe;
  const shape = longestBatch(prepared);
  const { flops, peakBytes } = cost(prepared, shape);
  const plan = planSteps(
    learning.rows.map(({ ids }) => ids.length),
    training,
  );
  const trainable = learningCount(setup);
  const total = countParameters([
    ...setup.shapes.values(),
    ...[...setup.added.values()].map((parameter) => parameter.shape),
  ]);
  const parts: Estimate['parts'] = {
    runtime: runtimeBytes,
    weights: 4 * (total - trainable),
    trainable: 4 * trainable,
    // Two moments, and the copy that the runtime makes of each updated tensor.
    optimizer: 5 * 4 * trainable,
    activations: peakBytes * heapSlack,
    data: 40e6,
  };
  const share = meanBatchTokens(prepared) / Math.max(1, shape.batch * shape.length);
  const secondsPerStep =
    ((flops * share * overhead) / (flopsPerThread * prepared.threads) + 0.005) * training.gradientAccumulation;
  return {
    peakMemoryBytes: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0),
    seconds: secondsPerStep * plan.steps,
    diskBytes: runBytes(setup),
    parts,
    secondsPerStep,
    steps: plan.steps,
    source: 'formula',
    trainableParameters: trainable,
    totalParameters: total,
    adapterBytes: adapterBytes(setup),
  };
}

/** The shape of the batch that needs most: the longest rows together. */
function longestBatch({ setup, recipe, learning }: PreparedRun): StepShape {
  const longest = learning.rows
    .toSorted((a, b) => b.ids.length - a.ids.length || b.answers.length - a.answers.length)
    .slice(0, recipe.training.batchSize);
  return collate(longest, { setup, objective: objectiveOf(setup.head), weight: 1 }).shape;
}

/** Floating-point operations of a step's products, and the most bytes of its results that are needed at one time. */
function cost({ setup }: PreparedRun, shape: StepShape): { flops: number; peakBytes: number } {
  const built = buildStep(setup, shape, {
    kind: 'update',
    optimizer: adamwDefaults,
    decays: () => true,
  });
  const nodes = reachable(built.graph, Object.values(built.outputs));
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
