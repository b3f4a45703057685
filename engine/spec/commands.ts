/** What the engine's process can be asked: the request and reply of each command, and its news while it works. */
import type { DatasetView, RowView } from './dataset.ts';
import type { RunEvent } from './events.ts';
import type { ExportFormat, GgufQuantisation } from './exports.ts';
import type { GenerationRequest } from './generation.ts';
import type { Estimate, Figure, MetricName, Metrics, Prediction, PredictionDetail } from './metrics.ts';
import type { MethodConfig, SupportedMethod } from './methods/index.ts';
import type { Columns, TaskName } from './tasks.ts';

/** A recipe as the user wrote it, where its relative paths start, and where its model lies on this computer. */
export interface RunRequest {
  readonly recipe: unknown;
  readonly folder: string;
  readonly modelPath: string;
}

export interface DataRequest {
  readonly train: readonly string[];
  readonly validation: readonly string[] | null;
  readonly test: readonly string[] | null;
  readonly task: TaskName | null;
  readonly columns: Columns | null;
  readonly split: { readonly validation: number; readonly test: number; readonly seed: number };
}

export interface ModelSummary {
  readonly path: string;
  readonly name: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly bytes: number;
  /** Tokens a row at most; null: no limit. */
  readonly contextLength: number | null;
  readonly layers: number;
  readonly hidden: number;
  /** Tasks this architecture can be trained for. */
  readonly tasks: readonly TaskName[];
}

/** What a model is asked; tasks read different parts of it. */
export interface Question {
  /** The text, the question or the source. */
  readonly prompt: string;
  /** The second text of a pair. */
  readonly pair?: string;
  /** The passage that a question is about. */
  readonly context?: string;
  readonly choices?: readonly string[];
}

/** With the settings of `GenerationSettings`; what is left out is at its default. */
export interface GenerateRequest extends GenerationRequest, Question {
  readonly modelPath: string;
  /** Folder of an adapter, or null for the base model as it came. */
  readonly adapter: string | null;
  /** With a prompt as adapter: its template without its examples. */
  readonly withoutExamples?: boolean;
  /** With a null adapter: a run's baseline.json, for what the untrained model says of categories. */
  readonly baseline?: string;
  /** With a null adapter: the task it is asked for, so that it is asked as its tuned version is. */
  readonly task?: TaskName;
}

/** An adapter that was trained elsewhere. */
export interface ImportRequest {
  /** Its folder: PEFT's or AdapterHub's. */
  readonly folder: string;
  /** The base model it is for; what the adapter's own files name is shown and never opened. */
  readonly modelPath: string;
  /** Null: as its files say, where they leave no choice. */
  readonly task: TaskName | null;
  /** Names of the answers, in the order of the logits; null: as its files say, or LABEL_0 and so on. */
  readonly labels: readonly string[] | null;
  /** Where the adapter folder is written. */
  readonly out: string;
}

export interface ImportReport {
  readonly folder: string;
  readonly method: SupportedMethod;
  readonly task: TaskName;
  readonly labels: readonly string[];
  /** The base model as the adapter's files call it. */
  readonly namedBase: string | null;
  /** Parameters that learned. */
  readonly parameters: number;
  /** Tensors of its file that nothing asks for. */
  readonly ignored: readonly string[];
}

/** What a run that goes on from an adapter finds settled. */
export interface AdapterSettings {
  readonly method: MethodConfig;
  readonly task: TaskName;
  /** In the order of the logits; none where it has no answers of its own. */
  readonly labels: readonly string[];
}

export interface ExportRequest {
  /** Folder of a run. */
  readonly run: string;
  readonly modelPath: string;
  readonly to: ExportFormat;
  readonly out: string;
  /** GGUF: how matrices are stored; F16 unless said otherwise. */
  readonly quantisation?: GgufQuantisation;
  /** Bytes of a file of a model folder at most. */
  readonly shardBytes?: number;
}

export interface ExportReport {
  readonly folder: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** Rows answered again from the files. Of a coarser number format some may differ: the files are then kept. */
  readonly replay: { readonly matched: number; readonly of: number; readonly largestDifference: number };
}

export interface EvaluateReport {
  readonly task: TaskName;
  readonly metric: MetricName;
  readonly figure: Figure;
  readonly predictions: readonly Prediction[];
}

export interface Answer {
  readonly text: string;
  /** Categories with their probabilities, best first; null for language models. */
  readonly scores: readonly { readonly label: string; readonly probability: number }[] | null;
  /** Spans, the place of an answer, scores of choices; null where the text says all. */
  readonly detail: PredictionDetail | null;
  readonly tokens: number;
  readonly seconds: number;
}

/** Each command: request, reply, and the news it sends while it works. */
export interface Commands {
  describeData: { request: DataRequest; reply: DatasetView; news: Progress };
  dataRows: {
    request: DataRequest & { readonly offset: number; readonly limit: number };
    reply: { readonly total: number; readonly rows: readonly RowView[] };
    news: never;
  };
  inspectModel: { request: { readonly modelPath: string }; reply: ModelSummary; news: never };
  /** From a formula, without running the model. */
  estimate: { request: RunRequest; reply: Estimate; news: never };
  /** From two real steps on the longest rows. */
  measure: { request: RunRequest; reply: Estimate; news: Progress };
  /** `out` is the run folder; with `resume` it goes on from the newest checkpoint in it. */
  train: { request: RunRequest & { readonly out: string; readonly resume: boolean }; reply: Metrics; news: RunEvent };
  evaluate: {
    request: {
      readonly modelPath: string;
      readonly adapter: string;
      readonly data: string;
      readonly columns: Columns | null;
    };
    reply: EvaluateReport;
    news: Progress;
  };
  /** Streams text pieces; models stay loaded in the process between calls. */
  generate: { request: GenerateRequest; reply: Answer; news: { readonly text: string } };
  export: {
    request: ExportRequest;
    reply: ExportReport;
    news: Progress;
  };
  importAdapter: { request: ImportRequest; reply: ImportReport; news: never };
  /** Of an adapter folder of a run, or one that was taken in. */
  adapterSettings: { request: { readonly adapter: string }; reply: AdapterSettings; news: never };
}
export type CommandName = keyof Commands;

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly note: string;
}

/** How a command under way is steered; checked between steps. */
export interface Control {
  readonly signal: AbortSignal;
  wish(): 'run' | 'pause' | 'stop';
  /** Resolves when the wish changes or the signal aborts. */
  changed(): Promise<void>;
}

/** How the engine implements a command. */
export type CommandHandler<N extends CommandName> = (
  request: Commands[N]['request'],
  news: (item: Commands[N]['news']) => void,
  control: Control,
) => Promise<Commands[N]['reply']>;
