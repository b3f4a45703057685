/** Rows of a dataset, counted. */
import type { DatasetView } from '../../../main/contract/views.ts';
import { shapeOf } from './mapping.ts';

/** All rows, whatever they are used for. */
export function rowsOf(dataset: DatasetView): number {
  return dataset.counts.train + dataset.counts.validation + dataset.counts.test;
}

/** Classes of which a row has exactly one; 0 where its answer is something else. */
export function classesOf({ mapping, labels }: DatasetView): number {
  return mapping !== null && shapeOf(mapping) === 'categories' ? labels.length : 0;
}
