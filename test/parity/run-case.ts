/** Runs one golden case: logits, loss and gradients before training, the loss curve, parameters and logits after. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSafetensors } from '../../engine/checkpoint/safetensors.ts';
import type { TensorFile } from '../../engine/checkpoint/tensor-file.ts';
import { isLanguageModel, type Head, type HeadName } from '../../engine/models/model.ts';
import { architectureOf } from '../../engine/models/registry.ts';
import type { Json } from '../../engine/spec/json.ts';
import type { Device } from '../../engine/runtime/device.ts';
import type { HostTensor, Runtime } from '../../engine/runtime/session.ts';
import { scalarValues } from '../../engine/optim/adamw.ts';
import { objectiveOf, weightedLoss } from '../../engine/tasks/objective.ts';
import { buildForward, createSetup, shapeOf, type Setup } from '../../engine/train/setup.ts';
import { buildStep, firstMoment, secondMoment, summedGradient } from '../../engine/train/step-graph.ts';
import { floatData, floats, scalar } from '../../engine/train/state.ts';
import { goldenBatch, type GoldenBatch } from './batch.ts';
import type { CaseFile, Supported } from './cases.ts';
import { runGeneration } from './generation.ts';
import { mergedModel } from './merged.ts';
import { openReference, type Reference } from './reference.ts';
import { compareSaved } from './saved.ts';

export interface Deviation {
  readonly family:
    | 'logits0'
    | 'loss0'
    | 'grad'
    | 'losses'
    | 'grad_norms'
    | 'final'
    | 'logits_final'
    | 'merged'
    | 'saved'
    | 'generation'
    | 'keys';
  readonly worst: number;
  /** Worst of |a − b| / (atol + 1e-4·|b|): above 1 the case fails. */
  readonly ratio: number;
  readonly where: string;
  /** What a reader of the table must know. */
  readonly note?: string;
}

/** PEFT's name of one of our parameters; other methods use the task model's own. */
function goldenKey(setup: Setup, name: string): string {
  const { method, methodConfig, target } = setup;
  return (methodConfig && method?.peft?.key(name, target, methodConfig)) ?? name;
}

async function loadWeights(setup: Setup, source: TensorFile, reference: Reference): Promise<Map<string, HostTensor>> {
  const weights = new Map<string, HostTensor>();
  for (const name of [...setup.shapes.keys(), ...setup.added.keys()]) {
    const init = `init.${goldenKey(setup, name)}`;
    const frozen = `frozen.${name}`;
    const shape = shapeOf(setup, name);
    if (reference.has(init)) weights.set(name, floats(shape, reference.floats(init).values));
    else if (reference.has(frozen)) weights.set(name, floats(shape, reference.floats(frozen).values));
    else {
      const stored = setup.architecture.stored(name, setup.head.name).find((own) => source.tensors.has(own));
      weights.set(name, floats(shape, await source.read(stored ?? name)));
    }
  }
  return weights;
}

