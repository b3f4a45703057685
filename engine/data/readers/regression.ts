/** Rows with a number each that is to be predicted: text regression. */
import type { ColumnsOf } from '../../spec/tasks.ts';
import { isMissing } from '../cells.ts';
import { textReader } from '../columns.ts';
import type { RegressionExample } from '../examples.ts';
import { conflictFindings } from '../label-findings.ts';
import { numberReader } from '../numbers.ts';
import { readRows, type Reading, type RoleTable } from '../reader.ts';
import { finding } from '../table.ts';
import { missingCells, withoutAnswer } from './cells.ts';
import { createNotes } from './notes.ts';
import { joinedText, textNames, textsReader } from './texts.ts';

/** Rows whose cell is no number are left out. */
export function readAmounts(
  tables: readonly RoleTable[],
  columns: ColumnsOf<'text-classification'>,
  column: string,
): Reading<RegressionExample> {
  const notes = createNotes();
  const numberOf = numberReader(tables.flatMap(({ table }) => table.rows.map(textReader(table, column))));
  const items = readRows(tables, (table) => {
    const texts = textsReader(table, columns);
    const cell = textReader(table, column);
    return (cells, place): RegressionExample | null => {
      const value = numberOf(cell(cells));
      if (value !== null) return { row: place.row, ...texts(cells), value };
      if (!isMissing(cell(cells))) notes.note('not-a-number', place, cell(cells).slice(0, 40));
      return null;
    };
  });
  return {
    items,
    findings: [
      ...withoutAnswer(items, column, notes.has),
      ...notes.findings(),
      ...missingCells(tables, textNames(columns)),
    ],
    show: (example) => ({ input: joinedText(example), answer: String(example.value) }),
    text: joinedText,
    judge(examples, pairs) {
      const [first] = examples;
      const constant = first && examples.length > 1 && examples.every(({ value }) => value === first.value);
      const one = { column, label: String(first?.value), rows: examples.length };
      return [...(constant ? [finding('one-class', 'fault', one)] : []), ...conflictFindings(pairs)];
    },
    dataset: ({ train, validation, test }, common) => ({
      ...common,
      task: 'text-classification',
      labelling: 'number',
      columns,
      labels: [],
      train,
      validation,
      test,
    }),
  };
}
