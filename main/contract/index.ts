/** The one contract between a window and the studio: what may be asked, with what payload, and what news there is. */
import { z } from 'zod';
import type { Envelope } from '../../engine/spec/errors.ts';
import type { Estimate } from '../../engine/spec/metrics.ts';
import { exportFormats, ggufQuantisations } from '../../engine/spec/exports.ts';
import { presetNames } from '../../engine/spec/methods/common.ts';
import { supportedMethods } from '../../engine/spec/methods/index.ts';
import type { Json } from '../../engine/spec/json.ts';
import { anyColumns, taskNames } from '../../engine/spec/tasks.ts';
import {
  destinations,
  steps,
  type AnswerEvent,
  type ComputerView,
  type ConnectionView,
  type DatasetView,
  type DownloadView,
  type ExportChoice,
  type ExportView,
  type ImportView,
  type MeasuredView,
  type MethodView,
  type ModelView,
  type ProjectView,
  type ResultView,
  type RowView,
  type RunSeries,
  type RunView,
  type SettingsForm,
  type SettingsView,
} from './views.ts';

/** A call: the schema of its payload, and (in the type only) its reply. */
export interface Call<Payload extends z.ZodType, Reply> {
  readonly payload: Payload;
  /** Never set: carries the reply's type. */
  readonly reply?: Reply;
}

function call<Reply>() {
  return <Payload extends z.ZodType>(payload: Payload): Call<Payload, Reply> => ({ payload });
}

const id = z.string().min(1).max(100);
const nothing = z.strictObject({});
const ofProject = z.strictObject({ projectId: id });
const ofRun = z.strictObject({ runId: id });
const path = z.string().min(1).max(4096);
const json: z.ZodType<Json> = z.json();

