/** What the model answers in a prompt, without examples and with some: what can be had without any training. */
import type { Dataset } from '../data/dataset.ts';
import { Runtime } from '../runtime/session.ts';
import { inContextPreset } from '../spec/methods/in-context.ts';
import type { AccuracyFigure, InContextFigures } from '../spec/metrics.ts';
import { trainingPreset } from '../spec/training.ts';
import { choosePrompt, type SolvedRow } from '../tasks/prompted/context.ts';
import type { Head } from '../models/model.ts';
import type { Part, PreparedTask, Watch } from '../tasks/task.ts';
import { createAnswerer, type AnswererOptions } from './answerer.ts';
import { exists } from './checkpoints.ts';
import { Machine } from './machine.ts';
import { missingWeight, parameterCount, taskModel, type PreparedRun } from './prepare.ts';
import { languageHead, someRows } from './prompt.ts';
import { tokensToRead } from './readings.ts';
import { readJsonFile, writeJson, type RunFolder } from './run-folder.ts';
import { createSetup } from './setup.ts';
import { loadWeights, type Weights } from './weights.ts';

/** Rows that are asked, at most. */
const mostRows = 200;
/** Where these take more than `products` they are asked all the same, in up to `patience` times that; fewer where that is not enough. */
const fewestRows = 20;
const patience = 5;
/**
 * Tokens read times the model's parameters. SmolLM2-135M read 840 tokens a core and second in prompts of 75 tokens, 490 in
 * prompts of 400 (Q4_1 as float32, one and two threads): 0.7 to 1.1e11 products, so that this is about a minute of one core.
 */
const products = 5e12;

export interface InContextOptions {
  readonly folder: RunFolder;
  readonly resumed: boolean;
  readonly part: Part;
  readonly watch: Watch;
  readonly weights: Weights;
  readonly options: Omit<AnswererOptions, 'machine' | 'mapped'>;
}

/**
 * Measured before the first step, read again by a resumed run. Null where a run asks in a prompt itself, where answers are
 * written or are not single ones, and where the model's files have no language model.
 */
export async function inContextBaseline(prepared: PreparedRun, at: InContextOptions): Promise<InContextFigures | null> {
  const { folder, resumed } = at;
  const { architecture, config, task, dataset } = prepared;
  const solved = prepared.prompt || task.ask ? null : (task.solved?.(dataset, 'train') ?? null);
  const head = languageHead(architecture, config);
  if (!solved || !head || missingWeight(head, prepared) !== null) return null;
  if (resumed && (await exists(folder.inContext)))
    return (await readJsonFile(folder.inContext)) as unknown as InContextFigures;
  const found = await measure(prepared, at, { solved, head });
  await writeJson(folder.inContext, found);
  return found;
}

interface Asked {
  readonly solved: readonly SolvedRow[];
  readonly head: Head;
}

async function measure(
  prepared: PreparedRun,
  { part, watch, weights: beside, options }: InContextOptions,
  asked: Asked,
): Promise<InContextFigures> {
  const { architecture, config, base, task } = prepared;
  const context = { task: task.name, architecture: architecture.type, parameters: parameterCount(prepared) };
  const settings = inContextPreset('balanced', context);
  const { maxLength } = trainingPreset('in-context', 'balanced', context);
  const rowsOf = (dataset: Dataset, shots: number): Promise<PreparedTask> => {
    const prompt = choosePrompt(asked.solved, { ...settings, shots });
    const model = taskModel(prepared, Math.min(maxLength, config.maxLength), { prompt });
    return task.prepare(dataset, model, { head: asked.head, labels: dataset.labels });
  };
  const shots = [0, settings.shots] as const;
  const candidates = someRows(prepared.dataset, part, mostRows);
  const readings = await Promise.all(
    shots.map(async (count) => tokensToRead(await rowsOf(candidates, count), part, config.hidden)),
  );
  const tokens = readings.reduce((sum, own) => sum + own, 0);
  const affordable = (products / (tokens * context.parameters)) * candidates[part].length;
  const count = Math.max(1, affordable, Math.min(fewestRows, patience * affordable));
  const few = someRows(candidates, part, Math.floor(count));
  const setup = createSetup({ architecture, config, head: asked.head, method: null });
  const weights = await loadWeights({ base, setup, seed: 0, beside });
  const machine = new Machine({ ...options, runtime: await Runtime.open(), setup, base, weights });
  const answerer = createAnswerer({ ...options, mapped: weights.mapped, machine });
  const figureOf = async (count: number): Promise<AccuracyFigure | null> => {
    const rows = await rowsOf(few, count);
    const { figure } = await rows.predict(answerer, part, { before: null, watch });
    return 'accuracy' in figure ? figure : null;
  };
  try {
    const [bare, shown] = shots;
    return { zeroShot: await figureOf(bare), fewShot: await figureOf(shown), shots: shown };
  } finally {
    await answerer.dispose();
    await machine.release();
  }
}
