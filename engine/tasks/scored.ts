/** Tasks whose answers are more or less right: measured, and told row after row, from what the model said. */
import type { Head } from '../models/model.ts';
import type { EvaluationSample } from '../spec/events.ts';
import type { Figure, MetricName, PredictionDetail, ScoredPrediction } from '../spec/metrics.ts';
import type { TokenRows } from './rows.ts';
import type { Answerer, Part, PreparedTask, Untrained, Watch } from './task.ts';

/** Rows shown at an evaluation. */
const samplesShown = 12;

export interface ScoredTask<Example extends { readonly row: number }, Said> {
  readonly head: Head;
  readonly metric: MetricName;
  readonly labels: readonly string[];
  readonly examples: { readonly [P in Part]: readonly Example[] };
  readonly parts: { readonly [P in Part]: TokenRows };
  /** What the model says of each example of a part, in their order. */
  ask(answerer: Answerer, part: Part, watch?: Watch): Promise<readonly Answered<Said>[]>;
  /** What an untrained model says; null where it has nothing fair to say. */
  askUntrained(answerer: Answerer, part: Part, watch?: Watch): Promise<readonly Answered<Said>[] | null>;
  figure(examples: readonly Example[], said: readonly Said[]): Figure;
  /** Higher is better. */
  score(example: Example, said: Said): number;
  /** The example as its file has it. */
  show(example: Example): { readonly input: string; readonly expected: string };
  /** What was said, in words. */
  tell(said: Said, example: Example): string;
  detail(example: Example, said: Said): PredictionDetail;
  /** Probability of what was said, where the task has one. */
  confidence?(said: Said): number;
}

export interface Answered<Said> {
  readonly said: Said;
  readonly logits?: ArrayLike<number>;
}

/** Puts a task's own parts together. */
export function scoredTask<Example extends { readonly row: number }, Said>(
  task: ScoredTask<Example, Said>,
): PreparedTask {
  const { head, metric, labels, examples, parts } = task;
  const figureOf = (part: Part, answered: readonly Answered<Said>[]): Figure =>
    task.figure(
      examples[part],
      answered.map(({ said }) => said),
    );
  return {
    head,
    metric,
    labels,
    parts,
    measure: async (answerer, part, watch) => {
      const losses = await answerer.losses(parts[part].rows, watch);
      const loss = meanOf(losses.flatMap((row) => [...row]));
      const answered = await task.ask(answerer, part);
      const figure = figureOf(part, answered);
      return { loss, metrics: { loss, ...valuesOf(figure, metric) }, figure, samples: worst(task, part, answered) };
    },
    predict: async (answerer, part, { before, watch }) => {
      const answered = await task.ask(answerer, part, watch);
      const lines = examples[part].flatMap((example, index): ScoredPrediction[] => {
        const answer = answered[index];
        if (!answer) return [];
        const untrained = before?.answers[index];
        const untrainedScore = before?.scores?.[index];
        return [
          {
            row: example.row,
            ...task.show(example),
            prediction: task.tell(answer.said, example),
            score: task.score(example, answer.said),
            ...(typeof untrained === 'string' ? { untrained } : {}),
            ...(untrainedScore === undefined ? {} : { untrainedScore }),
            ...(answer.logits ? { logits: Array.from(answer.logits) } : {}),
            detail: task.detail(example, answer.said),
          },
        ];
      });
      return { figure: figureOf(part, answered), lines };
    },
    untrained: async (answerer, part, watch): Promise<Untrained | null> => {
      const answered = await task.askUntrained(answerer, part, watch);
      if (!answered) return null;
      const of = <T>(look: (said: Said, example: Example) => T): T[] =>
        examples[part].flatMap((example, index) => {
          const answer = answered[index];
          return answer ? [look(answer.said, example)] : [];
        });
      return {
        figure: figureOf(part, answered),
        answers: of((said, example) => task.tell(said, example)),
        scores: of((said, example) => task.score(example, said)),
      };
    },
    majority: () => null,
  };
}

/** All measures of a figure by name, the main one under the metric's. */
export function valuesOf(figure: Figure, metric: MetricName): Readonly<Record<string, number>> {
  if ('accuracy' in figure) return { accuracy: figure.accuracy, ...figure.values };
  if ('perplexity' in figure) return { perplexity: figure.perplexity };
  return { [metric]: figure.score, ...figure.values };
}

/** The rows that went worst. */
function worst<Example extends { readonly row: number }, Said>(
  task: ScoredTask<Example, Said>,
  part: Part,
  answered: readonly Answered<Said>[],
): readonly EvaluationSample[] {
  const scored = task.examples[part].flatMap((example, index) => {
    const answer = answered[index];
    return answer ? [{ example, said: answer.said, score: task.score(example, answer.said) }] : [];
  });
  return scored
    .toSorted((a, b) => a.score - b.score)
    .slice(0, samplesShown)
    .map(({ example, said }) => {
      const { input, expected } = task.show(example);
      return {
        row: example.row,
        text: input,
        expected,
        prediction: task.tell(said, example),
        confidence: task.confidence?.(said) ?? null,
      };
    });
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
