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
import type { TokenRow, TokenRows } from '../rows.ts';
import type { Fields } from '../../methods/in-context/prompt.ts';
import { eachPart } from '../parts.ts';
import type { Answerer, Part, PreparedTask, TaskModel, Watch } from '../task.ts';
import { rightRows, scoreOptions, type PromptedModel } from '../prompted/options.ts';
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
  const known = await eachPart((part) => {
    const path = dataset.tables.find(({ role }) => role === part)?.table.path ?? dataset.tables[0]?.table.path ?? part;
    return Promise.resolve(examples[part].map((example) => classOf(example, path)));
  });
  const reading: Reading = model.prompt
    ? promptedReading({ ...model, prompt: model.prompt }, labels)
    : plainReading(model);
  const parts = await eachPart((part) => reading.encode(examples[part], known[part]));
  const ask = (answerer: Answerer, part: Part, watch?: Watch) =>
    reading.logits(answerer, { examples: examples[part], rows: parts[part].rows, watch });
  const nameOf = (index: number): string => labels[index] ?? '';
  const share = (
    part: Part,
    answers: readonly number[],
    chances: readonly (readonly number[])[] | null = null,
  ): AccuracyFigure => {
    const correct = answers.filter((answer, index) => answer === known[part][index]).length;
    const { macro, mcc } = classificationReport(
      known[part],
      answers,
      labels.map((_, index) => index),
    );
    const values = { macroF1: macro.f1, mcc, ...rocOf(known[part], chances) };
    return { accuracy: correct / answers.length, n: answers.length, interval: wilson(correct, answers.length), values };
  };
  return {
    head,
    metric: 'accuracy',
    labels,
    parts,
    measure: async (answerer, part, watch) => {
      const logits = await ask(answerer, part, watch);
      const chances = logits.map(softmax);
      const answers = chances.map(argmax);
      const losses = chances.map((chance, index) => -Math.log(Math.max(chance[known[part][index] ?? -1] ?? 0, 1e-38)));
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
      const logits = await ask(answerer, part, watch);
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
      if (head.words || model.prompt) {
        const logits = await ask(answerer, part, watch);
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
      const counts = labels.map((_, index) => known.train.filter((label) => label === index).length);
      return share(
        part,
        known[part].map(() => argmax(counts)),
      );
    },
  };
}

/** How texts become rows, and what their answers are asked of. */
interface Reading {
  encode(examples: readonly ClassificationExample[], known: readonly number[]): Promise<TokenRows>;
  /** One number a label. */
  logits(
    answerer: Answerer,
    asked: {
      readonly examples: readonly ClassificationExample[];
      readonly rows: readonly TokenRow[];
      readonly watch: Watch | undefined;
    },
  ): Promise<readonly Float32Array[]>;
}

function plainReading(model: TaskModel): Reading {
  return {
    encode: (examples, known) => encodeTexts(examples, model, (index) => ({ label: known[index] ?? 0 })),
    logits: (answerer, { rows, watch }) => answerer.logits(rows, watch),
  };
}

/** Labels as options: each text is asked in the prompt. */
function promptedReading(model: PromptedModel, labels: readonly string[]): Reading {
  return {
    encode: (examples) =>
      rightRows(
        examples.map((example) => ({ fields: fieldsOf(example), option: example.label })),
        model,
      ),
    logits: async (answerer, { examples, watch }) => {
      const questions = examples.map((example) => ({ fields: fieldsOf(example), options: labels }));
      const scores = await scoreOptions(questions, { model, answerer, watch });
      return scores.map((own) => Float32Array.from(own));
    },
  };
}

/** A row's texts by their names in a template. */
export function fieldsOf({ text, pair = '' }: ClassificationExample): Fields {
  return { text, pair };
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
