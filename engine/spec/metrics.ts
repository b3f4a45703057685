/** `metrics.json`: what a finished run measured. */
import type { TaskName } from './tasks.ts';

export interface AccuracyFigure {
  readonly accuracy: number;
  readonly n: number;
  /** Wilson score interval, 95 %. */
  readonly interval: readonly [number, number];
}

export interface PerplexityFigure {
  /** Mean negative log-likelihood a label token, in nats. */
  readonly loss: number;
  readonly perplexity: number;
  /** Rows measured. */
  readonly n: number;
}

export type Figure = AccuracyFigure | PerplexityFigure;

export interface TrainFigures {
  readonly steps: number;
  /** Rows passed through training, epochs counted. */
  readonly rows: number;
  readonly tokens: number;
  /** From the first batch being prepared to the last update, without loading and evaluation. */
  readonly seconds: number;
  /** Highest resident set of the engine's process, libraries and mapped weights included. */
  readonly peakMemoryBytes: number;
  readonly finalLoss: number;
  readonly precision: string;
  readonly device: string;
}

export interface Metrics {
  readonly task: TaskName;
  readonly metric: 'accuracy' | 'perplexity';
  /** Which rows were measured. */
  readonly measuredOn: 'test' | 'validation' | null;
  readonly tuned: Figure | null;
  /** `majority`: always the most frequent training label; null for language models. */
  readonly baselines: { readonly untrained: Figure | null; readonly majority: AccuracyFigure | null } | null;
  readonly train: TrainFigures;
}

/** One line of `predictions.jsonl`. `untrained` is what the untuned model said, where it was asked. */
export type Prediction =
  | {
      readonly row: number;
      readonly text: string;
      readonly label: string;
      readonly prediction: string;
      readonly logits: readonly number[];
      readonly untrained?: string;
    }
  | {
      readonly row: number;
      readonly prompt: string;
      readonly expected: string;
      readonly prediction: string;
      readonly untrained?: string;
      /** The whole conversation, where it is more than one question and its answer. */
      readonly messages?: readonly { readonly role: string; readonly content: string }[];
      /** Mean loss a label token, tuned and untrained. */
      readonly loss?: number;
      readonly untrainedLoss?: number;
    };

export interface Estimate {
  readonly peakMemoryBytes: number;
  readonly seconds: number;
  readonly diskBytes: number;
  /** Where the memory goes, in bytes. */
  readonly parts: Readonly<Record<'runtime' | 'weights' | 'trainable' | 'optimizer' | 'activations' | 'data', number>>;
  /** Seconds a step and how it was found. */
  readonly secondsPerStep: number;
  readonly steps: number;
  readonly source: 'formula' | 'measured';
  readonly trainableParameters: number;
  readonly totalParameters: number;
  readonly adapterBytes: number;
}
