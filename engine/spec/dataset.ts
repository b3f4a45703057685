/** What the engine reports about data files: counts, findings by code, rows as the model will read them. */
import type { Split } from './recipe.ts';
import type { Columns, TaskName } from './tasks.ts';

export interface DatasetView {
  readonly files: readonly {
    readonly name: string;
    readonly path: string;
    readonly format: string;
    readonly rows: number;
    readonly role: 'train' | 'validation' | 'test';
  }[];
  readonly columns: readonly {
    readonly name: string;
    readonly examples: readonly string[];
    readonly distinct: number;
    readonly empty: number;
  }[];
  /** The mapping in force, and whether it is the app's guess; null: nothing fits. */
  readonly mapping: Columns | null;
  readonly guessed: boolean;
  readonly suggestedTask: TaskName | null;
  readonly split: Split;
  readonly counts: { readonly train: number; readonly validation: number; readonly test: number };
  /** Labels of all rows, most frequent first; empty for chat. */
  readonly labels: readonly { readonly name: string; readonly count: number }[];
  readonly findings: readonly Finding[];
  /** Words of the longest row, and a histogram of row lengths in words. */
  readonly lengths: {
    readonly longest: number;
    readonly buckets: readonly { readonly upTo: number; readonly rows: number }[];
  };
}

/** One thing worth knowing about the data: a code and numbers, worded by `engine/spec/wording`. */
export interface Finding {
  readonly code: string;
  readonly severity: 'note' | 'care' | 'fault';
  readonly data: Readonly<Record<string, string | number>>;
}

export interface RowView {
  /** Row in its file, counted from 1 without the header. */
  readonly row: number;
  readonly file: string;
  /** As the model will read it: the joined text, or the turns before the answer. */
  readonly input: string;
  readonly answer: string;
  readonly use: 'learn' | 'check' | 'test' | 'left out';
}
