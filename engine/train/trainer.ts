/** The training run: steps, checks on held-out rows, checkpoints, the best version kept, and what the run folder gets. */
import { mkdir } from 'node:fs/promises';
import type { DataRoom } from '../data/dataset.ts';
import { saveAdapter } from '../export/adapter.ts';
import { earlierValues } from '../export/earlier-values.ts';
import { openRun } from '../export/start-adapter.ts';
import { tokenRules } from '../generate/rules.ts';
import { Runtime } from '../runtime/session.ts';
import type { CommandHandler } from '../spec/commands.ts';
import { CancelledError, StudioError } from '../spec/errors.ts';
import type { RunEvent } from '../spec/events.ts';
import type { Metrics, TrainFigures } from '../spec/metrics.ts';
import { scheduleFactor } from '../spec/schedule.ts';
import type { Part, Watch } from '../tasks/task.ts';
import { createAnswerer, rowsMeasuredTogether } from './answerer.ts';
import { baseline } from './baseline.ts';
import { planSteps, type Plan } from './batches.ts';
import { exists, loadCheckpoint, loadTensors, saveCheckpoint, saveTensors, type Progress } from './checkpoints.ts';
import { learningCount, refuseFullDisk, runBytes } from './disk.ts';
import { inContextBaseline } from './in-context-baseline.ts';
import { Machine } from './machine.ts';
import { resolveRecipe, type PreparedRun } from './prepare.ts';
import {
  openJournal,
  readJsonFile,
  runFolder,
  writeJson,
  writeText,
  type Journal,
  type RunFolder,
} from './run-folder.ts';
import { countParameters } from './setup.ts';
import { startValues } from './start.ts';
import { loadWeights, type Weights } from './weights.ts';

type Answerer = ReturnType<typeof createAnswerer>;
type TrainControl = Parameters<CommandHandler<'train'>>[2];

/** A checkpoint may take this share of the time at most. */
const checkpointShare = 0.05;

export function createTrainer(room: DataRoom): CommandHandler<'train'> {
  return async (request, tell, control) => {
    const folder = runFolder(request.out);
    const checkpoint = request.resume ? await loadCheckpoint(folder.checkpoints) : null;
    tell({ time: Date.now(), type: 'phase', phase: 'loading', done: 0, total: 1 });
    const prepared = await openRun(request, room);
    try {
      const { base, setup, recipe } = prepared;
      const { seed } = recipe.training;
      const { labels } = prepared.rows;
      const start = await startValues({ ...prepared, labels, seed });
      const earlier =
        recipe.start === undefined ? [] : await earlierValues(recipe.start, { setup, base, seed, labels });
      const known = new Map([...start, ...earlier, ...(checkpoint?.tensors ?? [])]);
      const weights = await loadWeights({ base, setup, seed, known });
      await refuseFullDisk(folder.path, runBytes(setup));
      // What can be refused has been: the first trace in the run's folder comes after it.
      await settleRecipe(folder, prepared, request.resume);
      const journal = await openJournal(folder, tell, request.resume ? (checkpoint?.progress.step ?? 0) : null);
      try {
        journal.say({ type: 'phase', phase: 'loading', done: 1, total: 1 });
        const { resume: resumed } = request;
        return await runPrepared(prepared, { folder, journal, control, resumed, checkpoint, weights });
      } finally {
        await journal.flush();
      }
    } finally {
      await prepared.base.close();
    }
  };
}

interface RunContext {
  readonly folder: RunFolder;
  readonly journal: Journal;
  readonly control: TrainControl;
  /** Goes on in its folder, from a checkpoint if it came to one. */
  readonly resumed: boolean;
  readonly checkpoint: Awaited<ReturnType<typeof loadCheckpoint>>;
  readonly weights: Weights;
}

async function settleRecipe(folder: RunFolder, prepared: PreparedRun, resume: boolean): Promise<void> {
  const { recipe, base } = prepared;
  if (resume && (await exists(folder.recipe))) {
    // A setting that was added to Atelier since has its preset's value in what came before.
    const earlier = { recipe: await readJsonFile(folder.recipe), folder: folder.path, modelPath: base.path };
    if (JSON.stringify(resolveRecipe(earlier, prepared)) !== JSON.stringify(recipe))
      throw new StudioError('resume.recipe-changed', { path: folder.recipe });
    return;
  }
  await mkdir(folder.path, { recursive: true });
  await writeJson(folder.recipe, recipe);
}

