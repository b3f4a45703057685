/** A text → a number (Transformers' `regression`: one output, squared error). */
import type { RegressionDataset } from '../../data/dataset.ts';
import type { RegressionExample } from '../../data/examples.ts';
import { pearson, regressionErrors, spearman } from '../../metrics/regression.ts';
import type { ScoreFigure } from '../../spec/metrics.ts';
import { eachPart } from '../parts.ts';
import { scoredTask } from '../scored.ts';
import type { PreparedTask, TaskModel } from '../task.ts';
import { encodeTexts } from './encode.ts';
import type { Answers } from './index.ts';

export async function prepareRegression(
  dataset: RegressionDataset,
  model: TaskModel,
  { head }: Answers,
): Promise<PreparedTask> {
  const parts = await eachPart((part) =>
    encodeTexts(dataset[part], model, (index) => ({ values: [dataset[part][index]?.value ?? 0] })),
  );
  return scoredTask<RegressionExample, number>({
    head,
    metric: 'pearson',
    labels: [],
    examples: dataset,
    parts,
    ask: async (answerer, part, watch) => {
      const logits = await answerer.logits(parts[part].rows, watch);
      return logits.map((own) => ({ said: own[0] ?? 0, logits: own }));
    },
    askUntrained: () => Promise.resolve(null),
    figure: (examples, said): ScoreFigure => {
      if (examples.length === 0) return { score: 0, n: 0, values: {} };
      const truth = examples.map(({ value }) => value);
      const { mse, mae, r2 } = regressionErrors(truth, said);
      return {
        // Constant predictions have no correlation.
        score: pearson(truth, said).value ?? 0,
        n: examples.length,
        values: {
          spearman: spearman(truth, said).value ?? 0,
          rmse: Math.sqrt(mse),
          mae,
          ...(r2 === null ? {} : { r2 }),
        },
      };
    },
    score: ({ value }, said) => -((value - said) ** 2),
    show: ({ text, value }) => ({ input: text, expected: String(value) }),
    tell: (said) => String(Number(said.toPrecision(4))),
    detail: ({ text, pair, value }, predicted) => ({
      kind: 'number',
      text,
      ...(pair === undefined ? {} : { pair }),
      expected: value,
      predicted,
    }),
  });
}
