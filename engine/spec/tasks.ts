/** Tasks by Hugging Face's pipeline names, and the columns each one reads. */
import { z } from 'zod';

export const taskNames = [
  'text-classification',
  'token-classification',
  'question-answering',
  'multiple-choice',
  'text-generation',
  'chat',
  'translation',
  'summarization',
] as const;
export type TaskName = (typeof taskNames)[number];

/** Tasks whose answer is a text that the model writes. */
export function writesText(task: TaskName): boolean {
  return task === 'chat' || task === 'text-generation' || task === 'translation' || task === 'summarization';
}

/** One label a row, any number of labels a row (none included), or a number to predict. */
const labellings = ['one', 'many', 'number'] as const;
export type Labelling = (typeof labellings)[number];

const separators = [';', ',', '|'] as const;

/** The shapes differ in their keys, so that columns tell their task. */
export const columnSchemas = {
  'text-classification': z
    .strictObject({
      /** Several are joined by a line feed. */
      text: z.union([z.string(), z.array(z.string()).min(1)]),
      /** A second text that the model reads as the other half of a pair. */
      pair: z.string().optional(),
      /** Several: one column a label, each 0 or 1. */
      label: z.union([z.string(), z.array(z.string()).min(2)]),
      /** Absent: one, or many where `label` is several columns. */
      labels: z.enum(labellings).optional(),
      /** Parts the labels of a cell; absent: a cell is a list, or labels parted by `;` or `|`. */
      separator: z.enum(separators).optional(),
    })
    .refine(({ label, labels = 'many' }) => typeof label === 'string' || labels === 'many', {
      path: ['labels'],
      message: '"many", as label names several columns',
    }),
  'token-classification': z.union([
    /** Cells are lists, or words parted by blanks. */
    z.strictObject({ words: z.string(), tags: z.string() }),
    /** `spans`: [{start, end, label}] in Unicode code points, end exclusive. */
    z.strictObject({ text: z.string(), spans: z.string() }),
  ]),
  'question-answering': z.strictObject({
    question: z.string(),
    context: z.string(),
    /** A text, a list of texts, or SQuAD's answers with their places; empty: no answer. */
    answers: z.string(),
    /** Where the answer starts in the context, in Unicode code points. */
    start: z.string().optional(),
  }),
  'multiple-choice': z.strictObject({
    question: z.string(),
    context: z.string().optional(),
    /** A column of lists, or one column a choice. */
    choices: z.union([z.string(), z.array(z.string()).min(2)]),
    /** The right choice: its index from 0, its letter, or its text. */
    answer: z.string(),
  }),
  'text-generation': z.union([
    z.strictObject({ text: z.string() }),
    z.strictObject({ prompt: z.string(), completion: z.string() }),
  ]),
  chat: z.union([
    z.strictObject({ messages: z.string() }),
    z.strictObject({ prompt: z.string(), response: z.string() }),
  ]),
  translation: z.strictObject({ source: z.string(), target: z.string() }),
  summarization: z.strictObject({ text: z.string(), summary: z.string() }),
} as const satisfies { readonly [T in TaskName]: z.ZodType };

export type ColumnsOf<T extends TaskName> = z.infer<(typeof columnSchemas)[T]>;
export type Columns = ColumnsOf<TaskName>;

export const anyColumns: z.ZodType<Columns> = z.union(taskNames.map((task) => columnSchemas[task]));

/** Whether columns are of the kind a task reads. */
export function suitsTask(columns: Columns, task: TaskName): boolean {
  return columnSchemas[task].safeParse(columns).success;
}

/** The task whose columns these are. */
export function taskOfColumns(columns: Columns): TaskName {
  const found = taskNames.find((task) => suitsTask(columns, task));
  if (found === undefined) throw new RangeError(`columns of no task: ${Object.keys(columns).join(', ')}`);
  return found;
}