async function runPrepared(prepared: PreparedRun, context: RunContext): Promise<Metrics> {
  const { recipe, setup, base, rows, learning, prompt, device, threads } = prepared;
  const { folder, journal, control, resumed, checkpoint, weights } = context;
  await mkdir(folder.checkpoints, { recursive: true });
  const { training } = recipe;
  const runtime = await Runtime.open();
  const machine = new Machine({ runtime, device, threads, setup, base, weights });
  machine.prepareTraining();
  machine.expect([...learning.rows, ...rows.parts.validation.rows]);
  for (const [name, data] of checkpoint?.tensors ?? []) machine.state.get(name)?.data.set(data as never);
  const batchSize = rowsMeasuredTogether(recipe);
  const options = { runtime, device, threads, mapped: weights.mapped, batchSize, rules: tokenRules(base) };
  const answerer = createAnswerer({ ...options, machine });
  const plan = planSteps(
    learning.rows.map(({ ids }) => ids.length),
    { ...training, learns: setup.trainable.length > 0 },
  );
  journal.say({
    type: 'plan',
    steps: plan.steps,
    stepsPerEpoch: plan.stepsPerEpoch,
    rows: {
      train: learning.rows.length,
      validation: rows.parts.validation.rows.length,
      test: rows.parts.test.rows.length,
    },
    trainableParameters: learningCount(setup),
    totalParameters: countParameters([
      ...setup.shapes.values(),
      ...[...setup.added.values()].map(({ shape }) => shape),
    ]),
    truncatedRows: learning.truncated + rows.parts.validation.truncated + rows.parts.test.truncated,
    device,
  });
  const measured: Part | null =
    rows.parts.test.rows.length > 0 ? 'test' : rows.parts.validation.rows.length > 0 ? 'validation' : null;
  const watchBaseline = phaseWatch(journal, control, 'baseline');
  const before = { folder, weights, answerer, options, resumed, watch: watchBaseline };
  const untrained = measured === null ? null : await baseline(prepared, { ...before, part: measured });
  const inContext = measured === null ? null : await inContextBaseline(prepared, { ...before, part: measured });
  await machine.release();
  const progress = await new Loop(prepared, context, { machine, answerer, plan }).run();
  await machine.release();
  const watch = phaseWatch(journal, control, 'testing');
  const tuned = measured === null ? null : await rows.predict(answerer, measured, { before: untrained, watch });
  await answerer.dispose();
  await machine.release();
  control.signal.throwIfAborted();
  journal.say({ type: 'phase', phase: 'saving', done: 0, total: 1 });
  await saveAdapter(prepared, machine.state, folder.adapter);
  await writeText(folder.predictions, (tuned?.lines ?? []).map((line) => `${JSON.stringify(line)}\n`).join(''));
  const metrics: Metrics = {
    task: recipe.task,
    metric: rows.metric,
    measuredOn: measured,
    tuned: tuned?.figure ?? null,
    ...(prompt ? { prompted: { shots: prompt.settings.shots } } : {}),
    baselines:
      measured === null
        ? null
        : {
            untrained: untrained?.figure ?? null,
            majority: rows.majority(measured),
            ...(inContext ? { inContext } : {}),
          },
    train: trainFigures(progress, prepared),
  };
  await writeJson(folder.metrics, metrics);
  journal.say({ type: 'finished', keptStep: progress.best?.step ?? progress.step, metrics });
  return metrics;
}

function trainFigures(progress: Progress, { recipe, device }: PreparedRun): TrainFigures {
  return {
    steps: progress.step,
    rows: progress.rows,
    tokens: progress.tokens,
    seconds: progress.seconds,
    peakMemoryBytes: Math.max(progress.peakMemoryBytes, peakMemory()),
    finalLoss: progress.lastLoss,
    precision: recipe.precision,
    device,
  };
}

/** Highest resident set of this process so far. */
function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** Tells a phase's progress about four times a second, and gives way to a cancel. */
function phaseWatch(
  journal: Journal,
  control: TrainControl,
  phase: Extract<RunEvent, { type: 'phase' }>['phase'],
): Watch {
  let last = 0;
  let told = -1;
  return (done, total) => {
    control.signal.throwIfAborted();
    if (done === told || (done < total && Date.now() - last < 250)) return;
    last = Date.now();
    told = done;
    journal.say({ type: 'phase', phase, done, total });
  };
}

/** The loop's state and its steps. */
class Loop {
  readonly #prepared: PreparedRun;
  readonly #context: RunContext;
  readonly #machine: Machine;
  readonly #answerer: Answerer;
  readonly #plan: Plan;
  #progress: Progress;
  #savedAt = performance.now();
  #saveTook = 0;

