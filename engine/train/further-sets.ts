/** Further data sets that teach the parameters of a method, each with classes of its own beside the run's (P-tuning v2's multi-task learning). */
import { basename } from 'node:path';
import type { DataRoom, Dataset } from '../data/dataset.ts';
import { isNewHead, type Head } from '../models/model.ts';
import type { FurtherData } from '../spec/methods/p-tuning-v2.ts';
import { methodOf } from '../methods/registry.ts';
import { StudioError } from '../spec/errors.ts';
import type { Recipe } from '../spec/recipe.ts';
import { suitsTask } from '../spec/tasks.ts';
import { objectiveOf } from '../tasks/objective.ts';
import type { TokenRows } from '../tasks/rows.ts';
import type { Task, TaskModel } from '../tasks/task.ts';

/** Reads them in their order; none for most methods. Errors: those of the files, and `recipe.field`. */
export async function openFurtherSets({ method, task, data }: Recipe, room: DataRoom): Promise<readonly Dataset[]> {
  const found: Dataset[] = [];
  for (const [index, further] of methodOf(method).furtherData(method).entries()) {
    const { train, columns = null } = further;
    const field = `${fieldName}.${String(index)}`;
    if (columns && !suitsTask(columns, task)) {
      const legal = `columns of ${task}, the goal of the run`;
      throw new StudioError('recipe.field', { path: `${field}.columns`, value: JSON.stringify(columns), legal });
    }
    const split = { validation: 0, test: 0, seed: data.split.seed };
    const dataset = await room.loadDataset({ train, validation: null, test: null, task, columns, split });
    checkFurther(dataset, further, field);
    found.push(dataset);
  }
  return found;
}

const fieldName = 'method.sharedWith';

/** It has something to tell apart, one label a row or a tag a word. */
function checkFurther(dataset: Dataset, { train }: FurtherData, field: string): void {
  const refuse = (found: string, legal: string): never => {
    const value = `${train.map((path) => basename(path)).join(', ')} (${found})`;
    throw new StudioError('recipe.field', { path: field, value, legal });
  };
  if ('badSpan' in dataset && dataset.badSpan) throw new StudioError('data.bad-span', dataset.badSpan);
  if ('labelling' in dataset && dataset.labelling !== 'one')
    refuse(`labels: ${dataset.labelling}`, 'files whose rows have one label each');
  if (dataset.train.length === 0) throw new StudioError('data.no-rows', { path: train[0] ?? '' });
  if (dataset.labels.length < 2)
    refuse(
      dataset.labels.length === 0 ? 'no labels' : `only the label ${dataset.labels.join()}`,
      'files with at least two labels',
    );
}

/** One layer for the classes of all sets, the run's own first. Errors: `recipe.field` where the head has no layer of classes of its own. */
export function headOfSets(own: Head, further: readonly Dataset[]): Head {
  if (further.length === 0) return own;
  if (objectiveOf(own) !== 'class' || !isNewHead(own)) {
    const legal =
      'empty: only rows with one label each, or a tag a word, are learned from several data sets, by a new answer layer';
    throw new StudioError('recipe.field', { path: fieldName, value: further.map(nameOf).join(', '), legal });
  }
  const sets = [own.labels, ...further.map(({ labels }) => labels.length)];
  return { ...own, labels: sets.reduce((total, count) => total + count, 0), sets };
}

function nameOf({ tables }: Dataset): string {
  return tables.map(({ table }) => table.name).join(', ');
}

interface LearningRows {
  readonly task: Task;
  readonly model: TaskModel;
  /** The run's own, as its head. */
  readonly head: Head;
  readonly own: TokenRows;
}

/** The rows of all sets, the run's own first. */
export async function learningRows(
  further: readonly Dataset[],
  { task, model, head, own }: LearningRows,
): Promise<TokenRows> {
  const rows = [...own.rows];
  let { truncated } = own;
  for (const [index, dataset] of further.entries()) {
    const { labels } = dataset;
    const { parts } = await task.prepare(dataset, model, { head: { ...head, labels: labels.length }, labels });
    rows.push(...parts.train.rows.map((row) => ({ ...row, set: index + 1 })));
    truncated += parts.train.truncated;
  }
  return { rows, truncated };
}
