/** Whether there is anything to learn in a data set. */
import { StudioError } from '../spec/errors.ts';
import type { ColumnsOf, TaskName } from '../spec/tasks.ts';
import type { Dataset } from './dataset.ts';
import type { Unseen } from './reader.ts';

/** Fewer rows cannot be learned from and checked. */
const neededRows = {
  'text-classification': 4,
  'token-classification': 2,
  'question-answering': 2,
  'multiple-choice': 2,
  'text-generation': 2,
  chat: 2,
  translation: 2,
  summarization: 2,
} as const satisfies Record<TaskName, number>;

/**
 * @throws StudioError data.no-rows, data.too-few-rows, data.one-class, data.label-per-row, data.unseen-label,
 * data.bad-span
 */
export function checkTrainable(dataset: Dataset): void {
  const { tables, train, validation, test, task } = dataset;
  if ('badSpan' in dataset && dataset.badSpan) throw new StudioError('data.bad-span', dataset.badSpan);
  const cut = (role: 'validation' | 'test', part: readonly unknown[]): number =>
    tables.some((one) => one.role === role) ? 0 : part.length;
  const rows = train.length + cut('validation', validation) + cut('test', test);
  if (rows === 0) throw new StudioError('data.no-rows', { path: tables[0]?.table.path ?? '' });
  if (rows < neededRows[task]) throw new StudioError('data.too-few-rows', { rows, needed: neededRows[task] });
  if (task === 'text-classification' || task === 'token-classification') checkLabels(dataset, rows);
}

function checkLabels(
  dataset: Extract<Dataset, { task: 'text-classification' | 'token-classification' }>,
  rows: number,
): void {
  const column = answerColumn(dataset.columns);
  const only = onlyAnswer(dataset);
  if (only !== null) throw new StudioError('data.one-class', { column, label: only, rows });
  if (dataset.task === 'text-classification' && dataset.labelling === 'number') return;
  const { labels, unseen } = dataset;
  if (dataset.task === 'text-classification' && dataset.labelling === 'one' && labels.length === rows)
    throw new StudioError('data.label-per-row', { column, labels: labels.length, rows });
  if (unseen) throw unseenLabel(unseen, labels);
}

/** The answer that every row has. */
function onlyAnswer(
  dataset: Extract<Dataset, { task: 'text-classification' | 'token-classification' }>,
): string | null {
  if (dataset.task === 'token-classification') return dataset.labels.length === 1 ? (dataset.labels[0] ?? '') : null;
  switch (dataset.labelling) {
    case 'one':
      return dataset.labels.length === 1 ? (dataset.labels[0] ?? '') : null;
    case 'many': {
      const sets = new Set(dataset.train.map(({ labels }) => labels.join(', ')));
      return sets.size === 1 ? ([...sets][0] ?? '') : null;
    }
    case 'number': {
      const values = new Set(dataset.train.map(({ value }) => value));
      return values.size === 1 ? String([...values][0]) : null;
    }
  }
}

function answerColumn(columns: ColumnsOf<'text-classification' | 'token-classification'>): string {
  if ('label' in columns) return [columns.label].flat().join(', ');
  return 'tags' in columns ? columns.tags : columns.spans;
}

function unseenLabel(unseen: Unseen, labels: readonly string[]): StudioError {
  const known = labels.slice(0, 30).join(', ') + (labels.length > 30 ? ', …' : '');
  return new StudioError('data.unseen-label', { ...unseen, known });
}