  constructor(prepared: PreparedRun, context: RunContext, tools: { machine: Machine; answerer: Answerer; plan: Plan }) {
    this.#prepared = prepared;
    this.#context = context;
    this.#machine = tools.machine;
    this.#answerer = tools.answerer;
    this.#plan = tools.plan;
    this.#progress = context.checkpoint?.progress ?? {
      step: 0,
      seconds: 0,
      rows: 0,
      tokens: 0,
      lastLoss: 0,
      peakMemoryBytes: 0,
      best: null,
      checksWithoutGain: 0,
    };
  }

  /** Runs to the end, to a stop, or to the end of patience; leaves the best version in the machine. */
  async run(): Promise<Progress> {
    const { journal, control, checkpoint } = this.#context;
    const { training } = this.#prepared.recipe;
    if (checkpoint) journal.say({ type: 'resumed', step: this.#progress.step });
    while (this.#progress.step < this.#plan.steps) {
      if (await this.#interrupted()) {
        journal.say({ type: 'stopped', step: this.#progress.step, reason: 'asked' });
        break;
      }
      await this.#step();
      if (this.#checkIsDue()) await this.#check();
      if (training.earlyStopping !== null && this.#progress.checksWithoutGain >= training.earlyStopping) {
        journal.say({ type: 'stopped', step: this.#progress.step, reason: 'early' });
        break;
      }
      const waited = (performance.now() - this.#savedAt) / 1000;
      if (waited >= Math.max(training.checkpointSeconds, this.#saveTook / checkpointShare)) await this.#save();
      // Gives messages of the parent process their turn.
      await new Promise((proceed) => setImmediate(proceed));
      control.signal.throwIfAborted();
    }
    await this.#save();
    await this.#keepBest();
    return this.#progress;
  }

  /** Waits while paused; true when the run is to stop and keep. */
  async #interrupted(): Promise<boolean> {
    const { control, journal } = this.#context;
    if (control.signal.aborted) throw new CancelledError('cancelled');
    if (control.wish() === 'pause') {
      await this.#save();
      journal.say({ type: 'paused', step: this.#progress.step });
      while (control.wish() === 'pause') {
        await control.changed();
        if (control.signal.aborted) throw new CancelledError('cancelled');
      }
      if (control.wish() === 'run') journal.say({ type: 'continued', step: this.#progress.step });
    }
    return control.wish() === 'stop';
  }

  async #step(): Promise<void> {
    const { recipe, learning } = this.#prepared;
    const { training } = recipe;
    const began = performance.now();
    const before = this.#progress;
    const groups = this.#plan.groups(before.step).map((group) => group.flatMap((index) => learning.rows[index] ?? []));
    const length = { warmup: Math.ceil(training.warmup * this.#plan.steps), total: this.#plan.steps };
    const learningRate = training.learningRate * scheduleFactor(training.schedule, before.step, length);
    const settings = {
      step: before.step + 1,
      learningRate,
      weightDecay: training.weightDecay,
      maxGradNorm: training.maxGradNorm,
      seed: training.seed,
    };
    const { loss, gradNorm, tokens } = await this.#machine.step(groups, settings);
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm))
      throw new StudioError('training.diverged', { step: before.step + 1 });
    const count = groups.reduce((total, group) => total + group.length, 0);
    this.#progress = {
      ...before,
      step: before.step + 1,
      seconds: before.seconds + (performance.now() - began) / 1000,
      rows: before.rows + count,
      tokens: before.tokens + tokens,
      lastLoss: loss,
      peakMemoryBytes: Math.max(before.peakMemoryBytes, peakMemory()),
    };
    const { step, seconds } = this.#progress;
    this.#context.journal.say({
      type: 'step',
      step,
      epoch: step / this.#plan.stepsPerEpoch,
      loss,
      learningRate,
      gradNorm,
      rows: this.#progress.rows,
      tokens: this.#progress.tokens,
      seconds,
      memoryBytes: process.memoryUsage.rss(),
    });
  }

  #checkIsDue(): boolean {
    if (this.#prepared.rows.parts.validation.rows.length === 0) return false;
    const { step } = this.#progress;
    const every = Math.max(
      1,
      Math.round(this.#plan.stepsPerEpoch / this.#prepared.recipe.training.evaluationsPerEpoch),
    );
    return step % every === 0 || step === this.#plan.steps;
  }

  async #check(): Promise<void> {
    const { journal, control, folder } = this.#context;
    const { loss, metrics, samples } = await this.#prepared.rows.measure(
      this.#answerer,
      'validation',
      phaseWatch(journal, control, 'evaluating'),
    );
    const { step, best, checksWithoutGain } = this.#progress;
    const kept = best === null || loss < best.loss;
    if (kept) await saveTensors(folder.best, this.#learned(this.#prepared.setup.trainable));
    this.#progress = {
      ...this.#progress,
      best: kept ? { step, loss } : best,
      checksWithoutGain: kept ? 0 : checksWithoutGain + 1,
    };
    journal.say({ type: 'evaluation', step, epoch: step / this.#plan.stepsPerEpoch, loss, metrics, kept, samples });
    if (kept) await this.#save();
  }

  async #save(): Promise<void> {
    const { folder, journal } = this.#context;
    const began = performance.now();
    await saveCheckpoint(folder.checkpoints, this.#progress, this.#learned(this.#machine.learned));
    this.#savedAt = performance.now();
    this.#saveTook = (this.#savedAt - began) / 1000;
    journal.say({ type: 'checkpoint', step: this.#progress.step });
    await journal.flush();
  }

  #learned(names: readonly string[]): ReadonlyMap<string, NonNullable<ReturnType<Machine['state']['get']>>> {
    return new Map(
      names.flatMap((name) => {
        const tensor = this.#machine.state.get(name);
        return tensor ? [[name, tensor] as const] : [];
      }),
    );
  }

  async #keepBest(): Promise<void> {
    const { best, step } = this.#progress;
    if (best === null || best.step === step) return;
    for (const [name, data] of await loadTensors(this.#context.folder.best))
      this.#machine.state.get(name)?.data.set(data as never);
  }
}
