/** What a run will need: from a formula over its graph, or from two real steps on its longest rows. */
import type { DataRoom } from '../data/dataset.ts';
import { openRun } from '../export/start-adapter.ts';
import { adamwDefaults } from '../optim/adamw.ts';
import { Runtime } from '../runtime/session.ts';
import type { CommandHandler } from '../spec/commands.ts';
import type { Estimate, PromptBudget } from '../spec/metrics.ts';
import { objectiveOf } from '../tasks/objective.ts';
import { withoutExamples } from '../tasks/prompted/context.ts';
import type { Part } from '../tasks/task.ts';
import { rowsMeasuredTogether } from './answerer.ts';
import { collate, dealByLength, planSteps } from './batches.ts';
import { costOf } from './cost.ts';
import { adapterBytes, learningCount, runBytes } from './disk.ts';
import { Machine } from './machine.ts';
import { rowModel, type PreparedRun } from './prepare.ts';
import { budgetOf, someRows } from './prompt.ts';
import { tokensToRead } from './readings.ts';
import { buildForward, countParameters } from './setup.ts';
import { startValues } from './start.ts';
import { buildStep, type StepShape } from './step-graph.ts';
import { loadWeights } from './weights.ts';

/** Resident set of a process that has loaded engine, tokenizer and runtime, measured. */
const runtimeBytes = 200e6;
/** What the heap holds beyond the results that are needed, measured. */
const heapSlack = 1.15;
/** Multiply–add pairs a second and core that a float32 product reaches on a common processor. */
const flopsPerThread = 50e9;
/** Tokens times parameters that a core reads in a second in prompts; see in-context-baseline.ts for what was measured. */
const productsPerThread = 8e10;
/** Rows whose prompts are counted. */
const rowsCounted = 30;
/** Share of a step that is not products. */
const overhead = 1.6;

export function createEstimator(room: DataRoom): CommandHandler<'estimate'> {
  return async (request) => {
    const prepared = await openRun(request, room);
    try {
      return await expectation(prepared);
    } finally {
      await prepared.base.close();
    }
  };
}

export function createMeasurer(room: DataRoom): CommandHandler<'measure'> {
  return async (request, tell, control) => {
    tell({ done: 0, total: 3, note: 'loading' });
    const prepared = await openRun(request, room);
    try {
      const { setup, base, recipe, device, threads, rows, learning } = prepared;
      const expected = await expectation(prepared);
      // Without a step there is nothing to measure beforehand.
      if (expected.steps === 0) return expected;
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

async function expectation(prepared: PreparedRun): Promise<Estimate> {
  const { prompt } = prepared;
  return prompt === null
    ? formula(prepared)
    : promptedFormula(prepared, await budgetOf(prompt, prepared, rowModel(prepared)));
}

/** Nothing learns: the held-out rows are asked, and where examples are shown, without them too. */
async function promptedFormula(prepared: PreparedRun, prompt: PromptBudget): Promise<Estimate> {
  const { setup, rows, recipe, threads } = prepared;
  const part = (['test', 'validation'] as const).find((own) => rows.parts[own].rows.length > 0) ?? null;
  const asked = rows.parts[part ?? 'train'].rows;
  const [longest = []] = dealByLength(
    asked.map(({ ids }) => ids.length),
    rowsMeasuredTogether(recipe),
  );
  const together = longest.flatMap((index) => asked[index] ?? []);
  const { shape } = collate(together, { setup, objective: objectiveOf(setup.head), weight: 1 });
  const { graph, logits } = buildForward(setup, shape);
  const { peakBytes } = costOf(graph, [logits]);
  const total = countParameters(setup.shapes.values());
  const parts: Estimate['parts'] = {
    runtime: runtimeBytes,
    weights: 4 * total,
    trainable: 0,
    optimizer: 0,
    activations: peakBytes * heapSlack,
    data: 40e6,
  };
  return {
    peakMemoryBytes: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0),
    seconds: part === null ? 0 : ((await promptTokens(prepared, part)) * total) / (productsPerThread * threads),
    diskBytes: runBytes(setup),
    parts,
    secondsPerStep: 0,
    steps: 0,
    source: 'formula',
    trainableParameters: 0,
    totalParameters: total,
    adapterBytes: adapterBytes(setup),
    prompt,
  };
}

/** Tokens that all of it reads, from some of the rows. */
async function promptTokens(prepared: PreparedRun, part: Part): Promise<number> {
  const { prompt, task, dataset, setup, rows } = prepared;
  if (!prompt) return 0;
  const some = someRows(dataset, part, rowsCounted);
  const prompts = prompt.settings.shots === 0 ? [prompt] : [prompt, withoutExamples(prompt)];
  const tokens = await Promise.all(
    prompts.map(async (own) => {
      const model = rowModel({ ...prepared, prompt: own });
      const asked = await task.prepare(some, model, { head: setup.head, labels: rows.labels });
      return tokensToRead(asked, part, setup.config.hidden);
    }),
  );
  const share = some[part].length / Math.max(1, dataset[part].length);
  return tokens.reduce((sum, own) => sum + own, 0) / Math.max(share, Number.MIN_VALUE);
}

/** The graph of the largest batch tells its products and what it must keep; nothing is run. */
function formula(prepared: PreparedRun): Estimate {
  const { setup, recipe, learning } = prepared;
  const { training } = recipe;
  const shape = longestBatch(prepared);
  const built = buildStep(setup, shape, { kind: 'update', optimizer: adamwDefaults, decays: () => true });
  const { flops, peakBytes } = costOf(built.graph, Object.values(built.outputs));
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
