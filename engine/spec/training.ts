/** The training loop's settings: limits, help, and the preset of each method, task and model size. */
import { z } from 'zod';
import { field, type PresetContext, type PresetName } from './methods/common.ts';
import { learns, type SupportedMethod } from './methods/index.ts';
import { writesText, type TaskName } from './tasks.ts';
import { scheduleNames } from './schedule.ts';

export const trainingSchema = z.strictObject({
  epochs: field(z.number().positive().max(1000), {
    label: 'Passes over the rows',
    term: 'epochs',
    unit: 'passes',
    help: 'How often each row is learned from. More passes take longer and may memorise.',
    steps: [1, 2, 3, 5, 10, 20, 40],
  }),
  maxSteps: field(z.int().min(1).max(10_000_000).nullable(), {
    label: 'Steps at most',
    term: 'max steps',
    unit: 'steps',
    advanced: true,
    help: 'Ends the run after this many updates, whatever the passes say.',
  }),
  batchSize: field(z.int().min(1).max(4096), {
    label: 'Rows at a time',
    term: 'batch size',
    unit: 'rows',
    help: 'Rows read together before the weights move. Fewer rows need less memory.',
    steps: [1, 2, 4, 8, 16, 32, 64],
  }),
  gradientAccumulation: field(z.int().min(1).max(1024), {
    label: 'Batches a step',
    term: 'gradient accumulation',
    unit: 'batches',
    advanced: true,
    help: 'Adds up several batches before the weights move: the effect of a larger batch without its memory.',
    steps: [1, 2, 4, 8, 16, 32],
  }),
  maxLength: field(z.int().min(8).max(131_072), {
    label: 'Longest text',
    term: 'max length',
    unit: 'tokens',
    help: 'Longer rows lose their end. Memory grows with it.',
    steps: [32, 64, 128, 256, 512, 1024],
  }),
  learningRate: field(z.number().positive().max(10), {
    label: 'Step size',
    term: 'learning rate',
    help: 'How far the weights move in a step. Too large and it never settles; too small and nothing is learned.',
    steps: [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.3],
  }),
  schedule: field(z.enum(scheduleNames), {
    label: 'How the step size falls',
    term: 'schedule',
    advanced: true,
    help: 'Linear, cosine and polynomial fall to zero; with restarts it rises again twice; warmup-stable-decay falls in the last fifth only; with a minimum a tenth is left; inverse-sqrt falls ever more slowly; constant stays.',
  }),
  warmup: field(z.number().min(0).max(1), {
    label: 'Gentle start',
    term: 'warm-up',
    unit: 'of the run',
    advanced: true,
    help: 'Share of the run in which the step size rises from zero.',
    steps: [0, 0.03, 0.06, 0.1, 0.2],
  }),
  weightDecay: field(z.number().min(0).max(1), {
    label: 'Pull towards zero',
    term: 'weight decay',
    advanced: true,
    help: 'Shrinks weights a little in each step; helps against memorising.',
    steps: [0, 0.001, 0.01, 0.05, 0.1],
  }),
  maxGradNorm: field(z.number().positive().max(1e6).nullable(), {
    label: 'Limit of a correction',
    term: 'gradient clipping norm',
    advanced: true,
    help: 'A step’s correction is scaled down to this length. Empty: no limit.',
    steps: [0.3, 1, 5],
  }),
  seed: field(z.int().min(0).max(4_294_967_295), {
    label: 'Seed',
    term: 'seed',
    advanced: true,
    help: 'The same seed gives the same run on the same computer.',
  }),
  optimizer: field(z.enum(['adamw']), {
    label: 'Rule of the steps',
    term: 'optimizer',
    advanced: true,
    help: 'AdamW, as PyTorch has it.',
  }),
  evaluationsPerEpoch: field(z.number().positive().max(100), {
    label: 'Checks a pass',
    term: 'evaluations per epoch',
    advanced: true,
    help: 'How often the held-out check rows are measured.',
  }),
  earlyStopping: field(z.int().min(1).max(1000).nullable(), {
    label: 'Patience',
    term: 'early stopping',
    unit: 'checks',
    advanced: true,
    help: 'Stops after this many checks without improvement. Empty: runs to the end.',
  }),
  checkpointSeconds: field(z.number().min(0).max(86_400), {
    label: 'Safe point every',
    term: 'checkpoint interval',
    unit: 's',
    advanced: true,
    help: 'A crash loses at most this much work.',
  }),
});
export type TrainingConfig = z.infer<typeof trainingSchema>;