export async function runCase(
  runtime: Runtime,
  entry: { folder: string; file: CaseFile; supported: Supported },
  device: Device,
): Promise<readonly Deviation[]> {
  const { folder, file, supported } = entry;
  const modelFolder = join(folder, file.base_model);
  const raw = JSON.parse(readFileSync(join(modelFolder, 'config.json'), 'utf8')) as Readonly<Record<string, Json>>;
  const architecture = architectureOf(raw);
  const config = architecture.parseConfig(raw, modelFolder);
  const head = headOfCase(file, supported.head, config.vocabulary);
  const setup = createSetup({ architecture, config, head, method: supported.method });
  const reference = await openReference(folder);
  const source = await openSafetensors(join(modelFolder, 'model.safetensors'));
  const weights = await loadWeights(setup, source, reference);
  await source.close();
  const batches = [0, 1].map((index) => goldenBatch(reference, index, { file, setup }));
  const worst = new Worst();
  worst.keys(setup, file);
  const compile = { device, threads: 1 };
  const state = new Map<string, HostTensor>(weights);
  const evaluate = async (
    batch: GoldenBatch,
    model: { readonly setup: Setup; readonly state: ReadonlyMap<string, HostTensor> } = { setup, state },
  ): Promise<{ logits: Float32Array; loss: number }> => {
    const { graph, logits } = buildForward(model.setup, batch.shape);
    const session = await runtime.compile(
      graph,
      { logits, loss: weightedLoss(objectiveOf(head), logits, { graph, shape: batch.shape }) },
      compile,
    );
    const result = await session.run(new Map([...model.state, ...batch.feeds]));
    await session.dispose();
    return { logits: floatData(result['logits']), loss: floatData(result['loss'])[0] ?? NaN };
  };
  const { tolerance } = file;
  for (const [index, batch] of batches.entries()) {
    const { logits, loss } = await evaluate(batch);
    worst.numbers('loss0', [[loss], reference.floats(`loss0.batch${String(index)}`).values], {
      atol: tolerance.loss0,
      where: `batch${String(index)}`,
    });
    compareLogits(worst, reference, {
      prefix: `logits0.batch${String(index)}`,
      family: 'logits0',
      logits,
      batch,
      atol: tolerance.logits0,
    });
  }
  const { optimizer } = file;
  const settings = { beta1: optimizer.betas[0], beta2: optimizer.betas[1], epsilon: optimizer.eps };
  const step = (kind: 'gradients' | 'update', batch: GoldenBatch) =>
    buildStep(setup, batch.shape, { kind, optimizer: settings, decays: () => true });
  const [first] = batches;
  if (!first) throw new Error('no batch');
  const probe = step('gradients', first);
  const probeSession = await runtime.compile(probe.graph, probe.outputs, compile);
  const found = await probeSession.run(new Map([...state, ...first.feeds]));
  await probeSession.dispose();
  for (const name of setup.trainable) {
    const key = goldenKey(setup, name);
    if (file.no_gradient.includes(key)) continue;
    const expected = reference.floats(`grad.${key}`).values;
    const grad = found[summedGradient(name)];
    worst.numbers('grad', [grad ? floatData(grad) : new Float32Array(expected.length), expected], {
      atol: tolerance.grad,
      where: key,
    });
  }
  for (const name of setup.trainable) {
    for (const moment of [firstMoment(name), secondMoment(name)]) state.set(moment, floats(shapeOf(setup, name)));
  }
  const sessions = await Promise.all(
    batches.map(async (batch) => {
      const built = step('update', batch);
      return { built, session: await runtime.compile(built.graph, built.outputs, compile) };
    }),
  );
  const losses: number[] = [];
  const norms: number[] = [];
  for (let index = 0; index < optimizer.steps; index += 1) {
    const batch = batches[index % 2];
    const entryOf = sessions[index % 2];
    if (!batch || !entryOf) throw new Error('no batch');
    const scalars = {
      ...scalarValues(index + 1, { learningRate: optimizer.lr, weightDecay: optimizer.weight_decay }, settings),
      'optimizer.maxNorm': optimizer.max_grad_norm,
    };
    const feeds = new Map([
      ...state,
      ...batch.feeds,
      ...Object.entries(scalars).map(([name, value]) => [name, scalar(value)] as const),
    ]);
    const into = new Map(
      [...entryOf.built.updates].map(([output, leaf]) => [output, state.get(leaf) ?? floats([])] as const),
    );
    const result = await entryOf.session.run(feeds, into);
    losses.push(floatData(result['loss'])[0] ?? NaN);
    norms.push(floatData(result['norm'])[0] ?? NaN);
  }
  for (const { session } of sessions) await session.dispose();
  worst.numbers('losses', [losses, reference.floats('losses').values], { atol: tolerance.losses, where: 'losses' });
  const wanted = reference.floats('grad_norms').values;
  worst.numbers('grad_norms', [norms.slice(0, 1), wanted.slice(0, 1)], { atol: tolerance.losses, where: 'grad_norms' });
  // For later ones the case states none: gradients that are each within theirs have norms this near to one another.
  worst.numbers('grad_norms', [norms, wanted], {
    atol: Math.max(tolerance.losses, tolerance.grad * Math.sqrt(file.trainable_count)),
    where: 'grad_norms',
  });
  if (file.final_stored) {
    for (const name of setup.trainable) {
      const key = goldenKey(setup, name);
      if (!reference.has(`final.${key}`)) continue;
      const expected = reference.floats(`final.${key}`).values;
      const exception = tolerance.final_exceptions[key];
      worst.numbers('final', [floatData(state.get(name)), expected], {
        atol: exception ?? tolerance.final,
        where: key,
      });
      // A bias before a softmax over positions ends anywhere and shifts all logits alike: compare them at the reference's.
      if (exception !== undefined) state.set(name, floats(shapeOf(setup, name), expected));
    }
  }
  for (const [index, batch] of batches.entries()) {
    if (reference.names(`logits_final.batch${String(index)}.`).length === 0) continue;
    const { logits } = await evaluate(batch);
    compareLogits(worst, reference, {
      prefix: `logits_final.batch${String(index)}`,
      family: 'logits_final',
      logits,
      batch,
      atol: tolerance.logits_final,
    });
  }
  const trained = { folder, file, setup, state };
  const merged = await mergedModel(trained, reference);
  if (merged)
    compareLogits(worst, reference, {
      prefix: 'merged_logits.batch0',
      family: 'merged',
      logits: (await evaluate(first, merged)).logits,
      batch: first,
      atol: tolerance.logits_final,
    });
  const after = [await compareSaved(trained), await runGeneration(trained, { runtime, device })];
  return [...worst.list(), ...after.filter((deviation) => deviation !== null)];
}

