/** What the window is told: plain data, one type a thing shown. */
import type { Estimate, Metrics, PredictionDetail } from '../../engine/spec/metrics.ts';
import type { Json } from '../../engine/spec/json.ts';
import type { MethodName, SupportedMethod } from '../../engine/spec/methods/index.ts';
import type { PresetName } from '../../engine/spec/methods/common.ts';
import type { TaskName } from '../../engine/spec/tasks.ts';
import type { DatasetView } from '../../engine/spec/dataset.ts';
import type { ExportFormat, Unreachable } from '../../engine/spec/exports.ts';
import type { ErrorEnvelope } from '../../engine/spec/errors.ts';

export interface ComputerView {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  readonly freeDiskBytes: number;
  /** The graphics card in use, or null. */
  readonly gpu: string | null;
  readonly platform: string;
  readonly version: string;
}

/** The wizard's steps in their order; also the ticket's lines. */
export const steps = [
  'data',
  'goal',
  'model',
  'method',
  'settings',
  'fit',
  'train',
  'result',
  'try',
  'export',
] as const;
export type Step = (typeof steps)[number];

export interface ProjectView {
  readonly id: string;
  readonly name: string;
  readonly sample: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly savedAt: string;
  readonly draft: ProjectDraft;
  readonly dataset: DatasetView | null;
  /** The newest run of the project, if any. */
  readonly latestRun: RunView | null;
}

/** Every decision of the wizard; null means not taken yet. */
export interface ProjectDraft {
  readonly step: Step;
  readonly task: TaskName | null;
  readonly destination: Destination | null;
  readonly model: string | null;
  readonly method: SupportedMethod | null;
  /** The adapter whose training goes on; goal, model, method and what the adapter is are its own then. Null: it starts anew. */
  readonly start: DraftStart | null;
  readonly preset: PresetName;
  /** Settings that differ from the preset. */
  readonly methodChanges: Readonly<Record<string, Json>>;
  readonly trainingChanges: Readonly<Record<string, Json>>;
  readonly estimate: Estimate | null;
}

export interface DraftStart {
  readonly runId: string;
  /** Of its run. */
  readonly name: string;
  /** The method's settings as the adapter has them. */
  readonly method: Readonly<Record<string, Json>>;
  /** In the order of its answers; none where it has none of its own. */
  readonly labels: readonly string[];
}

export const destinations = ['here', 'peft', 'ollama', 'lm-studio', 'onnx'] as const;
export type Destination = (typeof destinations)[number];

export type { DatasetView, Finding, RowView } from '../../engine/spec/dataset.ts';

export interface ModelView {
  readonly id: string;
  readonly name: string;
  readonly publisher: string;
  readonly licence: string;
  readonly languages: readonly string[];
  readonly parameters: number;
  readonly architecture: string;
  readonly bytes: number;
  /** Tokens it reads at most; null: no limit. */
  readonly contextLength: number | null;
  readonly tasks: readonly TaskName[];
  readonly goodAt: string;
  readonly state: 'ready' | 'absent' | 'downloading' | 'paused';
  readonly local: boolean;
  readonly fits: 'fits' | 'tight' | 'too-big';
  readonly download: DownloadView | null;
}

export interface DownloadView {
  readonly model: string;
  readonly state: 'running' | 'paused' | 'verifying' | 'done' | 'failed' | 'cancelled';
  readonly bytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  readonly error: ErrorEnvelope | null;
}

export interface MethodView {
  readonly name: MethodName;
  readonly supported: boolean;
  /** Why it cannot go with the goal and the model; null when it can, and while they are not chosen. */
  readonly obstacle: ErrorEnvelope | null;
  readonly recommended: boolean;
  readonly trainableParameters: number | null;
  readonly share: number | null;
  readonly estimate: Estimate | null;
  readonly destinations: readonly Destination[];
}

export interface SettingsForm {
  readonly preset: PresetName;
  /** JSON Schema of `method` and `training`, each property with label, term, unit, help, limits and default. */
  readonly method: Json;
  readonly training: Json;
  readonly values: {
    readonly method: Readonly<Record<string, Json>>;
    readonly training: Readonly<Record<string, Json>>;
  };
  readonly defaults: {
    readonly method: Readonly<Record<string, Json>>;
    readonly training: Readonly<Record<string, Json>>;
  };
  /** Estimated seconds of each preset. */
  readonly seconds: Readonly<Record<PresetName, number | null>>;
}

export const runStates = [
  'queued',
  'starting',
  'running',
  'paused',
  'finished',
  'stopped',
  'cancelled',
  'failed',
  'interrupted',
] as const;
export type RunState = (typeof runStates)[number];