/** Learning rates that suit a method, by task and model size; each method has its own scale. */
const learningRates: Readonly<Record<SupportedMethod, (context: PresetContext) => number>> = {
  full: ({ task, parameters }) => (writesText(task) ? 5e-5 : (parameters ?? 0) < 50e6 ? 2e-4 : 3e-5),
  'linear-probe': ({ task }) => (writesText(task) ? 1e-4 : 2e-2),
  lora: ({ task, parameters }) =>
    writesText(task) ? ((parameters ?? 0) < 500e6 ? 1e-3 : 2e-4) : (parameters ?? 0) < 50e6 ? 2e-3 : 5e-4,
  // Houlsby's and AdapterHub's rates, larger where the model is small.
  adapter: ({ task, parameters }) =>
    writesText(task) ? ((parameters ?? 0) < 500e6 ? 1e-3 : 2e-4) : (parameters ?? 0) < 50e6 ? 2e-3 : 5e-4,
  // Few vectors far from the loss: 10 to 100 times LoRA's.
  prefix: ({ task }) => (writesText(task) ? 5e-3 : 1e-2),
  prompt: ({ task }) => (writesText(task) ? 3e-2 : 5e-2),
  'p-tuning': ({ task }) => (writesText(task) ? 3e-3 : 5e-3),
  'p-tuning-v2': () => 1e-2,
  // Nothing is learned.
  'in-context': () => 1e-3,
  // The paper's, for billions of parameters; small models need more.
  ia3: ({ parameters }) => ((parameters ?? 0) < 500e6 ? 1e-2 : 3e-3),
};

/** Passes, rows at a time and longest row that suit a task; a text to write tells more than a label, a passage takes more room. */
interface Shape {
  readonly epochs: Readonly<Record<PresetName, number>>;
  readonly batchSize: number;
  readonly maxLength: number;
}

const labelled: Shape = { epochs: { quick: 4, balanced: 10, thorough: 20 }, batchSize: 16, maxLength: 128 };
const written: Shape = { epochs: { quick: 1, balanced: 3, thorough: 6 }, batchSize: 4, maxLength: 256 };

const shapes: Readonly<Record<TaskName, Shape>> = {
  'text-classification': labelled,
  'token-classification': labelled,
  'question-answering': { epochs: { quick: 2, balanced: 5, thorough: 10 }, batchSize: 8, maxLength: 384 },
  // Every choice is a row.
  'multiple-choice': { epochs: { quick: 3, balanced: 6, thorough: 12 }, batchSize: 4, maxLength: 128 },
  'text-generation': written,
  chat: written,
  translation: written,
  summarization: { ...written, maxLength: 384 },
};

/** Longest row that suits a method whatever the task: a prompt is many rows long, and room that it does not need costs nothing. */
const lengths: Readonly<Partial<Record<SupportedMethod, number>>> = { 'in-context': 2048 };

/** Settings that a method uses: of those of the loop, one that takes no steps needs only the room for a row. */
export function trainingSettings(method: SupportedMethod): readonly string[] {
  return learns(method) ? Object.keys(trainingSchema.shape) : ['maxLength'];
}

export function trainingPreset(method: SupportedMethod, preset: PresetName, context: PresetContext): TrainingConfig {
  const { epochs, batchSize, maxLength } = shapes[context.task];
  return {
    epochs: epochs[preset],
    maxSteps: null,
    batchSize,
    gradientAccumulation: 1,
    maxLength: lengths[method] ?? maxLength,
    learningRate: learningRates[method](context),
    schedule: 'linear',
    warmup: 0.06,
    weightDecay: 0.01,
    maxGradNorm: 1,
    seed: 1,
    optimizer: 'adamw',
    evaluationsPerEpoch: 1,
    earlyStopping: null,
    checkpointSeconds: 30,
  };
}
