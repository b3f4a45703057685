/** Chat: the turns so far → the assistant's next answer; the loss counts the assistant's turns only. */
import type { ChatDataset } from '../../data/dataset.ts';
import type { ChatExample } from '../../data/examples.ts';
import { BugError, StudioError } from '../../spec/errors.ts';
import type { EvaluationSample } from '../../spec/events.ts';
import type { PerplexityFigure } from '../../spec/metrics.ts';
import type { Chat } from '../../tokenizer/chat-template.ts';
import type { Answerer, Part, PreparedTask, Task, TaskModel, Watch } from '../task.ts';
import { encodeChats, encodePrompt } from './encode.ts';

/** Answers in predictions.jsonl end here. */
const longestAnswer = 64;
/** Rows answered at an evaluation, to show. */
const samplesShown = 3;

export const chat: Task = {
  name: 'chat',
  metric: 'perplexity',
  peftType: 'CAUSAL_LM',
  head: (_labels, config) => ({ name: 'causal-lm', labels: config.vocabulary }),
  prepare: async (dataset, model) => {
    if (dataset.task !== 'chat') throw new BugError(`a data set for ${dataset.task}`);
    if (model.chatTemplate === null)
      throw new StudioError('template.failed', { reason: `${model.path} has no chat template` });
    return prepare(dataset, model, { tokenizer: model.tokenizer, template: model.chatTemplate });
  },
};

async function prepare(dataset: ChatDataset, model: TaskModel, template: Chat): Promise<PreparedTask> {
  const examples: { readonly [P in Part]: readonly ChatExample[] } = dataset;
  const encode = (part: Part) => encodeChats(examples[part], template, model.maxLength);
  const parts = { train: await encode('train'), validation: await encode('validation'), test: await encode('test') };
  // A model of few tokens gives half of them to the question.
  const { maxLength } = model.config;
  const room = Math.max(maxLength - longestAnswer, Math.ceil(maxLength / 2));
  const limit = Math.min(longestAnswer, maxLength - room);
  const rowLosses = async (answerer: Answerer, part: Part, watch?: Watch) => {
    const losses = await answerer.losses(parts[part].rows, watch);
    const rows = losses.map((row) => row.reduce((sum, loss) => sum + loss, 0) / Math.max(1, row.length));
    const total = losses.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0);
    const loss =
      total /
      Math.max(
        1,
        losses.reduce((count, row) => count + row.length, 0),
      );
    const figure: PerplexityFigure = { loss, perplexity: Math.exp(loss), n: losses.length };
    return { rows, figure };
  };
  const answer = async (
    answerer: Answerer,
    chosen: readonly ChatExample[],
    watch?: Watch,
  ): Promise<readonly string[]> => {
    const prompts = await Promise.all(chosen.map((example) => encodePrompt(example, template, room)));
    const answers = await answerer.continue(prompts, limit, watch);
    return Promise.all(answers.map((ids) => template.tokenizer.decode(ids, { skipSpecialTokens: true })));
  };
  return {
    head: { name: 'causal-lm', labels: model.config.vocabulary },
    labels: [],
    parts,
    measure: async (answerer, part, watch) => {
      const { figure } = await rowLosses(answerer, part, watch);
      const chosen = examples[part].slice(0, samplesShown);
      const said = await answer(answerer, chosen);
      const samples = chosen.map((example, index): EvaluationSample => ({
        row: example.row,
        text: promptOf(example),
        expected: expectedOf(example),
        prediction: said[index] ?? '',
        confidence: null,
      }));
      return { loss: figure.loss, metrics: { loss: figure.loss, perplexity: figure.perplexity }, figure, samples };
    },
    predict: async (answerer, part, { before, watch }) => {
      const { rows, figure } = await rowLosses(answerer, part, watch);
      const said = await answer(answerer, examples[part], watch);
      const lines = examples[part].map((example, index) => {
        const untrainedLoss = before?.answers[index];
        return {
          row: example.row,
          prompt: promptOf(example),
          expected: expectedOf(example),
          prediction: said[index] ?? '',
          ...(example.messages.length === 2 ? {} : { messages: example.messages }),
          loss: rows[index] ?? 0,
          ...(typeof untrainedLoss === 'number' ? { untrainedLoss } : {}),
        };
      });
      return { figure, lines };
    },
    untrained: async (answerer, part, watch) => {
      const { rows, figure } = await rowLosses(answerer, part, watch);
      return { figure, answers: rows };
    },
    majority: () => null,
  };
}

function promptOf({ messages }: ChatExample): string {
  return messages.findLast(({ role }) => role === 'user')?.content ?? '';
}

function expectedOf({ messages }: ChatExample): string {
  return messages.at(-1)?.content ?? '';
}
