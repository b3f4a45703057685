/** `metrics.json`: what a finished run measured. */
import type { TaskName } from './tasks.ts';

export interface AccuracyFigure {
  readonly accuracy: number;
  readonly n: number;
  /** Wilson score interval, 95 %. */
  readonly interval: readonly [number, number];
  /** Other measures of the same answers: macroF1, mcc, auroc. */
  readonly values?: Readonly<Record<string, number>>;
}

export interface PerplexityFigure {
  /** Mean negative log-likelihood a label token, in nats. */
  readonly loss: number;
  readonly perplexity: number;
  /** Rows measured. */
  readonly n: number;
}

/** A score that is no share of rows: higher is better, 1 is perfect. */
export interface ScoreFigure {
  readonly score: number;
  /** Rows measured. */
  readonly n: number;
  /** Other measures of the same answers, as the field counts them. */
  readonly values: Readonly<Record<string, number>>;
}

export type Figure = AccuracyFigure | PerplexityFigure | ScoreFigure;

/** The measure a task is judged by. */
export const metricNames = [
  'accuracy',
  'perplexity',
  'micro-f1',
  'pearson',
  'entity-f1',
  'tag-accuracy',
  'answer-f1',
  'chrf',
  'rouge-l',
] as const;
export type MetricName = (typeof metricNames)[number];

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

/** What the model as it came answers in a prompt, on the first of the measured rows. */
export interface InContextFigures {
  readonly zeroShot: AccuracyFigure | null;
  readonly fewShot: AccuracyFigure | null;
  /** Examples in the prompt of `fewShot`. */
  readonly shots: number;
}

export interface Metrics {
  readonly task: TaskName;
  readonly metric: MetricName;
  /** Which rows were measured. */
  readonly measuredOn: 'test' | 'validation' | null;
  readonly tuned: Figure | null;
  /** Where nothing was learned: rows were asked in a prompt with so many examples, and `untrained` is the same without them. */
  readonly prompted?: { readonly shots: number };
  /** `majority`: always the most frequent training label; null for language models. */
  readonly baselines: {
    readonly untrained: Figure | null;
    readonly majority: AccuracyFigure | null;
    /** Absent where a model cannot be asked in a prompt, where `prompted` says it all, and in runs from before. */
    readonly inContext?: InContextFigures;
  } | null;
  readonly train: TrainFigures;
}

/** One line of `predictions.jsonl`. `untrained` is what the untuned model said, where it was asked. */
export type Prediction =
  | {
      readonly row: number;
      readonly text: string;
      /** The second text of a pair. */
      readonly pair?: string;
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
    }
  | ScoredPrediction;

/** A row whose answer is more or less right. */
export interface ScoredPrediction {
  readonly row: number;
  /** As the model read it, what it should have said, and what it said. */
  readonly input: string;
  readonly expected: string;
  readonly prediction: string;
  readonly untrained?: string;
  /** 0 … 1, or for numbers minus the squared error; of the untrained model where it was asked. */
  readonly score: number;
  readonly untrainedScore?: number;
  readonly loss?: number;
  readonly untrainedLoss?: number;
  readonly logits?: readonly number[];
  readonly detail: PredictionDetail;
}

/** A piece of a text in Unicode code points, the end exclusive. */
export interface LabelledSpan {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

/** What a row's answer is made of, and all that is needed to ask it again. */
export type PredictionDetail =
  | {
      readonly kind: 'labels';
      readonly text: string;
      readonly pair?: string;
      readonly expected: readonly string[];
      readonly predicted: readonly string[];
    }
  | {
      readonly kind: 'number';
      readonly text: string;
      readonly pair?: string;
      readonly expected: number;
      readonly predicted: number;
    }
  | {
      readonly kind: 'spans';
      readonly text: string;
      /** Words by their places, with the tag that each should have. */
      readonly words: readonly { readonly start: number; readonly end: number; readonly tag: string }[];
      readonly expected: readonly LabelledSpan[];
      readonly predicted: readonly LabelledSpan[];
      /** Tag of each word. */
      readonly tags: readonly string[];
    }
  | {
      readonly kind: 'answer';
      readonly question: string;
      readonly context: string;
      readonly answers: readonly { readonly text: string; readonly start: number }[];
      /** Null: the passage does not answer. */
      readonly predicted: { readonly text: string; readonly start: number; readonly end: number } | null;
    }
  | {
      readonly kind: 'choice';
      readonly question: string;
      readonly context?: string;
      readonly choices: readonly string[];
      readonly expected: number;
      readonly predicted: number;
      /** Of each choice; the highest is taken. */
      readonly scores: readonly number[];
    }
  | { readonly kind: 'text'; readonly source: string; readonly target: string };

/** The room of a prompt in tokens. */
export interface PromptBudget {
  /** Of each example that is to be shown, its delimiter included. */
  readonly tokensPerExample: readonly number[];
  /** Of the longest row that is asked, with the template and its answer. */
  readonly question: number;
  /** Examples that fit beside it. */
  readonly fits: number;
  /** Of the longest prompt. */
  readonly used: number;
  readonly limit: number;
}

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
  /** Where nothing is learned and rows are asked in a prompt. */
  readonly prompt?: PromptBudget;
}
