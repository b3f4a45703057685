/** Extractive question answering: a question and a passage → the piece that answers (Transformers' *ForQuestionAnswering). */
import { codePoints } from '../../data/code-points.ts';
import type { QuestionDataset } from '../../data/dataset.ts';
import type { QuestionExample } from '../../data/examples.ts';
import { answerScores } from '../../metrics/answers.ts';
import { BugError } from '../../spec/errors.ts';
import type { ScoreFigure } from '../../spec/metrics.ts';
import { eachPart } from '../parts.ts';
import { meanOf, scoredTask } from '../scored.ts';
import type { PreparedTask, Task, TaskModel } from '../task.ts';
import { encodeQuestions, type Window } from './encode.ts';

/** Tokens of the longest answer, and how many starts and ends are paired, as Transformers' run_qa has them. */
const longestAnswer = 30;
const bestKept = 20;

export const questionAnswering: Task = {
  name: 'question-answering',
  head: ({ architecture, unanswerable }) =>
    architecture.taskClasses['question-answering'] === undefined
      ? null
      : { name: 'question-answering', labels: 2, ...(unanswerable ? { unanswerable } : {}) },
  peftType: () => 'QUESTION_ANS',
  ask: null,
  prepare: async (dataset, model, { head }) => {
    if (dataset.task !== 'question-answering') throw new BugError(`a data set for ${dataset.task}`);
    return prepare(dataset, model, { head, labels: [] });
  },
};

/** Null: the passage does not answer. */
export type Said = { readonly text: string; readonly start: number; readonly end: number } | null;

async function prepare(
  dataset: QuestionDataset,
  model: TaskModel,
  { head }: Parameters<Task['prepare']>[2],
): Promise<PreparedTask> {
  const parts = await eachPart((part) => encodeQuestions(dataset[part], model));
  return scoredTask<QuestionExample, Said>({
    head,
    metric: 'answer-f1',
    labels: [],
    examples: dataset,
    parts,
    ask: async (answerer, part, watch) => {
      const { rows, windows } = parts[part];
      const logits = await answerer.logits(rows, watch);
      return dataset[part].map((example, index) => {
        const own = windows.flatMap((window, row) =>
          window.example === index ? [{ window, logits: logits[row] ?? new Float32Array() }] : [],
        );
        return { said: bestAnswer(own, example.context, head.unanswerable ?? false) };
      });
    },
    askUntrained: () => Promise.resolve(null),
    figure: (examples, said): ScoreFigure => {
      const scores = examples.map(({ answers }, index) =>
        answerScores(
          said[index]?.text ?? '',
          answers.map(({ text }) => text),
        ),
      );
      return {
        score: meanOf(scores.map(({ f1 }) => f1)),
        n: examples.length,
        values: { exactMatch: meanOf(scores.map(({ exactMatch }) => exactMatch)) },
      };
    },
    score: ({ answers }, said) =>
      answerScores(
        said?.text ?? '',
        answers.map(({ text }) => text),
      ).f1,
    show: ({ question, context, answers }) => ({
      input: `${question}\n\n${context}`,
      expected: answers[0]?.text ?? '',
    }),
    tell: (said) => said?.text ?? '',
    detail: ({ question, context, answers }, predicted) => ({ kind: 'answer', question, context, answers, predicted }),
  });
}

interface Scored {
  readonly window: Window;
  /** Start and end of each position, [positions · 2]. */
  readonly logits: Float32Array;
}

/** The best piece over all windows of a passage; none where "no answer" is better in every one of them. */
export function bestAnswer(windows: readonly Scored[], context: string, mayHaveNone: boolean): Said {
  const points = codePoints(context);
  let best: { readonly score: number; readonly start: number; readonly end: number } | null = null;
  let noneScore = Infinity;
  for (const { window, logits } of windows) {
    const startOf = (position: number): number => logits[2 * position] ?? -Infinity;
    const endOf = (position: number): number => logits[2 * position + 1] ?? -Infinity;
    noneScore = Math.min(noneScore, startOf(window.none) + endOf(window.none));
    const top = (of: (position: number) => number) =>
      window.passage
        .map((token, at) => ({ ...token, at }))
        .sort((a, b) => of(b.position) - of(a.position))
        .slice(0, bestKept);
    const ends = top(endOf);
    for (const start of top(startOf)) {
      for (const end of ends) {
        if (end.at < start.at || end.at - start.at >= longestAnswer) continue;
        const score = startOf(start.position) + endOf(end.position);
        if (best === null || score > best.score) best = { score, start: start.start, end: end.end };
      }
    }
  }
  if (best === null || (mayHaveNone && noneScore > best.score)) return null;
  const { start, end } = best;
  return { text: points.slice(start, end), start, end };
}
