/** Which reader makes the examples of a mapping. */
import { taskOfColumns, type Columns, type ColumnsOf, type Labelling, type TaskName } from '../../spec/tasks.ts';
import type { Reading, RoleTable } from '../reader.ts';
import { readChat } from './chat.ts';
import { readChoices } from './choices.ts';
import { readClasses } from './classification.ts';
import { readTexts } from './generation.ts';
import { readLabelSets } from './multi-label.ts';
import { readPairs } from './pairs.ts';
import { readQuestions } from './questions.ts';
import { readAmounts } from './regression.ts';
import { readTokens } from './tokens.ts';

type Reader<T extends TaskName> = (tables: readonly RoleTable[], columns: ColumnsOf<T>) => Reading;

const ofLabelling = {
  one: (tables, columns) => readClasses(tables, columns, labelColumn(columns)),
  many: readLabelSets,
  number: (tables, columns) => readAmounts(tables, columns, labelColumn(columns)),
} satisfies Record<Labelling, Reader<'text-classification'>>;

const readers: { readonly [T in TaskName]: Reader<T> } = {
  'text-classification': (tables, columns) =>
    ofLabelling[columns.labels ?? (typeof columns.label === 'string' ? 'one' : 'many')](tables, columns),
  'token-classification': readTokens,
  'question-answering': readQuestions,
  'multiple-choice': readChoices,
  'text-generation': readTexts,
  chat: readChat,
  translation: (tables, columns) =>
    readPairs(tables, columns, ({ train, validation, test }, common) => ({
      ...common,
      task: 'translation',
      columns,
      labels: [],
      train,
      validation,
      test,
    })),
  summarization: (tables, columns) =>
    readPairs(tables, { source: columns.text, target: columns.summary }, ({ train, validation, test }, common) => ({
      ...common,
      task: 'summarization',
      columns,
      labels: [],
      train,
      validation,
      test,
    })),
};

/** Only many labels have several columns. */
function labelColumn({ label }: ColumnsOf<'text-classification'>): string {
  return [label].flat().join(', ');
}

/** Makes an example of every row. @throws StudioError data.* */
export function readExamples(tables: readonly RoleTable[], columns: Columns): Reading {
  const read = readers[taskOfColumns(columns)] as Reader<TaskName>;
  return read(tables, columns);
}
