/** The engine's one door. */
import { createDataRoom } from './data/dataset.ts';
import { exportRun } from './export/export-run.ts';
import { importAdapter } from './export/import-adapter.ts';
import { adapterSettings } from './export/start-adapter.ts';
import { createGenerator } from './generate/answer.ts';
import type { CommandHandler, CommandName } from './spec/commands.ts';
import { createEstimator, createMeasurer } from './train/estimate.ts';
import { createEvaluator } from './train/evaluate.ts';
import { inspectModel } from './train/inspect.ts';
import { createTrainer } from './train/trainer.ts';

export { pairedGain, pairedMeanGain } from './metrics/paired.ts';
export { wilson } from './metrics/intervals.ts';
export { verdict } from './metrics/verdict.ts';

export type Handlers = { readonly [N in CommandName]: CommandHandler<N> };

/** The handlers of one process: they share the tables that were read and the models that are loaded. */
export function createHandlers(): Handlers {
  const room = createDataRoom();
  return {
    describeData: (request) => room.describeData(request),
    dataRows: (request) => room.dataRows(request),
    inspectModel,
    estimate: createEstimator(room),
    measure: createMeasurer(room),
    train: createTrainer(room),
    evaluate: createEvaluator(room),
    generate: createGenerator(),
    export: exportRun,
    importAdapter,
    adapterSettings,
  };
}

/** The handlers of the engine's process. */
export const handlers: Handlers = createHandlers();
