/** Tasks whose answers are texts: losses of the expected answer, and what the model writes. */
import type { Head } from '../models/model.ts';
import type { EvaluationSample } from '../spec/events.ts';
import type { PerplexityFigure, Prediction } from '../spec/metrics.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { TokenRows } from './rows.ts';
import type { Answerer, Part, PreparedTask, TaskModel, Watch } from './task.ts';

/** Rows answered at an evaluation, to show. */
export const samplesShown = 3;

/** Room of a question and length of an answer, in tokens; a model of few tokens gives half of them to the question. */
export function roomFor({ config, kind, maxLength }: TaskModel, longest: number): { room: number; limit: number } {
  // An encoder–decoder's answer stands in a row of its own.
  if (kind === 'encoder-decoder') return { room: maxLength, limit: Math.min(longest, config.maxLength) };
  const room = Math.max(config.maxLength - longest, Math.ceil(config.maxLength / 2));
  return { room, limit: Math.min(longest, config.maxLength - room) };
}

export interface Writing<Example> {
  readonly examples: { readonly [P in Part]: readonly Example[] };
  readonly parts: { readonly [P in Part]: TokenRows };
  readonly tokenizer: Tokenizer;
  /** Tokens of an answer at most. */
  readonly limit: number;
  /** What the model continues, or the source it answers. */
  prompt(example: Example): Promise<readonly number[]>;
  /** Ends an answer, and is no part of it. */
  readonly stop: string | null;
}

/** Texts that the model writes for examples. */
export async function write<Example>(
  { tokenizer, limit, prompt, stop }: Pick<Writing<Example>, 'tokenizer' | 'limit' | 'prompt' | 'stop'>,
  answerer: Answerer,
  { examples, watch }: { readonly examples: readonly Example[]; readonly watch?: Watch | undefined },
): Promise<readonly string[]> {
  const prompts = await Promise.all(examples.map(prompt));
  const answers = await answerer.continue(prompts, limit, watch);
  const texts = await Promise.all(answers.map((ids) => tokenizer.decode(ids, { skipSpecialTokens: true })));
  return stop === null ? texts : texts.map((text) => text.split(stop)[0] ?? '');
}

/** Mean loss of each row's expected answer, and the perplexity of all. */
export async function likelihoods(
  answerer: Answerer,
  { rows }: TokenRows,
  watch?: Watch,
): Promise<{ readonly rows: readonly number[]; readonly figure: PerplexityFigure }> {
  const losses = await answerer.losses(rows, watch);
  const sum = (row: Float32Array): number => row.reduce((total, loss) => total + loss, 0);
  const tokens = losses.reduce((count, row) => count + row.length, 0);
  const loss = losses.reduce((total, row) => total + sum(row), 0) / Math.max(1, tokens);
  return {
    rows: losses.map((row) => sum(row) / Math.max(1, row.length)),
    figure: { loss, perplexity: Math.exp(loss), n: losses.length },
  };
}

export interface LanguageTask<Example extends { readonly row: number }> extends Writing<Example> {
  readonly head: Head;
  show(example: Example): { readonly prompt: string; readonly expected: string };
  /** What else its line of predictions.jsonl holds. */
  extra(example: Example): Pick<Extract<Prediction, { prompt: string }>, 'messages'>;
}

/** Judged by the perplexity of the expected answers. */
export function languageTask<Example extends { readonly row: number }>(task: LanguageTask<Example>): PreparedTask {
  const { head, examples, parts } = task;
  return {
    head,
    metric: 'perplexity',
    labels: [],
    parts,
    measure: async (answerer, part, watch) => {
      const { figure } = await likelihoods(answerer, parts[part], watch);
      const chosen = examples[part].slice(0, samplesShown);
      const said = await write(task, answerer, { examples: chosen });
      const samples = chosen.map((example, index): EvaluationSample => {
        const { prompt: text, expected } = task.show(example);
        return { row: example.row, text, expected, prediction: said[index] ?? '', confidence: null };
      });
      return { loss: figure.loss, metrics: { loss: figure.loss, perplexity: figure.perplexity }, figure, samples };
    },
    predict: async (answerer, part, { before, watch }) => {
      const { rows, figure } = await likelihoods(answerer, parts[part], watch);
      const said = await write(task, answerer, { examples: examples[part], watch });
      const lines = examples[part].map((example, index) => {
        const untrainedLoss = before?.answers[index];
        return {
          row: example.row,
          ...task.show(example),
          prediction: said[index] ?? '',
          ...task.extra(example),
          loss: rows[index] ?? 0,
          ...(typeof untrainedLoss === 'number' ? { untrainedLoss } : {}),
        };
      });
      return { figure, lines };
    },
    untrained: async (answerer, part, watch) => {
      const { rows, figure } = await likelihoods(answerer, parts[part], watch);
      return { figure, answers: rows };
    },
    majority: () => null,
  };
}
