/** Text generation: continue or write text; a prompt, if there is one, is read and not learned. */
import type { GenerationExample } from '../../data/examples.ts';
import { BugError } from '../../spec/errors.ts';
import { encodeCompletionPrompt, encodeCompletions } from '../completions.ts';
import { languageTask, roomFor } from '../language.ts';
import { eachPart } from '../parts.ts';
import { written } from '../prompted/context.ts';
import { beforeAnswerOf, stopOf } from '../prompted/writing.ts';
import type { Task, TaskModel } from '../task.ts';

const longestAnswer = 64;

export const textGeneration: Task = {
  name: 'text-generation',
  head: ({ architecture, config }) =>
    architecture.taskClasses['causal-lm'] === undefined ? null : { name: 'causal-lm', labels: config.vocabulary },
  solved: (dataset, part) =>
    dataset.task === 'text-generation'
      ? dataset[part].map(({ prompt, completion }) => ({ fields: { text: prompt }, answer: completion, group: null }))
      : null,
  peftType: () => 'CAUSAL_LM',
  ask: (model, text, room) => encodeCompletionPrompt(shown(model, text), model, room),
  prepare: async (dataset, model, { head }) => {
    if (dataset.task !== 'text-generation') throw new BugError(`a data set for ${dataset.task}`);
    const { room, limit } = roomFor(model, longestAnswer);
    return languageTask<GenerationExample>({
      head,
      examples: dataset,
      parts: await eachPart((part) =>
        encodeCompletions(
          dataset[part].map(({ prompt, completion }) => ({
            prompt: shown(model, prompt),
            completion: `${beforeAnswerOf(model)}${completion}`,
          })),
          model,
        ),
      ),
      tokenizer: model.tokenizer,
      limit,
      stop: stopOf(model),
      prompt: ({ prompt }) => encodeCompletionPrompt(shown(model, prompt), model, room),
      show: ({ prompt, completion }) => ({ prompt, expected: completion }),
      extra: () => ({}),
    });
  },
};

/** The prompt around a text, where there is one. */
function shown({ prompt }: TaskModel, text: string): string {
  return prompt ? written(prompt, text) : text;
}
