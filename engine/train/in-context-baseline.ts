/** What the model answers in a prompt, without examples and with some: what can be had without any training. */
import { Runtime } from '../runtime/session.ts';
import { inContextPreset } from '../spec/methods/in-context.ts';
import type { AccuracyFigure, InContextFigures } from '../spec/metrics.ts';
import type { Dataset } from '../data/dataset.ts';
import { choosePrompt } from '../tasks/prompted/context.ts';
import type { Part, Watch } from '../tasks/task.ts';
import { createAnswerer, type AnswererOptions } from './answerer.ts';
import { Machine } from './machine.ts';
import { missingWeight, parameterCount, taskModel, type PreparedRun } from './prepare.ts';
import { languageHead } from './prompt.ts';
import { createSetup } from './setup.ts';
import { loadWeights } from './weights.ts';

/** Rows that are asked, at most: a prompt is long, and each label is read behind it. */
const mostRows = 200;
const fewestRows = 20;
/** Floating-point operations that all of it may take: a minute at the rate that estimates count with, two threads; chosen, not measured. */
const operations = 5e12;
/** Tokens that a question with its examples is taken to have: chosen, so that a bound stands before a row is tokenised. */
const usualTokens = 300;
/** Longest prompt. */
const room = 1024;

export interface InContextOptions {
  readonly part: Part;
  readonly watch: Watch;
  readonly options: Omit<AnswererOptions, 'machine' | 'mapped'>;
}

/** Null where a run asks in a prompt itself, where answers are written or are not single ones, and where the files have no language model. */
export async function inContextBaseline(
  prepared: PreparedRun,
  { part, watch, options }: InContextOptions,
): Promise<InContextFigures | null> {
  const { architecture, config, base, task, dataset } = prepared;
  const solved = prepared.prompt || task.ask ? null : (task.solved?.(dataset, 'train') ?? null);
  const head = languageHead(architecture, config);
  if (!solved || !head || missingWeight(head, prepared) !== null) return null;
  const context = { task: task.name, architecture: architecture.type, parameters: parameterCount(prepared) };
  const settings = inContextPreset('balanced', context);
  const setup = createSetup({ architecture, config, head, method: null });
  const weights = await loadWeights({ base, setup, seed: 0 });
  const machine = new Machine({ ...options, runtime: await Runtime.open(), setup, base, weights });
  const answerer = createAnswerer({ ...options, mapped: weights.mapped, machine });
  const few = firstRows(prepared, part, context.parameters);
  const figureOf = async (shots: number): Promise<AccuracyFigure | null> => {
    const prompt = choosePrompt(solved, { ...settings, shots });
    const model = taskModel(prepared, Math.min(room, config.maxLength), { prompt });
    const rows = await task.prepare(few, model, { head, labels: dataset.labels });
    const { figure } = await rows.predict(answerer, part, { before: null, watch });
    return 'accuracy' in figure ? figure : null;
  };
  try {
    const zeroShot = await figureOf(0);
    return { zeroShot, fewShot: settings.shots === 0 ? null : await figureOf(settings.shots), shots: settings.shots };
  } finally {
    await answerer.dispose();
    await machine.release();
  }
}

/** The data set with the first rows of the part alone, as many as can be asked in bearable time. */
function firstRows({ dataset }: PreparedRun, part: Part, parameters: number): Dataset {
  const answers = Math.max(2, dataset.labels.length);
  const affordable = Math.floor(operations / (2 * parameters * usualTokens * answers));
  const count = Math.min(mostRows, Math.max(fewestRows, affordable));
  return { ...dataset, train: [], validation: [], test: [], [part]: dataset[part].slice(0, count) };
}
