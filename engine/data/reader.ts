/** What a task is to the data room: the rows of its files as examples, how they are shown, and what is said of them. */
import type { Finding } from '../spec/dataset.ts';
import type { Common, Dataset } from './dataset.ts';
import type { Example } from './examples.ts';
import type { Row, Table } from './table.ts';
import type { Pair } from './text-findings.ts';

export type Role = 'train' | 'validation' | 'test';

export interface RoleTable {
  readonly table: Table;
  readonly role: Role;
}

/** A row of a table, to be made an example of. */
export interface Place {
  readonly table: Table;
  /** Counted from 1 without the header. */
  readonly row: number;
}

/** A row with what it became, before it is dealt. */
export interface Undealt<One> extends Place {
  readonly role: Role;
  /** Null: left out. */
  readonly example: One | null;
}

export interface Unseen {
  readonly path: string;
  readonly row: number;
  readonly label: string;
}

/** The dealt rows of a data set, each part in file order. */
export interface Dealt<One> {
  readonly train: readonly One[];
  readonly validation: readonly One[];
  readonly test: readonly One[];
  /** Labels of all rows of the training files, in the order of their code points. */
  readonly labels: readonly string[];
  /** The first row of a validation or test file with a label that no row of the training files has. */
  readonly unseen: Unseen | null;
}

/** The rows of a task's files. Its functions are given the examples of its own items and no others. */
export interface Reading<One extends Example = Example> {
  /** Every row of every file, in their order. */
  readonly items: readonly Undealt<One>[];
  /** What was found while reading. */
  readonly findings: readonly Finding[];
  /** What the model reads and what it should answer, as the screen shows them and as repeats are looked for. */
  show(example: One): Omit<Pair, 'row'>;
  /** Everything of an example that the model reads or writes. */
  text(example: One): string;
  /** The labels of an example, repeats included; absent where a task has no labels. */
  labelsOf?(example: One): readonly string[];
  /** The class of each example, by which the parts are dealt in proportion. */
  strata?(examples: readonly One[]): readonly string[];
  /** What is to be said of the rows of the training files, beyond their texts. */
  judge?(examples: readonly One[], pairs: readonly Pair[]): readonly Finding[];
  dataset(dealt: Dealt<One>, common: Common): Dataset;
}

/** Makes one item of every row. `reader` is called for each table; null leaves a row out. */
export function readRows<One>(
  tables: readonly RoleTable[],
  reader: (table: Table) => (cells: Row, place: Place) => One,
): (Undealt<One> & { readonly example: One })[] {
  return tables.flatMap(({ table, role }) => {
    const read = reader(table);
    return table.rows.map((cells, index) => {
      const place = { table, row: index + 1 };
      return { ...place, role, example: read(cells, place) };
    });
  });
}
