/** A golden batch as leaves of our graphs, and the loss its task class computes. */
import type { Graph, Tensor } from '../../engine/autodiff/graph.ts';
import { add, mul, reshape, slice } from '../../engine/autodiff/ops.ts';
import type { Architecture, HeadName, ModelConfig } from '../../engine/models/model.ts';
import type { HostTensor } from '../../engine/runtime/session.ts';
import { classLoss, multiLabelLoss, regressionLoss } from '../../engine/tasks/losses.ts';
import type { LossBuilder } from '../../engine/train/step-graph.ts';
import { floats, longs } from '../../engine/train/state.ts';
import type { BatchShape } from '../../engine/train/setup.ts';
import type { Reference } from './reference.ts';
import type { CaseFile } from './cases.ts';

export interface GoldenBatch {
  readonly shape: BatchShape;
  readonly feeds: ReadonlyMap<string, HostTensor>;
  readonly loss: LossBuilder;
  /** For each answer, whether its logits are to be compared. */
  readonly compared: readonly boolean[];
}

interface Context {
  readonly file: CaseFile;
  readonly head: HeadName;
  readonly architecture: Architecture;
  readonly config: ModelConfig;
}

export function goldenBatch(reference: Reference, index: number, context: Context): GoldenBatch {
  const { head, architecture, config } = context;
  const name = (field: string): string => `batch${String(index)}.${field}`;
  const ids = reference.integers(name('input_ids'));
  const mask = reference.integers(name('attention_mask'));
  const length = ids.shape.at(-1) ?? 0;
  const batch = ids.values.length / length;
  const kept = Array.from({ length: batch }, (_, row) => mask.values.slice(row * length, (row + 1) * length));
  const positions = kept.flatMap((row) => architecture.positions(config, row));
  const types = reference.has(name('token_type_ids'))
    ? reference.integers(name('token_type_ids')).values
    : ids.values.map(() => 0);
  const pooled = head === 'sequence-classification' || head === 'multiple-choice';
  const rows = pooled
    ? kept.map(
        (_, row) =>
          row * length +
          (architecture.causal ? lastToken(ids.values.slice(row * length, (row + 1) * length), config.padTokenId) : 0),
      )
    : ids.values.map((_, at) => at);
  const { loss, labelFeeds } = losses(reference, { name, context, batch, length });
  return {
    shape: { batch, length, answers: rows.length },
    feeds: new Map<string, HostTensor>([
      ['ids', longs([batch, length], ids.values)],
      ['mask', floats([batch, length], Float32Array.from(mask.values))],
      ['positions', longs([batch, length], positions)],
      ['types', longs([batch, length], types)],
      ['rows', longs([rows.length], rows)],
      ...labelFeeds,
    ]),
    loss,
    compared: pooled ? rows.map(() => true) : mask.values.map((value) => value === 1),
  };
}

function lastToken(ids: readonly number[], pad: number | null): number {
  return ids.findLastIndex((id) => id !== pad);
}

type Feeds = readonly (readonly [string, HostTensor])[];

/** Labels −100 are ignored: weight 0. */
function classFeeds(labels: readonly number[], prefix = ''): Feeds {
  const count = labels.filter((label) => label >= 0).length;
  return [
    [
      `${prefix}labels`,
      longs(
        [labels.length],
        labels.map((label) => Math.max(0, label)),
      ),
    ],
    [
      `${prefix}weights`,
      floats(
        [labels.length],
        Float32Array.from(labels, (label) => (label >= 0 ? 1 / count : 0)),
      ),
    ],
  ];
}

function classLeaves(graph: Graph, count: number, prefix = ''): [Tensor, Tensor] {
  return [graph.input(`${prefix}labels`, 'int64', [count]), graph.input(`${prefix}weights`, 'float32', [count])];
}

function losses(
  reference: Reference,
  at: { name: (field: string) => string; context: Context; batch: number; length: number },
): { loss: LossBuilder; labelFeeds: Feeds } {
  const { name, context, batch, length } = at;
  const { head, file } = context;
  if (head === 'question-answering') {
    const feeds: Feeds = ['start', 'end'].flatMap((side) => {
      const positions = reference
        .integers(name(`${side}_positions`))
        .values.map((value) => Math.min(Math.max(value, 0), length));
      return classFeeds(
        positions.map((value) => (value === length ? -100 : value)),
        `${side}.`,
      );
    });
    const loss: LossBuilder = (logits, graph) => {
      const [start, end] = (['start', 'end'] as const).map((side, column) => {
        const [labels, weights] = classLeaves(graph, batch, `${side}.`);
        return classLoss(reshape(slice(logits, 1, [column, column + 1]), [batch, length]), labels, weights);
      }) as [Tensor, Tensor];
      return mul(add(start, end), 0.5);
    };
    return { loss, labelFeeds: feeds };
  }
  if (head === 'multiple-choice') {
    const labels = reference.integers(name('labels')).values;
    return {
      labelFeeds: classFeeds(labels),
      loss: (logits, graph) => {
        const [leaf, weights] = classLeaves(graph, labels.length);
        return classLoss(reshape(logits, [labels.length, batch / labels.length]), leaf, weights);
      },
    };
  }
  if (file.problem_type === 'regression') {
    const labels = reference.floats(name('labels')).values;
    return {
      labelFeeds: [
        ['labels', floats([batch], labels)],
        ['weights', floats([batch], new Float32Array(batch).fill(1 / batch))],
      ],
      loss: (logits, graph) =>
        regressionLoss(logits, graph.input('labels', 'float32', [batch]), graph.input('weights', 'float32', [batch])),
    };
  }
  if (file.problem_type === 'multi_label_classification') {
    const { values, shape } = reference.floats(name('labels'));
    return {
      labelFeeds: [
        ['labels', floats(shape, values)],
        ['weights', floats([batch, 1], new Float32Array(batch).fill(1 / values.length))],
      ],
      loss: (logits, graph) =>
        multiLabelLoss(logits, graph.input('labels', 'float32', shape), graph.input('weights', 'float32', [batch, 1])),
    };
  }
  const { values } = reference.integers(name('labels'));
  const labels =
    head === 'causal-lm'
      ? values.map((_, token) => ((token + 1) % length === 0 ? -100 : (values[token + 1] ?? -100)))
      : values;
  return {
    labelFeeds: classFeeds(labels),
    loss: (logits, graph) => classLoss(logits, ...classLeaves(graph, labels.length)),
  };
}
