/** From tables and a mapping to the items of a data set: every row with its example and what it is used for. */
import type { DataRequest } from '../spec/commands.ts';
import type { Finding, RowView } from '../spec/dataset.ts';
import { BugError, StudioError } from '../spec/errors.ts';
import type { ChatColumns, ClassificationColumns } from '../spec/tasks.ts';
import { cellText } from './cells.ts';
import {
  isChatColumns,
  labelledRows,
  namedColumns,
  readChat,
  resolveColumn,
  type ChatExample,
  type ClassificationExample,
} from './examples.ts';
import { conflictFindings, countLabels, labelFindings, missingFindings, missingLabels } from './label-findings.ts';
import type { Mapping } from './mapping.ts';
import { splitRows } from './split.ts';
import { finding, listed, type Table } from './table.ts';
import { leakFindings, textFindings, type Pair } from './text-findings.ts';

export type Role = 'train' | 'validation' | 'test';

export interface RoleTable {
  readonly table: Table;
  readonly role: Role;
}

/** A row of a file. */
export interface Item<Example> {
  readonly table: Table;
  readonly role: Role;
  readonly row: number;
  /** Null: left out. */
  readonly example: Example | null;
  readonly use: RowView['use'];
}

export type Prepared =
  | {
      readonly task: 'text-classification';
      readonly columns: ClassificationColumns;
      readonly items: readonly Item<ClassificationExample>[];
      readonly findings: readonly Finding[];
    }
  | {
      readonly task: 'chat';
      readonly columns: ChatColumns;
      readonly items: readonly Item<ChatExample>[];
      readonly findings: readonly Finding[];
    };

type Split = DataRequest['split'];
type Undealt<Example> = Omit<Item<Example>, 'use'>;

/**
 * Makes examples of all rows, deals them, and looks at them.
 * @throws StudioError data.column-missing, data.bad-messages if no row is a conversation
 */
export function prepare(tables: readonly RoleTable[], { columns }: Mapping, split: Split): Prepared {
  return isChatColumns(columns) ? prepareChat(tables, columns, split) : prepareClasses(tables, columns, split);
}

function prepareClasses(tables: readonly RoleTable[], columns: ClassificationColumns, split: Split): Prepared {
  const read = tables.flatMap(({ table, role }) =>
    labelledRows(table, columns).map((example) => ({ table, role, row: example.row, example })),
  );
  const missing = missingLabels(
    countLabels(read.filter(({ role }) => role === 'train').map(({ example }) => example.label)),
  );
  const isLeftOut = (label: string): boolean => label.trim() === '' || missing.has(label);
  const items = deal(
    read.map((item): Undealt<ClassificationExample> =>
      isLeftOut(item.example.label) ? { ...item, example: null } : item,
    ),
    { split, tables, stratum: ({ label }) => label },
  );
  const asPair = ({ row, text, label }: ClassificationExample): Pair => ({ row, input: text, answer: label });
  const learned = examplesOf(items, 'train').map(asPair);
  const labels = countLabels(learned.map(({ answer }) => answer));
  const findings = [
    ...leftOutFindings(items, columns),
    ...missingCells(tables, columns),
    ...labelFindings(labels, columns.label),
    ...conflictFindings(learned),
    ...unseenFindings(items),
    ...textFindings(learned),
    ...leaks(items, learned, asPair),
  ];
  return { task: 'text-classification', columns, items, findings };
}

function prepareChat(tables: readonly RoleTable[], columns: ChatColumns, split: Split): Prepared {
  const findings: Finding[] = [];
  const undealt = tables.flatMap(({ table, role }) => {
    const { examples, bad, toolTurns } = readChat(table, columns);
    if (examples.length === 0 && bad[0]) throw new StudioError('data.bad-messages', { path: table.path, ...bad[0] });
    if (bad.length > 0) findings.push(badConversations(table, bad));
    if (toolTurns > 0) findings.push(finding('tool-calls', 'note', { file: table.name, count: toolTurns }));
    const byRow = new Map(examples.map((example) => [example.row, example]));
    return table.rows.map((_, index): Undealt<ChatExample> => ({
      table,
      role,
      row: index + 1,
      example: byRow.get(index + 1) ?? null,
    }));
  });
  const items = deal(undealt, { split, tables });
  const asPair = (example: ChatExample): Pair => ({
    row: example.row,
    input: chatInput(example),
    answer: chatAnswer(example),
  });
  const learned = examplesOf(items, 'train').map(asPair);
  findings.push(...textFindings(learned), ...leaks(items, learned, asPair));
  return { task: 'chat', columns, items, findings };
}

