/** Chat: the turns so far → the assistant's next answer; the loss counts the assistant's turns only. */
import type { ChatDataset } from '../../data/dataset.ts';
import type { ChatExample } from '../../data/examples.ts';
import { BugError, StudioError } from '../../spec/errors.ts';
import { renderPrompt, type Chat } from '../../tokenizer/chat-template.ts';
import { languageTask, roomFor } from '../language.ts';
import { eachPart } from '../parts.ts';
import type { SolvedRow } from '../prompted/context.ts';
import type { PreparedTask, Task, TaskModel } from '../task.ts';
import { encodeChats, encodePrompt } from './encode.ts';

/** Answers in predictions.jsonl end here. */
const longestAnswer = 64;

export const chat: Task = {
  name: 'chat',
  head: ({ architecture, config }) =>
    architecture.taskClasses['causal-lm'] === undefined ? null : { name: 'causal-lm', labels: config.vocabulary },
  solved: (dataset, part) => (dataset.task === 'chat' ? dataset[part].flatMap(solvedTurn) : null),
  peftType: () => 'CAUSAL_LM',
  ask: async (model, text, room) => {
    const ids = await renderPrompt(templateOf(model), [...turnsBefore(model), { role: 'user', content: text }]);
    return ids.slice(Math.max(0, ids.length - room));
  },
  prepare: async (dataset, model, { head }) => {
    if (dataset.task !== 'chat') throw new BugError(`a data set for ${dataset.task}`);
    return prepare(dataset, model, { head, labels: [] });
  },
};

function templateOf({ tokenizer, chatTemplate, path }: TaskModel): Chat {
  if (chatTemplate === null) throw new StudioError('template.failed', { reason: `${path} has no chat template` });
  return { tokenizer, template: chatTemplate };
}

async function prepare(
  dataset: ChatDataset,
  model: TaskModel,
  { head }: Parameters<Task['prepare']>[2],
): Promise<PreparedTask> {
  const template = templateOf(model);
  const { room, limit } = roomFor(model, longestAnswer);
  const turns = turnsBefore(model);
  const within = (example: ChatExample): ChatExample => {
    const lead = example.messages.filter(({ role }) => role === 'system');
    const rest = example.messages.filter(({ role }) => role !== 'system');
    return turns.length === 0 ? example : { ...example, messages: [...lead, ...turns, ...rest] };
  };
  return languageTask<ChatExample>({
    head,
    examples: dataset,
    parts: await eachPart((part) => encodeChats(dataset[part].map(within), template, model.maxLength)),
    tokenizer: model.tokenizer,
    limit,
    prompt: (example) => encodePrompt(within(example), template, room),
    stop: null,
    show: ({ messages }) => ({
      prompt: messages.findLast(({ role }) => role === 'user')?.content ?? '',
      expected: messages.at(-1)?.content ?? '',
    }),
    extra: ({ messages }) => (messages.length === 2 ? {} : { messages }),
  });
}

/** The last question of a conversation and its answer. */
function solvedTurn({ messages }: ChatExample): readonly SolvedRow[] {
  const question = messages.findLast(({ role }) => role === 'user');
  const answer = messages.at(-1);
  return question && answer ? [{ fields: { text: question.content }, answer: answer.content, group: null }] : [];
}

/** Solved rows as turns that were taken before. */
function turnsBefore({ prompt }: TaskModel): ChatExample['messages'] {
  return (prompt?.demonstrations ?? []).flatMap(({ fields, answer }) => [
    { role: 'user', content: fields['text'] ?? '' } as const,
    { role: 'assistant', content: answer } as const,
  ]);
}
