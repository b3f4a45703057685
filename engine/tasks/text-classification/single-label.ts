/** A text → one of the labels. */
import type { ClassificationDataset } from '../../data/dataset.ts';
import type { ClassificationExample } from '../../data/examples.ts';
import { classificationReport } from '../../metrics/classification.ts';
import { auroc, multiclassAuroc } from '../../metrics/ranking.ts';
import { wilson } from '../../metrics/intervals.ts';
import { StudioError } from '../../spec/errors.ts';
import type { EvaluationSample } from '../../spec/events.ts';
import type { AccuracyFigure } from '../../spec/metrics.ts';
import { argmax, softmax } from '../probabilities.ts';
import type { TokenRow } from '../rows.ts';
import { eachPart } from '../parts.ts';
import type { Part, PreparedTask, TaskModel } from '../task.ts';
import { encodeTexts } from './encode.ts';
import type { Answers } from './index.ts';
import { classCentres, nearestCentre } from '../nearest-centre.ts';

/** Rows shown at an evaluation. */
const samplesShown = 12;
/** Learning rows that make the class centres: enough for a steady centre, few enough to be quick. */
const rowsPerCentre = 64;

export async function prepareSingleLabel(
  dataset: ClassificationDataset,
  model: TaskModel,
  { head, labels }: Answers,
): Promise<PreparedTask> {
  const classes = new Map(labels.map((label, index) => [label, index]));
  const examples: { readonly [P in Part]: readonly ClassificationExample[] } = dataset;
  const classOf = ({ row, label }: ClassificationExample, path: string): number => {
    const found = classes.get(label);
    if (found === undefined) throw new StudioError('data.unseen-label', { path, row, label, known: labels.join(', ') });
    return found;
  };
  const encode = (part: Part) => {
    const path = dataset.tables.find(({ role }) => role === part)?.table.path ?? dataset.tables[0]?.table.path ?? part;
    const known = examples[part].map((example) => classOf(example, path));
    return encodeTexts(examples[part], model, (index) => ({ label: known[index] ?? 0 }));
  };
  const parts = await eachPart(encode);
  const nameOf = (index: number): string => labels[index] ?? '';
  const share = (
    part: Part,
    answers: readonly number[],
    chances: readonly (readonly number[])[] | null = null,
  ): AccuracyFigure => {
    const correct = answers.filter((answer, index) => answer === labelOf(parts[part].rows[index])).length;
    const known = parts[part].rows.map(labelOf);
    const { macro, mcc } = classificationReport(
      known,
      answers,
      labels.map((_, index) => index),
    );
    const values = { macroF1: macro.f1, mcc, ...rocOf(known, chances) };
    return { accuracy: correct / answers.length, n: answers.length, interval: wilson(correct, answers.length), values };
  };
  return {
    head,
    metric: 'accuracy',
    labels,
    parts,
    measure: async (answerer, part, watch) => {
      const logits = await answerer.logits(parts[part].rows, watch);
      const chances = logits.map(softmax);
      const answers = chances.map(argmax);
      const losses = chances.map(
        (chance, index) => -Math.log(Math.max(chance[labelOf(parts[part].rows[index])] ?? 0, 1e-38)),
      );
      const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length;
      const figure = share(part, answers, chances);
      const worst = losses.map((_, index) => index).sort((a, b) => (losses[b] ?? 0) - (losses[a] ?? 0));
      const samples = worst.slice(0, samplesShown).map((index): EvaluationSample => {
        const example = examples[part][index];
        const answer = answers[index] ?? 0;
        return {
          row: example?.row ?? 0,
          text: example?.text ?? '',
          expected: example?.label ?? '',
          prediction: nameOf(answer),
          confidence: chances[index]?.[answer] ?? null,
        };
      });
      return { loss, metrics: { accuracy: figure.accuracy, ...figure.values }, figure, samples };
    },
    predict: async (answerer, part, { before, watch }) => {
      const logits = await answerer.logits(parts[part].rows, watch);
      const lines = examples[part].map(({ row, text, pair, label }, index) => {
        const own = logits[index] ?? new Float32Array();
        const untrained = before?.answers[index];
        const said = typeof untrained === 'string' ? { untrained } : {};
        return {
          row,
          text,
          ...(pair === undefined ? {} : { pair }),
          label,
          prediction: nameOf(argmax(own)),
          logits: Array.from(own),
          ...said,
        };
      });
      return { figure: share(part, logits.map(argmax), logits.map(softmax)), lines };
    },
    untrained: async (answerer, part, watch) => {
      if (head.words) {
        const logits = await answerer.logits(parts[part].rows, watch);
        const said = logits.map(argmax);
        return { figure: share(part, said, logits.map(softmax)), answers: said.map(nameOf) };
      }
      const learning = balanced(parts.train.rows);
      const features = await answerer.features([...learning, ...parts[part].rows], watch);
      const centres = classCentres(features.slice(0, learning.length), learning.map(labelOf), labels.length);
      const answers = features.slice(learning.length).map((feature) => nearestCentre(centres, feature));
      return {
        figure: share(part, answers),
        answers: answers.map(nameOf),
        centres: centres.map((centre) => Array.from(centre)),
      };
    },
    majority: (part) => {
      const counts = labels.map((_, index) => parts.train.rows.filter((row) => labelOf(row) === index).length);
      return share(
        part,
        parts[part].rows.map(() => argmax(counts)),
      );
    },
  };
}

/** Area under the ROC curve: of the second of two labels, of several each against the rest. */
function rocOf(known: readonly number[], chances: readonly (readonly number[])[] | null): { readonly auroc?: number } {
  if (!chances || known.length === 0) return {};
  const found =
    chances[0]?.length === 2
      ? auroc(
          known.map((label) => label === 1),
          chances.map((own) => own[1] ?? 0),
        )
      : multiclassAuroc(known, chances).ovrMacro;
  return found === null ? {} : { auroc: found };
}

function labelOf(row: TokenRow | undefined): number {
  return row?.answers[0]?.label ?? -1;
}

/** The first rows of each class. */
function balanced(rows: readonly TokenRow[]): readonly TokenRow[] {
  const taken = new Map<number, number>();
  return rows.filter((row) => {
    const count = (taken.get(labelOf(row)) ?? 0) + 1;
    taken.set(labelOf(row), count);
    return count <= rowsPerCentre;
  });
}
