/** Rows with a question and several answers of which one is right: multiple choice. */
import type { ColumnsOf } from '../../spec/tasks.ts';
import { cellText, isBlank } from '../cells.ts';
import { cellReader, textReader } from '../columns.ts';
import type { ChoiceExample } from '../examples.ts';
import { conflictFindings } from '../label-findings.ts';
import { cellValue, fieldOf, listOf } from '../lists.ts';
import { foldName } from '../names.ts';
import { readRows, type Reading, type RoleTable } from '../reader.ts';
import type { Row, Table } from '../table.ts';
import { missingCells } from './cells.ts';
import { createNotes } from './notes.ts';

type Columns = ColumnsOf<'multiple-choice'>;

interface Choices {
  readonly texts: readonly string[];
  /** What the answer may call them: the letters of a list, or the names of their columns. */
  readonly names: readonly string[];
}

/** How a column says which choice is right. */
type Manner = (answer: string, choices: Choices) => number;

/** Rows with fewer than two choices, or whose answer is none of them, are left out. */
export function readChoices(tables: readonly RoleTable[], columns: Columns): Reading<ChoiceExample> {
  const notes = createNotes();
  const rows = readRows(tables, (table) => {
    const [question, answer] = [textReader(table, columns.question), textReader(table, columns.answer)];
    const context = columns.context === undefined ? null : textReader(table, columns.context);
    const choices = choicesReader(table, columns.choices);
    return (cells) => ({
      texts: { question: question(cells), ...(context === null ? {} : { context: context(cells) }) },
      answer: answer(cells).trim(),
      choices: choices(cells),
    });
  });
  const indexOf = mannerOf(rows.map(({ example }) => example));
  const items = rows.map(({ example: { texts, answer, choices }, ...place }) => {
    const filled = choices.texts.map((text, index) => ({ text, index })).filter(({ text }) => !isBlank(text));
    const right = filled.findIndex(({ index }) => index === indexOf(answer, choices));
    const reason = choiceFault(filled.length, right, answer);
    if (reason !== null) notes.note('bad-choice', place, reason);
    return {
      ...place,
      example:
        reason === null ? { row: place.row, ...texts, choices: filled.map(({ text }) => text), answer: right } : null,
    };
  });
  return {
    items,
    findings: [...notes.findings(), ...missingCells(tables, [columns.question])],
    show: ({ question, context, choices, answer }) => ({
      input: [
        ...(context === undefined ? [] : [context]),
        question,
        ...choices.map((text, index) => `${letterOf(index)}. ${text}`),
      ].join('\n'),
      answer: `${letterOf(answer)}. ${choices[answer] ?? ''}`,
    }),
    text: ({ question, context = '', choices }) => [context, question, ...choices].join('\n'),
    judge: (_, pairs) => conflictFindings(pairs),
    strata: (examples) => examples.map(({ answer }) => String(answer)),
    dataset: ({ train, validation, test }, common) => ({
      ...common,
      task: 'multiple-choice',
      columns,
      labels: [],
      train,
      validation,
      test,
    }),
  };
}

function choiceFault(choices: number, right: number, answer: string): string | null {
  if (choices < 2) return 'fewer than two choices';
  if (right >= 0) return null;
  return answer === '' ? 'no answer' : `the answer is none of the choices: ${answer.slice(0, 60)}`;
}

/** A list of texts, ARC's {text: […], label: […]}, or one column a choice. */
function choicesReader(table: Table, names: Columns['choices']): (cells: Row) => Choices {
  if (typeof names !== 'string') {
    const columns = names.map((name) => textReader(table, name));
    return (cells) => ({ texts: columns.map((read) => read(cells)), names });
  }
  const cell = cellReader(table, names);
  return (cells) => {
    const value = cellValue(cell(cells));
    const list = listOf(fieldOf(value, ['text', 'texts', 'choices'])) ?? listOf(value) ?? [];
    const labels = listOf(fieldOf(value, ['label', 'labels']))?.map(cellText);
    const texts = list.map((one) => cellText(fieldOf(one, ['text', 'content']) ?? one));
    return { texts, names: labels ?? texts.map((_, index) => letterOf(index)) };
  };
}

function letterOf(index: number): string {
  return index < 26 ? String.fromCharCode(65 + index) : String(index + 1);
}

const byText: Manner = (answer, { texts }) => {
  const exact = texts.findIndex((text) => text.trim() === answer);
  return exact >= 0 ? exact : texts.findIndex((text) => foldName(text) !== '' && foldName(text) === foldName(answer));
};
const byName: Manner = (answer, { names }) => names.findIndex((name) => foldName(name) === foldName(answer));
const byLetter: Manner = (answer) => (/^[a-z]$/i.test(answer) ? answer.toUpperCase().charCodeAt(0) - 65 : -1);
const byIndex: Manner = (answer) => (/^\d{1,3}$/.test(answer) ? Number(answer) : -1);
const byNumber: Manner = (answer) => byIndex(answer, { texts: [], names: [] }) - 1;

/** The manner by which most rows have an answer; the earlier one where several do. */
function mannerOf(rows: readonly { readonly answer: string; readonly choices: Choices }[]): Manner {
  const ranked = [byText, byName, byLetter, byIndex, byNumber].map((manner) => ({
    manner,
    fits: rows.filter(({ answer, choices }) => {
      const index = answer === '' ? -1 : manner(answer, choices);
      return index >= 0 && index < choices.texts.length;
    }).length,
  }));
  return ranked.toSorted((a, b) => b.fits - a.fits)[0]?.manner ?? byText;
}
