/** News of a run, as the trainer emits it and `events.jsonl` keeps it: codes and numbers, never sentences. */
import type { Metrics } from './metrics.ts';

export type Phase =
  'loading' | 'reading' | 'tokenizing' | 'baseline' | 'training' | 'evaluating' | 'testing' | 'saving';

export type RunEvent = { readonly time: number } & (
  | { readonly type: 'phase'; readonly phase: Phase; readonly done: number; readonly total: number }
  | {
      readonly type: 'plan';
      /** Optimizer steps of the whole run, and how many steps make one pass over the rows. */
      readonly steps: number;
      readonly stepsPerEpoch: number;
      readonly rows: { readonly train: number; readonly validation: number; readonly test: number };
      readonly trainableParameters: number;
      readonly totalParameters: number;
      readonly truncatedRows: number;
      readonly device: string;
    }
  | {
      readonly type: 'step';
      /** Updates done so far, counted from 1. */
      readonly step: number;
      readonly epoch: number;
      /** Mean over the labels of the step. */
      readonly loss: number;
      readonly learningRate: number;
      readonly gradNorm: number;
      readonly rows: number;
      readonly tokens: number;
      /** Seconds of training so far, without loading and evaluation. */
      readonly seconds: number;
      /** Resident set of the engine's process. */
      readonly memoryBytes: number;
    }
  | {
      readonly type: 'evaluation';
      readonly step: number;
      readonly epoch: number;
      readonly loss: number;
      /** Named as in metrics.json: accuracy, perplexity … */
      readonly metrics: Readonly<Record<string, number>>;
      /** True when this is the best so far and its weights are kept. */
      readonly kept: boolean;
      readonly samples: readonly EvaluationSample[];
    }
  | { readonly type: 'checkpoint'; readonly step: number }
  | { readonly type: 'resumed'; readonly step: number }
  | { readonly type: 'paused'; readonly step: number }
  | { readonly type: 'continued'; readonly step: number }
  | { readonly type: 'stopped'; readonly step: number; readonly reason: 'asked' | 'early' }
  | { readonly type: 'finished'; readonly keptStep: number; readonly metrics: Metrics }
);

/** One validation row as the model answered it at an evaluation. */
export interface EvaluationSample {
  readonly row: number;
  readonly text: string;
  readonly expected: string;
  readonly prediction: string;
  /** Probability of the prediction, classification only. */
  readonly confidence: number | null;
}

/** The event without its clock: what the trainer says; whoever writes it down adds the time. */
export type RunNews = RunEvent extends infer E ? (E extends unknown ? Omit<E, 'time'> : never) : never;
