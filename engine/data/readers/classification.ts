/** Rows with one label each: text classification. */
import type { ColumnsOf } from '../../spec/tasks.ts';
import { textReader } from '../columns.ts';
import type { ClassificationExample } from '../examples.ts';
import { conflictFindings, countLabels, labelFindings, missingLabels } from '../label-findings.ts';
import { readRows, type Reading, type RoleTable, type Undealt } from '../reader.ts';
import { missingCells, withoutAnswer } from './cells.ts';
import { joinedText, textNames, textsReader, type TextColumns } from './texts.ts';

export function readClasses(
  tables: readonly RoleTable[],
  columns: ColumnsOf<'text-classification'>,
  label: string,
): Reading<ClassificationExample> {
  const items = readLabelled(tables, columns, label);
  return {
    items,
    findings: [...withoutAnswer(items, label), ...missingCells(tables, [...textNames(columns), label])],
    show: (example) => ({ input: joinedText(example), answer: example.label }),
    text: joinedText,
    labelsOf: (example) => [example.label],
    strata: (examples) => examples.map((example) => example.label),
    judge: (examples, pairs) => [
      ...labelFindings(countLabels(examples.map((example) => example.label)), label),
      ...conflictFindings(pairs),
    ],
    dataset: (dealt, common) => ({ ...common, ...dealt, task: 'text-classification', labelling: 'one', columns }),
  };
}

/** Nothing is trimmed; labels that stand for no label leave their row out. */
function readLabelled(
  tables: readonly RoleTable[],
  columns: TextColumns,
  column: string,
): Undealt<ClassificationExample>[] {
  const items = readRows(tables, (table) => {
    const texts = textsReader(table, columns);
    const label = textReader(table, column);
    return (cells, { row }) => ({ row, ...texts(cells), label: label(cells) });
  });
  const training = items.filter(({ role }) => role === 'train');
  const missing = missingLabels(countLabels(training.map(({ example }) => example.label)));
  return items.map((item) =>
    item.example.label.trim() === '' || missing.has(item.example.label) ? { ...item, example: null } : item,
  );
}
