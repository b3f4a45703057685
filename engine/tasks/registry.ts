/** All tasks that train today, by Hugging Face's pipeline names. */
import type { SupportedTask } from '../spec/tasks.ts';
import { chat } from './chat/index.ts';
import type { Task } from './task.ts';
import { textClassification } from './text-classification/index.ts';

const tasks = { 'text-classification': textClassification, chat } satisfies { readonly [T in SupportedTask]: Task };

export function taskOf(name: SupportedTask): Task {
  return tasks[name];
}
