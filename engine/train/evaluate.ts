/** Measures a saved adapter on a file, from its own files alone. */
import type { DataRoom } from '../data/dataset.ts';
import { openTuned, type TunedModel } from '../export/open-adapter.ts';
import { tokenRules } from '../generate/rules.ts';
import { chooseDevice } from '../runtime/device.ts';
import { Runtime } from '../runtime/session.ts';
import type { CommandHandler } from '../spec/commands.ts';
import { writesText } from '../spec/tasks.ts';
import type { PreparedTask } from '../tasks/task.ts';
import { availableParallelism } from 'node:os';
import { createAnswerer } from './answerer.ts';
import { Machine } from './machine.ts';
import { rowModel } from './prepare.ts';

export type TunedAnswerer = ReturnType<typeof createAnswerer>;

const batchSize = 32;

/** The answerer of a tuned model; disposing of it closes the model. */
export async function answererOf(tuned: TunedModel): Promise<TunedAnswerer> {
  const runtime = await Runtime.open();
  const { setup, base, weights, recipe } = tuned;
  const device = chooseDevice(recipe.device);
  const threads = recipe.threads === 0 ? availableParallelism() : recipe.threads;
  const machine = new Machine({ runtime, device, threads, setup, base, weights });
  const options = { machine, runtime, device, threads, mapped: weights.mapped, rules: tokenRules(base) };
  const answerer = createAnswerer({
    ...options,
    batchSize: writesText(recipe.task) ? recipe.training.batchSize : batchSize,
  });
  return {
    ...answerer,
    dispose: async () => {
      await answerer.dispose();
      await machine.release();
      await base.close();
    },
  };
}

/** All rows of `data` as the tuned model's test rows. */
export async function testRows(tuned: TunedModel, data: string, room: DataRoom): Promise<PreparedTask> {
  const { recipe } = tuned;
  const dataset = await room.loadDataset({
    train: [data],
    validation: null,
    test: [data],
    task: recipe.task,
    columns: recipe.data.columns,
    split: { validation: 0, test: 0, seed: recipe.data.split.seed },
  });
  return tuned.task.prepare(dataset, rowModel(tuned), {
    head: tuned.setup.head,
    labels: tuned.labels,
  });
}

export function createEvaluator(room: DataRoom): CommandHandler<'evaluate'> {
  return async (request, tell, control) => {
    const opened = await openTuned(request.modelPath, request.adapter);
    const tuned =
      request.columns === null
        ? opened
        : { ...opened, recipe: { ...opened.recipe, data: { ...opened.recipe.data, columns: request.columns } } };
    const answerer = await answererOf(tuned);
    try {
      const rows = await testRows(tuned, request.data, room);
      const watch = (done: number, total: number): void => {
        control.signal.throwIfAborted();
        tell({ done, total, note: 'testing' });
      };
      const { figure, lines: predictions } = await rows.predict(answerer, 'test', { before: null, watch });
      return { task: tuned.recipe.task, metric: rows.metric, figure, predictions };
    } finally {
      await answerer.dispose();
    }
  };
}
