/** A text → any number of the labels: each one yes or no (Transformers' `multi_label_classification`). */
import type { MultiLabelDataset } from '../../data/dataset.ts';
import type { MultiLabelExample } from '../../data/examples.ts';
import { multiLabelReport } from '../../metrics/multi-label.ts';
import type { ScoreFigure } from '../../spec/metrics.ts';
import { eachPart } from '../parts.ts';
import { scoredTask } from '../scored.ts';
import type { PreparedTask, TaskModel } from '../task.ts';
import { encodeTexts } from './encode.ts';
import type { Answers } from './index.ts';

type Said = readonly string[];

export async function prepareMultiLabel(
  dataset: MultiLabelDataset,
  model: TaskModel,
  { head, labels }: Answers,
): Promise<PreparedTask> {
  const parts = await eachPart((part) =>
    encodeTexts(dataset[part], model, (index) => ({
      values: labels.map((label) => (dataset[part][index]?.labels.includes(label) ? 1 : 0)),
    })),
  );
  const flags = (own: Said): readonly boolean[] => labels.map((label) => own.includes(label));
  return scoredTask<MultiLabelExample, Said>({
    head,
    metric: 'micro-f1',
    labels,
    examples: dataset,
    parts,
    ask: async (answerer, part, watch) => {
      const logits = await answerer.logits(parts[part].rows, watch);
      // A probability above one half: a logit above 0.
      return logits.map((own) => ({ said: labels.filter((_, index) => (own[index] ?? 0) > 0), logits: own }));
    },
    askUntrained: () => Promise.resolve(null),
    figure: (examples, said): ScoreFigure => {
      if (examples.length === 0) return { score: 0, n: 0, values: {} };
      const report = multiLabelReport(
        examples.map((example) => flags(example.labels)),
        said.map(flags),
      );
      const values = {
        macroF1: report.macro.f1,
        subsetAccuracy: report.subsetAccuracy,
        hammingLoss: report.hammingLoss,
      };
      return { score: report.micro.f1, n: examples.length, values };
    },
    score: (example, said) => {
      const common = said.filter((label) => example.labels.includes(label)).length;
      const size = said.length + example.labels.length;
      return size === 0 ? 1 : (2 * common) / size;
    },
    show: ({ text, labels: own }) => ({ input: text, expected: own.join(', ') }),
    tell: (said) => said.join(', '),
    detail: ({ text, pair, labels: expected }, predicted) => ({
      kind: 'labels',
      text,
      ...(pair === undefined ? {} : { pair }),
      expected,
      predicted,
    }),
  });
}