const problems: Readonly<Record<string, Head['problem']>> = {
  regression: 'regression',
  multi_label_classification: 'multi-label',
};

function headOfCase({ num_labels, problem_type }: CaseFile, name: HeadName, vocabulary: number): Head {
  if (isLanguageModel(name)) return { name, labels: vocabulary };
  if (name === 'question-answering') return { name, labels: 2 };
  if (name === 'multiple-choice') return { name, labels: 1 };
  const problem = problems[problem_type ?? ''];
  return { name, labels: num_labels ?? 2, ...(problem ? { problem } : {}) };
}

interface LogitsComparison {
  readonly prefix: string;
  readonly family: Deviation['family'];
  readonly logits: Float32Array;
  readonly batch: GoldenBatch;
  readonly atol: number;
}

function compareLogits(
  worst: Worst,
  reference: Reference,
  { prefix, family, logits, batch, atol }: LogitsComparison,
): void {
  const width = logits.length / batch.compared.length;
  const column =
    (offset: number, count: number) =>
    (expected: Float32Array): { ours: number[]; theirs: number[] } => {
      const ours: number[] = [];
      const theirs: number[] = [];
      const answers = Math.min(batch.compared.length, expected.length / count);
      for (let answer = 0; answer < answers; answer += 1) {
        if (!batch.compared[answer]) continue;
        for (let at = 0; at < count; at += 1) {
          ours.push(logits[answer * width + offset + at] ?? NaN);
          theirs.push(expected[answer * count + at] ?? NaN);
        }
      }
      return { ours, theirs };
    };
  for (const [field, offset, count] of [
    ['start_logits', 0, 1],
    ['end_logits', 1, 1],
    ['logits', 0, width],
  ] as const) {
    const name = `${prefix}.${field}`;
    if (!reference.has(name)) continue;
    const { ours, theirs } = column(offset, count)(reference.floats(name).values);
    worst.numbers(family, [ours, theirs], { atol, where: name });
  }
}

/** Our numbers and the reference's. */
type Pair = readonly [ArrayLike<number>, ArrayLike<number>];

/** Keeps the worst deviation a family. */
class Worst {
  readonly #found = new Map<Deviation['family'], Deviation>();

  numbers(family: Deviation['family'], [ours, theirs]: Pair, at: { atol: number; where: string }): void {
    if (ours.length !== theirs.length) {
      this.#found.set(family, {
        family,
        worst: Infinity,
        ratio: Infinity,
        where: `${at.where}: ${String(ours.length)} numbers against ${String(theirs.length)}`,
      });
      return;
    }
    for (let index = 0; index < theirs.length; index += 1) {
      const [a, b] = [ours[index] ?? NaN, theirs[index] ?? NaN];
      const difference = Math.abs(a - b);
      const ratio = Number.isNaN(difference) ? Infinity : difference / (at.atol + 1e-4 * Math.abs(b));
      const before = this.#found.get(family);
      if (!before || ratio > before.ratio)
        this.#found.set(family, { family, worst: difference, ratio, where: at.where });
    }
  }

  /** Trainable parameters: the very keys and shapes, and so their count. */
  keys(setup: Setup, file: CaseFile): void {
    const ours = setup.trainable
      .map((name) => `${goldenKey(setup, name)} ${shapeOf(setup, name).join('x')}`)
      .toSorted();
    const theirs = Object.entries(file.trainable)
      .map(([key, shape]) => `${key} ${shape.join('x')}`)
      .toSorted();
    const odd = ours.find((key) => !theirs.includes(key)) ?? theirs.find((key) => !ours.includes(key));
    if (odd !== undefined) this.#found.set('keys', { family: 'keys', worst: Infinity, ratio: Infinity, where: odd });
  }

  list(): readonly Deviation[] {
    return [...this.#found.values()];
  }
}
