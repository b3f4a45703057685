/** Whether there is anything to learn in a data set. */
import { StudioError } from '../spec/errors.ts';
import type { ClassificationDataset, Dataset } from './dataset.ts';

/** Fewer rows cannot be learned from and checked. */
const neededRows = { 'text-classification': 4, chat: 2 } as const;

/** @throws StudioError data.no-rows, data.too-few-rows, data.one-class, data.label-per-row, data.unseen-label */
export function checkTrainable(dataset: Dataset): void {
  const { tables, train, validation, test, task } = dataset;
  const cut = (role: 'validation' | 'test', part: readonly unknown[]): number =>
    tables.some((one) => one.role === role) ? 0 : part.length;
  const rows = train.length + cut('validation', validation) + cut('test', test);
  if (rows === 0) throw new StudioError('data.no-rows', { path: tables[0]?.table.path ?? '' });
  if (rows < neededRows[task]) throw new StudioError('data.too-few-rows', { rows, needed: neededRows[task] });
  if (dataset.task === 'text-classification') checkLabels(dataset, rows);
}

function checkLabels({ columns, labels, unseen }: ClassificationDataset, rows: number): void {
  const column = columns.label;
  if (labels.length === 1) throw new StudioError('data.one-class', { column, label: labels[0] ?? '', rows });
  if (labels.length === rows) throw new StudioError('data.label-per-row', { column, labels: labels.length, rows });
  if (unseen)
    throw new StudioError('data.unseen-label', {
      ...unseen,
      known: labels.slice(0, 30).join(', ') + (labels.length > 30 ? ', …' : ''),
    });
}
