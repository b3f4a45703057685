/** Tasks that turn one text into another: a translation, a summary. */
import type { PairExample } from '../data/examples.ts';
import type { PairDataset } from '../data/dataset.ts';
import type { Head } from '../models/model.ts';
import type { Figure, MetricName } from '../spec/metrics.ts';
import { renderPrompt, type Chat } from '../tokenizer/chat-template.ts';
import { encodeChats } from './chat/encode.ts';
import { encodeCompletionPrompt, encodeCompletions } from './completions.ts';
import { roomFor, write } from './language.ts';
import { eachPart } from './parts.ts';
import { written as asPrompt, type SolvedRow } from './prompted/context.ts';
import { beforeAnswerOf, stopOf } from './prompted/writing.ts';
import type { TokenRows } from './rows.ts';
import { scoredTask } from './scored.ts';
import type { HeadOutline, PreparedTask, Task, TaskModel } from './task.ts';

/** Tokens of an answer at most. */
const longestAnswer = 128;

/** An encoder–decoder writes the answer; a decoder continues the source. */
export function writingHead({ architecture, config }: HeadOutline): Head | null {
  const name = (['seq2seq-lm', 'causal-lm'] as const).find((head) => architecture.taskClasses[head] !== undefined);
  return name === undefined ? null : { name, labels: config.vocabulary };
}

export function writingPeftType({ name }: Head): ReturnType<Task['peftType']> {
  return name === 'seq2seq-lm' ? 'SEQ_2_SEQ_LM' : 'CAUSAL_LM';
}

export interface Written {
  readonly metric: MetricName;
  /** What a chat model is asked to do, before the source. */
  readonly instruction: string;
  figure(said: readonly string[], references: readonly string[]): Figure;
  score(said: string, reference: string): number;
}

export async function prepareWritten(
  dataset: PairDataset,
  model: TaskModel,
  { head, written }: { readonly head: Head; readonly written: Written },
): Promise<PreparedTask> {
  const source = sourceOf(model, written.instruction);
  const { room, limit } = roomFor(model, longestAnswer);
  const parts = await eachPart((part) => source.encode(dataset[part]));
  const ask: Parameters<typeof scoredTask<PairExample, string>>[0]['ask'] = async (answerer, part, watch) => {
    const writing = {
      tokenizer: model.tokenizer,
      limit,
      prompt: (example: PairExample) => source.prompt(example.source, room),
      stop: stopOf(model),
    };
    const texts = await write(writing, answerer, { examples: dataset[part], watch });
    return texts.map((text) => ({ said: text.trim() }));
  };
  return scoredTask<PairExample, string>({
    head,
    metric: written.metric,
    labels: [],
    examples: dataset,
    parts,
    ask,
    askUntrained: ask,
    figure: (examples, said) =>
      written.figure(
        said,
        examples.map(({ target }) => target),
      ),
    score: ({ target }, said) => written.score(said, target),
    show: ({ source: input, target }) => ({ input, expected: target }),
    tell: (said) => said,
    detail: ({ source: from, target }) => ({ kind: 'text', source: from, target }),
  });
}

export function solvedPair({ source, target }: PairExample): SolvedRow {
  return { fields: { text: source }, answer: target, group: null };
}

/** Tokens of one source as the model is asked for its answer. */
export function askWritten(
  model: TaskModel,
  { text, room, instruction }: { readonly text: string; readonly room: number; readonly instruction: string },
): Promise<readonly number[]> {
  return sourceOf(model, instruction).prompt(text, room);
}

interface Source {
  encode(examples: readonly PairExample[]): Promise<TokenRows>;
  prompt(source: string, room: number): Promise<readonly number[]>;
}

/** A chat model is asked in a turn of its own; any other decoder continues the source behind a line feed. */
function sourceOf(model: TaskModel, instruction: string): Source {
  const { tokenizer, chatTemplate, kind, maxLength, prompt: around } = model;
  const shown = (source: string): string => (around ? asPrompt(around, source) : source);
  if (kind === 'decoder' && chatTemplate !== null) {
    const chat: Chat = { tokenizer, template: chatTemplate };
    const asked = (source: string) => ({ role: 'user', content: `${instruction}\n\n${shown(source)}` }) as const;
    return {
      encode: (examples) =>
        encodeChats(
          examples.map((example) => ({
            row: example.row,
            messages: [asked(example.source), { role: 'assistant', content: example.target }],
          })),
          chat,
          maxLength,
        ),
      prompt: async (source, room) => {
        const ids = await renderPrompt(chat, [asked(source)]);
        return ids.slice(Math.max(0, ids.length - room));
      },
    };
  }
  const prompt = (source: string): string => (around ? shown(source) : kind === 'decoder' ? `${source}\n` : source);
  return {
    encode: (examples) =>
      encodeCompletions(
        examples.map((example) => ({
          prompt: prompt(example.source),
          completion: `${beforeAnswerOf(model)}${example.target}`,
        })),
        model,
      ),
    prompt: (source, room) => encodeCompletionPrompt(prompt(source), model, room),
  };
}
