/** Rows with any number of labels each: a list, labels parted by a sign, or one column of 0 and 1 a label. */
import type { ColumnsOf } from '../../spec/tasks.ts';
import { cellText, isBlank, isMissing } from '../cells.ts';
import { cellReader, textReader } from '../columns.ts';
import type { MultiLabelExample } from '../examples.ts';
import { byCodePoint, conflictFindings, countLabels, labelFindings } from '../label-findings.ts';
import { listOf } from '../lists.ts';
import { readRows, type Place, type Reading, type RoleTable } from '../reader.ts';
import type { Row, Table } from '../table.ts';
import { missingCells, withoutAnswer } from './cells.ts';
import { createNotes, type Notes } from './notes.ts';
import { byRarest } from './strata.ts';
import { joinedText, textNames, textsReader } from './texts.ts';

type Columns = ColumnsOf<'text-classification'>;
type ReadLabels = (cells: Row, place: Place) => readonly string[] | null;

/** A row whose cell is empty is left out; an empty list says that no label fits. */
export function readLabelSets(tables: readonly RoleTable[], columns: Columns): Reading<MultiLabelExample> {
  const column = [columns.label].flat().join(', ');
  const notes = createNotes();
  const items = readRows(tables, (table) => {
    const texts = textsReader(table, columns);
    const labels =
      typeof columns.label === 'string'
        ? labelsOfCell(table, columns.label, columns.separator)
        : labelsOfColumns(table, columns.label, notes);
    return (cells, place): MultiLabelExample | null => {
      const read = labels(cells, place);
      return read && { row: place.row, ...texts(cells), labels: [...new Set(read)].toSorted(byCodePoint) };
    };
  });
  const labelsOf = ({ labels }: MultiLabelExample): readonly string[] => labels;
  return {
    items,
    findings: [
      ...withoutAnswer(items, column, notes.has),
      ...notes.findings(),
      ...missingCells(tables, textNames(columns)),
    ],
    show: (example) => ({ input: joinedText(example), answer: example.labels.join(', ') }),
    text: joinedText,
    labelsOf,
    strata: (examples) => byRarest(examples, labelsOf),
    judge(examples, pairs) {
      const labels = countLabels(examples.flatMap(labelsOf));
      return [...(labels.length > 1 ? labelFindings(labels, column) : []), ...conflictFindings(pairs)];
    },
    dataset: (dealt, common) => ({ ...common, ...dealt, task: 'text-classification', labelling: 'many', columns }),
  };
}

function labelsOfCell(table: Table, column: string, separator: Columns['separator']): ReadLabels {
  const cell = cellReader(table, column);
  const signs = separator ?? /[;|]/;
  return (cells) => {
    const value = cell(cells);
    const list = listOf(value);
    const names = (list?.map(cellText) ?? cellText(value).split(signs)).map((name) => name.trim());
    const labels = names.filter((name) => !isBlank(name));
    return list === null && labels.every(isMissing) ? null : labels;
  };
}

const yes = ['1', '1.0', 'true', 'yes', 'x'];
const no = ['0', '0.0', 'false', 'no', ''];

function labelsOfColumns(table: Table, columns: readonly string[], notes: Notes): ReadLabels {
  const marks = columns.map((name) => ({ name, read: textReader(table, name) }));
  return (cells, place) => {
    const read = marks.map((mark) => ({ name: mark.name, mark: mark.read(cells).trim().toLowerCase() }));
    const odd = read.find(({ mark }) => !yes.includes(mark) && !no.includes(mark));
    if (odd) {
      notes.note('bad-mark', place, `${odd.name}: ${odd.mark.slice(0, 40)}`);
      return null;
    }
    const marked = read.filter(({ mark }) => yes.includes(mark)).map(({ name }) => name);
    return read.every(({ mark }) => mark === '') ? null : marked;
  };
}
