/** Text generation: continue or write text; a prompt, if there is one, is read and not learned. */
import type { GenerationExample } from '../../data/examples.ts';
import { BugError } from '../../spec/errors.ts';
import { encodeCompletionPrompt, encodeCompletions } from '../completions.ts';
import { languageTask, roomFor } from '../language.ts';
import { eachPart } from '../parts.ts';
import type { Task } from '../task.ts';

const longestAnswer = 64;

export const textGeneration: Task = {
  name: 'text-generation',
  head: ({ architecture, config }) =>
    architecture.taskClasses['causal-lm'] === undefined ? null : { name: 'causal-lm', labels: config.vocabulary },
  peftType: () => 'CAUSAL_LM',
  ask: (model, text, room) => encodeCompletionPrompt(text, model, room),
  prepare: async (dataset, model, { head }) => {
    if (dataset.task !== 'text-generation') throw new BugError(`a data set for ${dataset.task}`);
    const { room, limit } = roomFor(model, longestAnswer);
    return languageTask<GenerationExample>({
      head,
      examples: dataset,
      parts: await eachPart((part) => encodeCompletions(dataset[part], model)),
      tokenizer: model.tokenizer,
      limit,
      prompt: ({ prompt }) => encodeCompletionPrompt(prompt, model, room),
      show: ({ prompt, completion }) => ({ prompt, expected: completion }),
      extra: () => ({}),
    });
  },
};
