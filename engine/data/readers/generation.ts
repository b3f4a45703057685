/** Rows as texts to be written on from: whole texts, or a beginning and how it goes on. */
import type { ColumnsOf } from '../../spec/tasks.ts';
import { isBlank } from '../cells.ts';
import { namedColumns, textReader } from '../columns.ts';
import type { GenerationExample } from '../examples.ts';
import { readRows, type Reading, type RoleTable } from '../reader.ts';
import { missingCells } from './cells.ts';
import { createNotes } from './notes.ts';

/** Nothing is trimmed; rows with nothing to learn are left out. */
export function readTexts(
  tables: readonly RoleTable[],
  columns: ColumnsOf<'text-generation'>,
): Reading<GenerationExample> {
  const whole = 'text' in columns;
  const notes = createNotes();
  const items = readRows(tables, (table) => {
    const prompt = whole ? () => '' : textReader(table, columns.prompt);
    const completion = textReader(table, whole ? columns.text : columns.completion);
    return (cells, place): GenerationExample | null => {
      const example = { row: place.row, prompt: prompt(cells), completion: completion(cells) };
      if (!isBlank(example.completion)) return example;
      notes.note('empty-side', place);
      return null;
    };
  });
  return {
    items,
    findings: [...notes.findings(), ...missingCells(tables, namedColumns(columns))],
    show: ({ prompt, completion }) =>
      whole ? { input: completion, answer: '' } : { input: prompt, answer: completion },
    text: ({ prompt, completion }) => prompt + completion,
    dataset: ({ train, validation, test }, common) => ({
      ...common,
      task: 'text-generation',
      columns,
      labels: [],
      train,
      validation,
      test,
    }),
  };
}
