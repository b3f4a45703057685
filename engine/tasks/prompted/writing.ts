/** Answers that are written behind a prompt: what stands before them, and what ends them. */
import type { TaskModel } from '../task.ts';
import { formatOf } from './context.ts';

/** What a decoder writes between the template and its answer. */
export function beforeAnswerOf({ prompt, kind }: Pick<TaskModel, 'prompt' | 'kind'>): string {
  return prompt && kind === 'decoder' ? formatOf(prompt.settings).beforeAnswer : '';
}

/** A decoder that goes on with a text writes the next example behind its answer: there it is cut. A chat model ends of itself. */
export function stopOf({ prompt, chatTemplate }: Pick<TaskModel, 'prompt' | 'chatTemplate'>): string | null {
  return prompt && prompt.demonstrations.length > 0 && chatTemplate === null ? prompt.settings.delimiter : null;
}
