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

/** Tasks the engine can train today; the others are refused by name. */
export const supportedTasks = ['text-classification', 'chat'] as const;
export type SupportedTask = (typeof supportedTasks)[number];

export const classificationColumns = z.strictObject({
  text: z.union([z.string(), z.array(z.string()).min(1)]),
  label: z.string(),
});
export type ClassificationColumns = z.infer<typeof classificationColumns>;

export const chatColumns = z.union([
  z.strictObject({ messages: z.string() }),
  z.strictObject({ prompt: z.string(), response: z.string() }),
]);
export type ChatColumns = z.infer<typeof chatColumns>;

export type Columns = ClassificationColumns | ChatColumns;
