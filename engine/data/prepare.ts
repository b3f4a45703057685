/** From tables and a mapping to the items of a data set: every row with its example and what it is used for. */
import type { DataRequest } from '../spec/commands.ts';
import type { DatasetView, Finding, RowView } from '../spec/dataset.ts';
import { taskOfColumns, type Columns, type TaskName } from '../spec/tasks.ts';
import { cellText } from './cells.ts';
import { namedColumns, resolveColumn } from './columns.ts';
import type { Common, Dataset } from './dataset.ts';
import type { Example } from './examples.ts';
import { byCodePoint, countLabels } from './label-findings.ts';
import type { Reading, Role, RoleTable, Undealt, Unseen } from './reader.ts';
import { readExamples } from './readers/registry.ts';
import { splitRows } from './split.ts';
import { finding, listed, type Table } from './table.ts';
import { leakFindings, textFindings, type Pair } from './text-findings.ts';

/** A row of a file. */
interface Item extends Undealt<Example> {
  readonly use: RowView['use'];
}

/** A data set of any task, as the room asks for it. */
export interface Prepared {
  readonly task: TaskName;
  readonly columns: Columns;
  readonly findings: readonly Finding[];
  readonly counts: DatasetView['counts'];
  /** Labels of all rows that are used, most frequent first. */
  readonly labels: DatasetView['labels'];
  /** Everything the model reads of each used row. */
  texts(): string[];
  /** A page of rows, in the order of files and rows. */
  page(offset: number, limit: number): { total: number; rows: RowView[] };
  dataset(common: Common): Dataset;
}

type Split = DataRequest['split'];

/**
 * Makes examples of all rows, deals them, and looks at them.
 * @throws StudioError data.column-missing, data.bad-messages if no row is a conversation
 */
export function prepare(tables: readonly RoleTable[], columns: Columns, split: Split): Prepared {
  const reading = readExamples(tables, columns);
  const labelsOf = (example: Example): readonly string[] => reading.labelsOf?.(example) ?? [];
  const items = deal(reading, tables, split);
  const asPair = (example: Example): Pair => ({ row: example.row, ...reading.show(example) });
  const training = examplesOf(items, 'train');
  const pairs = training.map(asPair);
  const used = items.flatMap(({ example }) => (example === null ? [] : [example]));
  const known = new Set(training.flatMap(labelsOf));
  const unseenOf = (example: Example): string[] => labelsOf(example).filter((label) => !known.has(label));
  const count = (use: RowView['use']): number => items.filter((item) => item.use === use).length;
  return {
    task: taskOfColumns(columns),
    columns,
    findings: [
      ...reading.findings,
      ...(reading.judge?.(training, pairs) ?? []),
      ...unseenFindings(items, unseenOf),
      ...textFindings(pairs),
      ...(['validation', 'test'] as const).flatMap((role) =>
        leakFindings(pairs, examplesOf(items, role).map(asPair), role),
      ),
    ],
    counts: { train: count('learn'), validation: count('check'), test: count('test') },
    labels: countLabels(used.flatMap(labelsOf)),
    texts: () => used.map((example) => reading.text(example)),
    page: (offset, limit) => ({
      total: items.length,
      rows: items.slice(offset, offset + limit).map(({ table, row, example, use }): RowView => ({
        row,
        file: table.name,
        ...(example === null ? rawCells(table, row, namedColumns(columns)) : reading.show(example)),
        use,
      })),
    }),
    dataset: (common) => {
      const part = (use: RowView['use']): Example[] =>
        items.flatMap((item) => (item.use === use && item.example !== null ? [item.example] : []));
      const dealt = {
        train: part('learn'),
        validation: part('check'),
        test: part('test'),
        labels: [...known].toSorted(byCodePoint),
        unseen: firstUnseen(items, unseenOf),
      };
      return reading.dataset(dealt, common);
    },
  };
}

/**
 * Says what each item is used for. From the training files rows are held back only for parts that have no file of
 * their own.
 */
function deal(reading: Reading, tables: readonly RoleTable[], split: Split): Item[] {
  const { items } = reading;
  const has = (role: Role): boolean => tables.some((one) => one.role === role);
  const usable = [...items.entries()]
    .filter(([, { role, example }]) => role === 'train' && example !== null)
    .map(([index]) => index);
  const classes = reading.strata?.(examplesOf(items, 'train')) ?? [];
  const stratum = new Map(usable.map((index, at) => [index, classes[at] ?? '']));
  const parts = splitRows(usable, {
    validation: has('validation') ? 0 : split.validation,
    test: has('test') ? 0 : split.test,
    seed: split.seed,
    stratum: (index) => stratum.get(index) ?? '',
  });
  const held = new Map<number, RowView['use']>([
    ...parts.validation.map((index) => [index, 'check'] as const),
    ...parts.test.map((index) => [index, 'test'] as const),
  ]);
  return items.map((item, index) => ({
    ...item,
    use: item.example === null ? 'left out' : item.role === 'train' ? (held.get(index) ?? 'learn') : uses[item.role],
  }));
}

const uses = { train: 'learn', validation: 'check', test: 'test' } as const satisfies Record<Role, RowView['use']>;

function examplesOf(items: readonly Undealt<Example>[], role: Role): Example[] {
  return items.flatMap((item) => (item.role === role && item.example !== null ? [item.example] : []));
}

type UnseenOf = (example: Example) => readonly string[];

function firstUnseen(items: readonly Item[], unseenOf: UnseenOf): Unseen | null {
  for (const { table, row, example } of items) {
    const label = example === null ? undefined : unseenOf(example)[0];
    if (label !== undefined) return { path: table.path, row, label };
  }
  return null;
}

function unseenFindings(items: readonly Item[], unseenOf: UnseenOf): Finding[] {
  return (['validation', 'test'] as const).flatMap((role) => {
    const held = examplesOf(items, role).map(unseenOf);
    const unseen = countLabels(held.flat());
    if (unseen.length === 0) return [];
    return [
      finding('label-only-in-test', 'fault', {
        count: unseen.length,
        labels: listed(unseen.map(({ name }) => name)),
        rows: held.filter((labels) => labels.length > 0).length,
        role,
      }),
    ];
  });
}

/** A row that is left out is shown as its cells are: the last named column is the answer. */
function rawCells(table: Table, row: number, names: readonly string[]): Pick<RowView, 'input' | 'answer'> {
  const cells = names.map((name) => cellText(table.rows[row - 1]?.[resolveColumn(table, name)]));
  return names.length === 1
    ? { input: cells[0] ?? '', answer: '' }
    : { input: cells.slice(0, -1).join('\n'), answer: cells.at(-1) ?? '' };
}
