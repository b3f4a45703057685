/** Token classification: a tag for each word, entities out (Transformers' *ForTokenClassification). */
import type { TokenDataset } from '../../data/dataset.ts';
import type { Span, TokenExample } from '../../data/examples.ts';
import { marksEntities } from '../../data/tags.ts';
import { codePoints } from '../../data/code-points.ts';
import { entityReport, entitySpans, tokenAccuracy } from '../../metrics/entities.ts';
import { BugError } from '../../spec/errors.ts';
import type { ScoreFigure } from '../../spec/metrics.ts';
import { classCentres, nearestCentre } from '../nearest-centre.ts';
import { eachPart } from '../parts.ts';
import { argmax } from '../probabilities.ts';
import { scoredTask, type Answered } from '../scored.ts';
import type { Answerer, Part, PreparedTask, Task, TaskModel } from '../task.ts';
import { encodeTagged, type TaggedRows } from './encode.ts';

/** Learning rows that make the tags' centres: enough for steady ones, few enough to be quick. */
const rowsOfCentres = 256;

export const tokenClassification: Task = {
  name: 'token-classification',
  head: ({ labels, architecture }) =>
    architecture.taskClasses['token-classification'] === undefined
      ? null
      : { name: 'token-classification', labels: labels.length },
  peftType: () => 'TOKEN_CLS',
  ask: null,
  prepare: async (dataset, model, { head, labels }) => {
    if (dataset.task !== 'token-classification') throw new BugError(`a data set for ${dataset.task}`);
    return prepare(dataset, model, { head, labels });
  },
};

type Tags = readonly string[];

async function prepare(
  dataset: TokenDataset,
  model: TaskModel,
  { head, labels }: Parameters<Task['prepare']>[2],
): Promise<PreparedTask> {
  const path = dataset.tables[0]?.table.path ?? '';
  const parts = await eachPart((part) => encodeTagged(dataset[part], model, { labels, path }));
  const isEntities = marksEntities(labels);
  // A word that was cut off is said to be what most words are.
  const outside = labels.includes('O') ? 'O' : commonest(dataset.train.flatMap(({ words }) => words));
  const tagsOf = (part: Part, answers: readonly (readonly number[])[]): readonly Answered<Tags>[] =>
    dataset[part].map((example, row) => {
      const said = example.words.map(() => outside);
      parts[part].words[row]?.forEach((word, at) => {
        said[word] = labels[answers[row]?.[at] ?? -1] ?? outside;
      });
      return { said };
    });
  const trueTags = ({ words }: TokenExample): Tags => words.map(({ tag }) => tag);
  return scoredTask<TokenExample, Tags>({
    head,
    metric: isEntities ? 'entity-f1' : 'tag-accuracy',
    labels,
    examples: dataset,
    parts,
    ask: async (answerer, part, watch) => {
      const logits = await answerer.logits(parts[part].rows, watch);
      return tagsOf(
        part,
        logits.map((own) => rowsOf(own, labels.length).map(argmax)),
      );
    },
    askUntrained: async (answerer, part, watch) => {
      const centres = await tagCentres(answerer, parts.train, labels.length);
      const states = await answerer.states(parts[part].rows, watch);
      const { hidden } = model.config;
      return tagsOf(
        part,
        states.map((own) => rowsOf(own, hidden).map((state) => nearestCentre(centres, state))),
      );
    },
    figure: (examples, said) => figureOf(examples.map(trueTags), said, isEntities),
    score: (example, said) => {
      const figure = figureOf([trueTags(example)], [said], isEntities);
      const nothing = isEntities && entitySpans(trueTags(example)).length === 0 && entitySpans(said).length === 0;
      return nothing ? 1 : figure.score;
    },
    show: (example) => ({ input: example.text, expected: shown(example, trueTags(example), isEntities) }),
    tell: (said, example) => shown(example, said, isEntities),
    detail: (example, tags) => ({
      kind: 'spans',
      text: example.text,
      words: example.words.map(({ start, end, tag }) => ({ start, end, tag })),
      expected: spansOf(example, trueTags(example)),
      predicted: spansOf(example, tags),
      tags,
    }),
  });
}

function figureOf(truth: readonly Tags[], said: readonly Tags[], isEntities: boolean): ScoreFigure {
  const tags = tokenAccuracy(truth, said);
  if (!isEntities) return { score: tags, n: truth.length, values: {} };
  const { micro, macro } = entityReport(truth.map(entitySpans), said.map(entitySpans));
  const values = { precision: micro.precision, recall: micro.recall, tagAccuracy: tags };
  return { score: micro.f1, n: truth.length, values: { ...values, ...(macro ? { macroF1: macro.f1 } : {}) } };
}

/** Entities as pieces of the text. */
export function spansOf({ words }: Pick<TokenExample, 'words'>, tags: Tags): readonly Span[] {
  return entitySpans(tags).flatMap(({ type, start, end }) => {
    const [first, last] = [words[start], words[end - 1]];
    return first && last ? [{ start: first.start, end: last.end, label: type }] : [];
  });
}

function shown(example: TokenExample, tags: Tags, isEntities: boolean): string {
  if (!isEntities) return tags.join(' ');
  const points = codePoints(example.text);
  return spansOf(example, tags)
    .map(({ start, end, label }) => `${label}: ${points.slice(start, end)}`)
    .join('\n');
}

async function tagCentres(answerer: Answerer, { rows }: TaggedRows, count: number): Promise<readonly Float32Array[]> {
  const chosen = rows.filter(({ answers }) => answers.length > 0).slice(0, rowsOfCentres);
  const states = await answerer.states(chosen);
  const classes = chosen.flatMap(({ answers }) => answers.map(({ label }) => label));
  const size = (states[0]?.length ?? 0) / Math.max(1, chosen[0]?.answers.length ?? 1);
  return classCentres(
    states.flatMap((own) => rowsOf(own, size)),
    classes,
    count,
  );
}

/** [rows · width] as its rows. */
function rowsOf(values: Float32Array, width: number): readonly Float32Array[] {
  return Array.from({ length: values.length / width }, (_, row) => values.subarray(row * width, (row + 1) * width));
}

function commonest(words: readonly { readonly tag: string }[]): string {
  const counts = new Map<string, number>();
  for (const { tag } of words) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}
