/** Multiple choice: one of several answers, by a score for each (Transformers' *ForMultipleChoice), or by a decoder's likelihoods. */
import type { ChoiceDataset } from '../../data/dataset.ts';
import type { ChoiceExample } from '../../data/examples.ts';
import { wilson } from '../../metrics/intervals.ts';
import { BugError } from '../../spec/errors.ts';
import type { AccuracyFigure } from '../../spec/metrics.ts';
import { eachPart } from '../parts.ts';
import { argmax, softmax } from '../probabilities.ts';
import type { TokenRow, TokenRows } from '../rows.ts';
import { rightRows, scoreOptions, type PromptedModel } from '../prompted/options.ts';
import { scoredTask, type Answered } from '../scored.ts';
import type { Answerer, Part, PreparedTask, Task, TaskModel, Watch } from '../task.ts';

export const multipleChoice: Task = {
  name: 'multiple-choice',
  head: ({ architecture, config }) => {
    if (architecture.taskClasses['multiple-choice'] !== undefined) return { name: 'multiple-choice', labels: 1 };
    return architecture.kind === 'decoder' ? { name: 'causal-lm', labels: config.vocabulary } : null;
  },
  solved: (dataset, part) =>
    dataset.task === 'multiple-choice'
      ? dataset[part].map((example) => ({
          fields: { text: stemOf(example) },
          answer: example.choices[example.answer] ?? '',
          group: null,
        }))
      : null,
  peftType: ({ name }) => (name === 'causal-lm' ? 'CAUSAL_LM' : null),
  ask: null,
  prepare: async (dataset, model, { head }) => {
    if (dataset.task !== 'multiple-choice') throw new BugError(`a data set for ${dataset.task}`);
    return prepare(dataset, model, { head, labels: [] });
  },
};

/** Scores of the choices, the highest wins. */
type Said = readonly number[];

interface Encoded {
  /** Rows to learn from. */
  readonly rows: TokenRows;
  /** Scores of each example's choices. */
  scores(answerer: Answerer, watch?: Watch): Promise<readonly Said[]>;
}

async function prepare(
  dataset: ChoiceDataset,
  model: TaskModel,
  { head }: Parameters<Task['prepare']>[2],
): Promise<PreparedTask> {
  const isScored = head.name === 'multiple-choice';
  const { prompt } = model;
  const encoded = await eachPart((part) => {
    if (prompt) return encodePrompted(dataset[part], { ...model, prompt });
    return isScored ? encodePairs(dataset[part], model) : encodeContinuations(dataset[part], model);
  });
  const ask = async (answerer: Answerer, part: Part, watch?: Watch): Promise<readonly Answered<Said>[]> =>
    (await encoded[part].scores(answerer, watch)).map((said) => ({ said, logits: said }));
  return scoredTask<ChoiceExample, Said>({
    head,
    metric: 'accuracy',
    labels: [],
    examples: dataset,
    parts: { train: encoded.train.rows, validation: encoded.validation.rows, test: encoded.test.rows },
    ask,
    // A new head has nothing to say; the likelihoods of a language model are an answer before any training.
    askUntrained: isScored ? () => Promise.resolve(null) : ask,
    figure: (examples, said): AccuracyFigure => {
      const right = examples.filter(({ answer }, index) => argmax(said[index] ?? []) === answer).length;
      return {
        accuracy: right / Math.max(1, examples.length),
        n: examples.length,
        interval: wilson(right, examples.length),
      };
    },
    score: ({ answer }, said) => (argmax(said) === answer ? 1 : 0),
    show: (example) => ({ input: stemOf(example), expected: example.choices[example.answer] ?? '' }),
    tell: (said, { choices }) => choices[argmax(said)] ?? '',
    confidence: (said) => Math.max(...softmax(said)),
    detail: ({ question, context, choices, answer }, scores) => ({
      kind: 'choice',
      question,
      ...(context === undefined ? {} : { context }),
      choices,
      expected: answer,
      predicted: argmax(scores),
      scores,
    }),
  });
}

/** What the choices complete: the context, if any, and the question. */
function stemOf({ question, context }: ChoiceExample): string {
  return context === undefined ? question : `${context}\n${question}`;
}

/** Each choice as the answer to what is asked in the prompt. */
async function encodePrompted(examples: readonly ChoiceExample[], model: PromptedModel): Promise<Encoded> {
  const questions = examples.map((example) => ({ fields: { text: stemOf(example) }, options: example.choices }));
  return {
    rows: await rightRows(
      questions.map(({ fields, options }, index) => ({ fields, option: options[examples[index]?.answer ?? 0] ?? '' })),
      model,
    ),
    scores: (answerer, watch) => scoreOptions(questions, { model, answerer, watch }),
  };
}

/** Each choice beside what it completes, as a pair (Zellers et al., 2018; Transformers' run_swag). */
async function encodePairs(examples: readonly ChoiceExample[], model: TaskModel): Promise<Encoded> {
  const rows: TokenRow[] = [];
  let truncated = 0;
  for (const example of examples) {
    const pairs = await model.tokenizer.encodeBatch(
      example.choices.map((choice) => [stemOf(example), choice] as const),
      { maxLength: model.maxLength },
    );
    const choices = pairs.map(({ ids, typeIds }): TokenRow => {
      return { ids, types: typeIds, answers: [{ position: model.pooled(ids), label: 0 }] };
    });
    if (pairs.some(({ ids }) => ids.length === model.maxLength)) truncated += 1;
    const longest = choices.reduce((a, b) => (b.ids.length > a.ids.length ? b : a));
    rows.push({ ...longest, answers: [{ position: 0, label: example.answer }], choices });
  }
  return {
    rows: { rows, truncated },
    scores: async (answerer, watch) => (await answerer.logits(rows, watch)).map((logits) => Array.from(logits)),
  };
}

/** Each choice as the continuation of what it completes; the right one is learned. Scores: log-likelihood a byte. */
async function encodeContinuations(examples: readonly ChoiceExample[], model: TaskModel): Promise<Encoded> {
  const all: TokenRow[][] = [];
  let truncated = 0;
  for (const example of examples) {
    const stem = await model.tokenizer.encode(stemOf(example));
    const rows: TokenRow[] = [];
    for (const choice of example.choices) {
      const { ids: own } = await model.tokenizer.encode(` ${choice}`, { addSpecialTokens: false });
      const tail = own.slice(0, Math.max(1, model.maxLength - 1));
      const start = Math.max(0, stem.ids.length + tail.length - model.maxLength);
      if (start > 0) truncated += 1;
      const before = stem.ids.slice(start);
      const ids = [...before, ...tail];
      const answers = tail.flatMap((label, at) => {
        const position = before.length + at - 1;
        return position < 0 ? [] : [{ position, label }];
      });
      rows.push({ ids, types: null, answers });
    }
    all.push(rows);
  }
  const bytes = examples.map(({ choices }) => choices.map((choice) => Buffer.byteLength(` ${choice}`)));
  return {
    rows: { rows: all.flatMap((rows, index) => rows[examples[index]?.answer ?? 0] ?? []), truncated },
    scores: async (answerer, watch) => {
      const losses = await answerer.losses(all.flat(), watch);
      let next = 0;
      return all.map((rows, index) =>
        rows.map((_, choice) => {
          const own = losses[next] ?? new Float32Array();
          next += 1;
          return -own.reduce((sum, loss) => sum + loss, 0) / Math.max(1, bytes[index]?.[choice] ?? 1);
        }),
      );
    },
  };
}
