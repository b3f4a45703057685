/** Rows with a question, a passage and where the answer lies in it: extractive question answering. */
import type { ColumnsOf } from '../../spec/tasks.ts';
import { cellText, isBlank } from '../cells.ts';
import { codePoints, type CodePoints } from '../code-points.ts';
import { cellReader, textReader } from '../columns.ts';
import type { QuestionExample } from '../examples.ts';
import { cellValue, fieldOf } from '../lists.ts';
import { readRows, type Place, type Reading, type RoleTable } from '../reader.ts';
import { missingCells } from './cells.ts';
import { createNotes, type Notes } from './notes.ts';

interface Given {
  readonly text: string;
  /** In code points; null where only the text is given. */
  readonly start: number | null;
}

/** A row whose answers are not in its passage is left out; one without an answer is a question to leave unanswered. */
export function readQuestions(
  tables: readonly RoleTable[],
  columns: ColumnsOf<'question-answering'>,
): Reading<QuestionExample> {
  const notes = createNotes();
  const items = readRows(tables, (table) => {
    const [question, context] = [textReader(table, columns.question), textReader(table, columns.context)];
    const answers = cellReader(table, columns.answers);
    const start = columns.start === undefined ? () => undefined : cellReader(table, columns.start);
    return (cells, place): QuestionExample | null => {
      const read = { row: place.row, question: question(cells), context: context(cells) };
      if (isBlank(read.question) || isBlank(read.context)) {
        notes.note('empty-side', place);
        return null;
      }
      const given = givenAnswers(answers(cells), start(cells));
      const placed = given.flatMap((answer) => placeAnswer(answer, read.context, { notes, place }) ?? []);
      if (given.length === 0) notes.note('no-answer', place);
      return given.length > 0 && placed.length === 0 ? null : { ...read, answers: placed };
    };
  });
  return {
    items,
    findings: [
      ...notes.findings({ 'no-answer': 'note', 'answer-ambiguous': 'note' }),
      ...missingCells(tables, [columns.question, columns.context]),
    ],
    show: ({ question, context, answers }) => ({
      input: `${question}\n\n${context}`,
      answer: [...new Set(answers.map(({ text }) => text))].join('\n'),
    }),
    text: ({ question, context }) => `${question}\n${context}`,
    strata: (examples) => examples.map(({ answers }) => (answers.length > 0 ? 'answer' : 'none')),
    dataset: ({ train, validation, test }, common) => ({
      unanswerable: [...train, ...validation, ...test].some(({ answers }) => answers.length === 0),
      ...common,
      task: 'question-answering',
      columns,
      labels: [],
      train,
      validation,
      test,
    }),
  };
}

const startNames = ['answer_start', 'start', 'start_position', 'offset'];

/** A text, a list of texts or of {text, answer_start}, or SQuAD's {text: […], answer_start: […]}. */
function givenAnswers(cell: unknown, start: unknown): Given[] {
  const value = cellValue(cell);
  if (Array.isArray(value)) {
    const starts: unknown = cellValue(start);
    return value.flatMap((one: unknown, index) =>
      givenAnswers(one, Array.isArray(starts) ? starts[index] : index === 0 ? starts : undefined),
    );
  }
  if (typeof value === 'object' && value !== null) {
    const text = fieldOf(value, ['text', 'answer', 'answers']);
    const place = fieldOf(value, startNames);
    return text === undefined || text === value ? [] : givenAnswers(text, place ?? start);
  }
  const text = cellText(value);
  if (isBlank(text)) return [];
  const number = cellValue(start);
  const only: unknown = Array.isArray(number) ? number[0] : number;
  const isPlace = only !== undefined && only !== null && only !== '' && Number.isInteger(Number(only));
  return [{ text, start: isPlace && Number(only) >= 0 ? Number(only) : null }];
}

/** The answer where it lies in the passage: where it is said to be, else where it is found. */
function placeAnswer(
  { text, start }: Given,
  context: string,
  { notes, place }: { readonly notes: Notes; readonly place: Place },
): { text: string; start: number } | null {
  const points = codePoints(context);
  if (start !== null && points.slice(start, start + codePoints(text).length) === text) return { text, start };
  const found = occurrences(text, context, points);
  const [first] = found;
  if (first === undefined) {
    const trimmed = text.trim();
    if (trimmed !== text) return placeAnswer({ text: trimmed, start }, context, { notes, place });
    notes.note('answer-not-in-context', place, text.slice(0, 80));
    return null;
  }
  if (start !== null) {
    notes.note('answer-offset', place);
    const nearest = found.toSorted((a, b) => Math.abs(a - start) - Math.abs(b - start))[0] ?? first;
    return { text, start: nearest };
  }
  if (found.length > 1) notes.note('answer-ambiguous', place);
  return { text, start: first };
}

function occurrences(text: string, context: string, points: CodePoints): number[] {
  const found: number[] = [];
  for (let at = context.indexOf(text); at >= 0 && found.length < 1000; at = context.indexOf(text, at + 1))
    found.push(points.fromUnits(at));
  return found;
}
