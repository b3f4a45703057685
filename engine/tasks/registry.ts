/** All tasks, by Hugging Face's pipeline names. */
import type { TaskName } from '../spec/tasks.ts';
import { chat } from './chat/index.ts';
import { multipleChoice } from './multiple-choice/index.ts';
import { questionAnswering } from './question-answering/index.ts';
import { summarization } from './summarization/index.ts';
import type { Task } from './task.ts';
import { textClassification } from './text-classification/index.ts';
import { textGeneration } from './text-generation/index.ts';
import { tokenClassification } from './token-classification/index.ts';
import { translation } from './translation/index.ts';

const tasks = {
  'text-classification': textClassification,
  'token-classification': tokenClassification,
  'question-answering': questionAnswering,
  'multiple-choice': multipleChoice,
  'text-generation': textGeneration,
  chat,
  translation,
  summarization,
} satisfies { readonly [T in TaskName]: Task };

export function taskOf(name: TaskName): Task {
  return tasks[name];
}