function badConversations(table: Table, bad: readonly { row: number; reason: string }[]): Finding {
  const rows = listed(bad.map(({ row }) => row));
  const reasons = listed([...new Set(bad.map(({ reason }) => reason))]);
  return finding('bad-conversation', 'care', {
    file: table.name,
    count: bad.length,
    rows,
    reasons,
    ...(table.format === 'jsonl' ? { lines: rows } : {}),
  });
}

/**
 * Says what each item is used for. From the training files rows are held back only for parts that have no file of
 * their own.
 */
function deal<Example>(
  items: readonly Undealt<Example>[],
  { split, tables, stratum }: { split: Split; tables: readonly RoleTable[]; stratum?: (example: Example) => string },
): Item<Example>[] {
  const has = (role: Role): boolean => tables.some((one) => one.role === role);
  const usable = [...items.entries()]
    .filter(([, { role, example }]) => role === 'train' && example !== null)
    .map(([index]) => index);
  const parts = splitRows(usable, {
    validation: has('validation') ? 0 : split.validation,
    test: has('test') ? 0 : split.test,
    seed: split.seed,
    stratum: (index) => {
      const example = items[index]?.example;
      return stratum && example ? stratum(example) : '';
    },
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

/** The examples used for a part, in file order; `from` keeps to the files of a role. */
export function examplesFor<Example>(items: readonly Item<Example>[], use: RowView['use']): Example[] {
  return items.flatMap((item) => (item.use === use && item.example !== null ? [item.example] : []));
}

function examplesOf<Example>(items: readonly Item<Example>[], role: Role): Example[] {
  return items.flatMap((item) => (item.role === role && item.example !== null ? [item.example] : []));
}

function leftOutFindings(items: readonly Item<ClassificationExample>[], columns: ClassificationColumns): Finding[] {
  const rows = items.filter(({ example }) => example === null).map(({ row }) => row);
  const severity = rows.length > items.length / 10 ? 'care' : 'note';
  return rows.length > 0
    ? [finding('empty-label', severity, { column: columns.label, count: rows.length, rows: listed(rows) })]
    : [];
}

function missingCells(tables: readonly RoleTable[], columns: ClassificationColumns): Finding[] {
  return namedColumns(columns).flatMap((column) => {
    const cells = tables
      .filter(({ role }) => role === 'train')
      .flatMap(({ table }) => {
        const name = resolveColumn(table, column);
        return table.rows.map((row) => cellText(row[name]));
      });
    return missingFindings(column, cells);
  });
}

/** The first held-out row whose label no row to learn from has. */
export function firstUnseen(
  items: readonly Item<ClassificationExample>[],
): { path: string; row: number; label: string } | null {
  const known = new Set(examplesOf(items, 'train').map(({ label }) => label));
  const item = items.find(({ example }) => example !== null && !known.has(example.label));
  return item?.example ? { path: item.table.path, row: item.row, label: item.example.label } : null;
}

function unseenFindings(items: readonly Item<ClassificationExample>[]): Finding[] {
  const known = new Set(examplesOf(items, 'train').map(({ label }) => label));
  return (['validation', 'test'] as const).flatMap((role) => {
    const unseen = countLabels(examplesOf(items, role).map(({ label }) => label)).filter(
      ({ name }) => !known.has(name),
    );
    if (unseen.length === 0) return [];
    const rows = unseen.reduce((sum, { count }) => sum + count, 0);
    return [
      finding('label-only-in-test', 'fault', {
        count: unseen.length,
        labels: listed(unseen.map(({ name }) => name)),
        rows,
        role,
      }),
    ];
  });
}

/** Rows of held-out files that the training files have too. */
function leaks<Example>(
  items: readonly Item<Example>[],
  learned: readonly Pair[],
  asPair: (example: Example) => Pair,
): Finding[] {
  return (['validation', 'test'] as const).flatMap((role) =>
    leakFindings(learned, examplesOf(items, role).map(asPair), role),
  );
}

/** The turns before the answer as one text: one question stands by itself, several turns carry their roles. */
export function chatInput({ messages }: ChatExample): string {
  const before = messages.slice(0, -1);
  const [only] = before;
  return before.length === 1 && only
    ? only.content
    : before.map(({ role, content }) => `${role}: ${content}`).join('\n');
}

/** The turn to be learned. */
export function chatAnswer({ messages }: ChatExample): string {
  const last = messages.at(-1);
  if (!last) throw new BugError('a conversation without turns became an example');
  return last.content;
}