export interface RunView {
  readonly id: string;
  readonly projectId: string | null;
  readonly name: string;
  readonly state: RunState;
  readonly task: TaskName;
  readonly method: SupportedMethod;
  readonly model: string;
  readonly folder: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly step: number;
  readonly steps: number;
  readonly keptStep: number | null;
  readonly secondsLeft: number | null;
  readonly memoryBytes: number;
  readonly phase: string | null;
  readonly metrics: Metrics | null;
  readonly error: ErrorEnvelope | null;
}

export interface RunSeries {
  readonly steps: readonly {
    readonly step: number;
    readonly loss: number;
    readonly learningRate: number;
    readonly gradNorm: number;
    readonly rowsPerSecond: number;
    readonly memoryBytes: number;
  }[];
  readonly evaluations: readonly {
    readonly step: number;
    readonly epoch: number;
    readonly loss: number;
    readonly metrics: Readonly<Record<string, number>>;
    readonly kept: boolean;
  }[];
  readonly samples: readonly {
    readonly row: number;
    readonly text: string;
    readonly expected: string;
    readonly prediction: string;
    readonly confidence: number | null;
  }[];
  readonly stepsPerEpoch: number;
  /** Rows that lost their end, and rows in all. */
  readonly truncatedRows: number;
}

/** Rows with their answers, measured; of rows measured anew nothing is known of the untrained model. */
export interface MeasuredView {
  readonly metrics: Omit<Metrics, 'train'>;
  /** Paired difference tuned − untrained with its 95 % interval; null where it cannot be made. */
  readonly gain: { readonly value: number; readonly interval: readonly [number, number] } | null;
  /** counts[expected][predicted]; null for language models. */
  readonly confusion: { readonly labels: readonly string[]; readonly counts: readonly (readonly number[])[] } | null;
  /** True and predicted numbers of the first rows; null for other tasks. */
  readonly numbers: readonly { readonly expected: number; readonly predicted: number }[] | null;
  readonly fixed: readonly ResultRow[];
  readonly broken: readonly ResultRow[];
  readonly wrong: readonly ResultRow[];
  readonly totals: { readonly fixed: number; readonly broken: number; readonly wrong: number; readonly rows: number };
}

/** What a run measured in the end. */
export interface ResultView extends MeasuredView {
  readonly metrics: Metrics;
  /** Wording code and data of the verdict sentence. */
  readonly verdict: { readonly code: string; readonly data: Readonly<Record<string, string | number>> };
}

export interface ResultRow {
  readonly row: number;
  readonly text: string;
  readonly expected: string;
  readonly tuned: string;
  readonly untrained: string;
  /** The second text of a pair. */
  readonly pair: string | null;
  /** Spans, the place of an answer, scores of choices, labels, numbers, of the tuned model; null where the text says all. */
  readonly detail: PredictionDetail | null;
}

/** Piece of an answer while it is being made. */
export interface AnswerEvent {
  readonly id: string;
  readonly side: 'base' | 'tuned';
  /** Text to append; for categories the whole answer at once. */
  readonly text: string;
  readonly done: boolean;
  /** Categories with their probabilities, best first. */
  readonly scores: readonly { readonly label: string; readonly probability: number }[] | null;
  /** With `done`: spans, the place of an answer, scores of choices. */
  readonly detail: PredictionDetail | null;
  readonly error: ErrorEnvelope | null;
}

export interface ImportView {
  readonly run: RunView;
  /** The base model as the adapter's files call it; it was not opened. */
  readonly namedBase: string | null;
  /** Tensors of the adapter that nothing asks for. */
  readonly ignored: readonly string[];
}

export interface ExportChoice {
  readonly format: ExportFormat;
  /** Why a run's result cannot be taken there: a wording code; null where it can. */
  readonly reason: Unreachable | null;
}

export interface ExportView {
  readonly destination: ExportFormat;
  readonly folder: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly replay: { readonly matched: number; readonly of: number; readonly largestDifference: number };
  readonly snippet: string;
}

export interface SettingsView {
  readonly theme: 'system' | 'light' | 'dark';
  readonly expert: boolean;
  readonly offline: boolean;
  /** 0 takes all cores. */
  readonly threads: number;
  /** How answers are written where one tries a model, by goal: the settings that are not at their default. */
  readonly writing: Readonly<Partial<Record<TaskName, Readonly<Record<string, Json>>>>>;
  readonly folder: string;
}

export interface ConnectionView {
  readonly time: string;
  readonly url: string;
  readonly bytes: number;
  readonly outcome: string;
}
