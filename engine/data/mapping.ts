/** Guesses the task and which columns it reads: by their names, otherwise by what they hold. */
import type { Columns, TaskName } from '../spec/tasks.ts';
import { guessers } from './guesses.ts';
import { profileOf } from './profiles.ts';
import type { Table } from './table.ts';

export interface Mapping<Task extends TaskName = TaskName> {
  readonly task: Task;
  readonly columns: Columns;
}

/**
 * Guesses from the columns of the first file, which the others have to share. Of several tasks only one that is likely
 * comes into question; one task alone has been asked for. Null: nothing fits.
 */
export function guessMapping<Task extends TaskName>(
  tables: readonly Table[],
  tasks: readonly Task[],
): Mapping<Task> | null {
  const table = tables[0];
  if (!table) return null;
  const profiles = table.columns.slice(0, 200).map((name) => profileOf(table, name));
  const guesses = guessers.flatMap(({ task: name, guess }) => {
    const task = tasks.find((one) => one === name);
    const found = task === undefined ? null : guess(profiles, table);
    return task === undefined || found === null ? [] : [{ task, ...found }];
  });
  const best = guesses.toSorted((a, b) => b.sureness - a.sureness)[0];
  if (best === undefined || (best.sureness === 0 && tasks.length > 1)) return null;
  return { task: best.task, columns: best.columns };
}