export const contract = {
  computer: call<ComputerView>()(nothing),

  listProjects: call<readonly ProjectView[]>()(nothing),
  createProject: call<ProjectView>()(
    z.strictObject({
      name: z.string().min(1).max(200).optional(),
      sample: z.boolean().optional(),
      /** A run whose adapter is trained further. */
      start: id.optional(),
    }),
  ),
  getProject: call<ProjectView>()(ofProject),
  renameProject: call<ProjectView>()(z.strictObject({ projectId: id, name: z.string().min(1).max(200) })),
  /** Moves the project out of sight; `restoreProject` brings it back. */
  removeProject: call<null>()(ofProject),
  restoreProject: call<ProjectView>()(ofProject),
  /** Writes decisions of the wizard. */
  decide: call<ProjectView>()(
    z.strictObject({
      projectId: id,
      step: z.enum(steps).optional(),
      task: z.enum(taskNames).optional(),
      destination: z.enum(destinations).optional(),
      model: z.string().min(1).max(4096).optional(),
      method: z.enum(supportedMethods as [string, ...string[]]).optional(),
      /** A run whose adapter is trained further; null: it begins anew. */
      start: id.nullable().optional(),
      preset: z.enum(presetNames).optional(),
      methodChanges: z.record(z.string(), json).optional(),
      trainingChanges: z.record(z.string(), json).optional(),
    }),
  ),

  /** Reads files into the project's dataset; replaces what was there. */
  addData: call<DatasetView>()(
    z.strictObject({ projectId: id, train: z.array(path).min(1), test: z.array(path).optional() }),
  ),
  setMapping: call<DatasetView>()(z.strictObject({ projectId: id, columns: anyColumns })),
  setSplit: call<DatasetView>()(
    z.strictObject({
      projectId: id,
      validation: z.number().min(0).max(0.9),
      test: z.number().min(0).max(0.9),
      seed: z.int().min(0),
    }),
  ),
  rows: call<{ readonly total: number; readonly rows: readonly RowView[] }>()(
    z.strictObject({ projectId: id, offset: z.int().min(0), limit: z.int().min(1).max(500) }),
  ),

  listModels: call<readonly ModelView[]>()(z.strictObject({ task: z.enum(taskNames).optional() })),
  addModel: call<ModelView>()(z.strictObject({ path })),
  download: call<DownloadView>()(z.strictObject({ model: id })),
  pauseDownload: call<DownloadView>()(z.strictObject({ model: id })),
  cancelDownload: call<null>()(z.strictObject({ model: id })),

  listMethods: call<readonly MethodView[]>()(ofProject),
  settingsForm: call<SettingsForm>()(ofProject),

  /** The formula's estimate, at once. */
  estimate: call<Estimate>()(ofProject),
  /** Two measured steps on the longest rows. Long: news arrives as `job`. */
  measure: call<Estimate>()(ofProject),
  cancelMeasure: call<null>()(ofProject),

  startRun: call<RunView>()(ofProject),
  pauseRun: call<RunView>()(ofRun),
  continueRun: call<RunView>()(ofRun),
  /** Stops after the step under way and keeps the best version. */
  stopRun: call<RunView>()(ofRun),
  /** Ends the run now; keeps its last checkpoint. */
  cancelRun: call<RunView>()(ofRun),
  getRun: call<RunView>()(ofRun),
  listRuns: call<readonly RunView[]>()(nothing),
  runSeries: call<RunSeries>()(ofRun),
  runResult: call<ResultView>()(ofRun),
  /** Measures a run's adapter on the rows of a file, which hold the right answers. Long: news arrives as `job`. */
  evaluateRun: call<MeasuredView>()(z.strictObject({ runId: id, data: path })),
  cancelEvaluation: call<null>()(ofRun),
  /** Opens a run folder that a terminal made in the Library. */
  importRun: call<RunView>()(z.strictObject({ folder: path })),

  /** Takes in an adapter that was trained elsewhere; `model` is its base. It stands in the Library without figures. */
  importAdapter: call<ImportView>()(
    z.strictObject({
      folder: path,
      model: path,
      task: z.enum(taskNames).optional(),
      /** In the order of the logits. */
      labels: z.array(z.string().min(1).max(1000)).min(1).max(10_000).optional(),
    }),
  ),

  /** Asks base and tuned side by side; the answers arrive as `answer`. `settings`: those of `generationSchema` that are not at their default. */
  ask: call<{ readonly id: string }>()(
    z.strictObject({
      runId: id,
      prompt: z.string().min(1).max(100_000),
      settings: z.record(z.string(), json).optional(),
      /** The second text of a pair, the passage of a question, the answers to choose from. */
      pair: z.string().max(100_000).optional(),
      context: z.string().max(1_000_000).optional(),
      choices: z.array(z.string().min(1).max(10_000)).max(100).optional(),
    }),
  ),
  stopAnswer: call<null>()(z.strictObject({ id })),

  /** Every format, and why a run's result cannot go there. */
  listExports: call<readonly ExportChoice[]>()(ofRun),
  exportRun: call<ExportView>()(
    z.strictObject({
      runId: id,
      destination: z.enum(exportFormats),
      folder: path.optional(),
      /** Of a GGUF file; F16 unless said otherwise. */
      quantisation: z.enum(ggufQuantisations).optional(),
    }),
  ),

  getSettings: call<SettingsView>()(nothing),
  setSettings: call<SettingsView>()(
    z.strictObject({
      theme: z.enum(['system', 'light', 'dark']).optional(),
      expert: z.boolean().optional(),
      offline: z.boolean().optional(),
      threads: z.int().min(0).max(256).optional(),
      /** Replaces what was kept for these goals. */
      writing: z.partialRecord(z.enum(taskNames), z.record(z.string(), json)).optional(),
    }),
  ),
  connections: call<readonly ConnectionView[]>()(nothing),
} as const;

export type Contract = typeof contract;
export type MethodOf = keyof Contract;
export type PayloadOf<M extends MethodOf> = z.input<Contract[M]['payload']>;
export type ReplyOf<M extends MethodOf> = Contract[M] extends Call<z.ZodType, infer Reply> ? Reply : never;

/** News, by topic. */
export interface News {
  project: ProjectView;
  run: RunView;
  /** A new point of a run's curves, to append. */
  series: { readonly runId: string; readonly series: RunSeries };
  download: DownloadView;
  answer: AnswerEvent;
  /** Progress of a long call: `measure`, `addData`, `exportRun`, `evaluateRun`. */
  job: {
    readonly method: MethodOf;
    readonly id: string;
    readonly done: number;
    readonly total: number;
    readonly note: string;
  };
}
export const topics = [
  'project',
  'run',
  'series',
  'download',
  'answer',
  'job',
] as const satisfies readonly (keyof News)[];
export type Topic = (typeof topics)[number];

/** What a window holds: the same over Electron's bridge and over loopback. */
export interface Studio {
  call<M extends MethodOf>(method: M, payload: PayloadOf<M>): Promise<ReplyOf<M>>;
  on<T extends Topic>(topic: T, listener: (news: News[T]) => void): () => void;
  /** A path the studio can read for a file the user dropped or picked. */
  pathOf(file: File): Promise<string>;
}

/** What the preload script hands the page: a Studio whose replies are envelopes, since Electron carries only an error's message. */
export interface Bridge extends Omit<Studio, 'call'> {
  call<M extends MethodOf>(method: M, payload: PayloadOf<M>): Promise<Envelope<ReplyOf<M>>>;
}
