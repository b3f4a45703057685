/** A golden batch as leaves of our graphs: tokens as PEFT's wrappers lay them, and the labels of its task's loss. */
import type { Architecture, HeadName, ModelConfig } from '../../engine/models/model.ts';
import type { HostTensor } from '../../engine/runtime/session.ts';
import { itemsOf, objectiveOf, type Objective } from '../../engine/tasks/objective.ts';
import type { Setup } from '../../engine/train/setup.ts';
import { floats, longs } from '../../engine/train/state.ts';
import type { StepShape } from '../../engine/train/step-graph.ts';
import type { CaseFile } from './cases.ts';
import type { Reference } from './reference.ts';

export interface GoldenBatch {
  readonly shape: StepShape;
  readonly feeds: ReadonlyMap<string, HostTensor>;
  /** For each answer, whether its logits are to be compared. */
  readonly compared: readonly boolean[];
}

interface Context {
  readonly file: Pick<CaseFile, 'loss_rule'>;
  readonly setup: Setup;
}

type Feeds = readonly (readonly [string, HostTensor])[];

/** Rows of the batch: tokens, mask and how long they are with the virtual tokens in front. */
interface Rows {
  readonly batch: number;
  /** Without virtual tokens. */
  readonly length: number;
  readonly ids: readonly (readonly number[])[];
  readonly mask: readonly (readonly number[])[];
}

export function goldenBatch(reference: Reference, index: number, context: Context): GoldenBatch {
  const { setup, file } = context;
  const { architecture, head, config, virtualTokens, prefixLength } = setup;
  const name = (field: string): string => `batch${String(index)}.${field}`;
  const rows = readRows(reference, name);
  const width = virtualTokens + rows.length;
  const source = architecture.decoderInput(head.name);
  const labels = reference.has(name('labels')) ? reference.floats(name('labels')) : null;
  const decoder = decoderRows(rows, { source, config, labels: labels && Array.from(labels.values) });
  const decoderLength = decoder?.[0]?.length ?? 0;
  const types = reference.has(name('token_type_ids')) ? reference.integers(name('token_type_ids')).values : null;
  const asked = answers(rows, { setup, width, decoderLength });
  const choices = head.name === 'multiple-choice' ? rows.batch / reference.integers(name('labels')).values.length : 1;
  const shape = { batch: rows.batch, length: width, decoderLength, answers: asked.places.length, choices };
  const objective = objectiveOf(head);
  const target = targets(reference, { name, objective, shape, rows, setup, file });
  const before = decoder ? 0 : prefixLength;
  return {
    shape,
    compared: asked.compared,
    feeds: new Map<string, HostTensor>([
      ...stack(
        rows.ids.map((ids, row) => ({ ids, mask: rows.mask[row] ?? [] })),
        { architecture, config, virtualTokens, before },
      ),
      ...(architecture.tokenTypes
        ? [
            [
              'types',
              longs([rows.batch, width], front(types ?? rows.ids.flat().map(() => 0), rows, virtualTokens)),
            ] as const,
          ]
        : []),
      ...(virtualTokens > 0 ? virtualFeeds(rows, virtualTokens) : []),
      ...(decoder
        ? stack(
            decoder.map((ids) => ({ ids, mask: ids.map(() => 1) })),
            { architecture, config, virtualTokens: 0, before: prefixLength },
          ).map(([leaf, tensor]) => [`decoder.${leaf}`, tensor] as const)
        : []),
      ['rows', longs([asked.places.length], asked.places)],
      ...target,
    ]),
  };
}

function readRows(reference: Reference, name: (field: string) => string): Rows {
  const { shape, values } = reference.integers(name('input_ids'));
  const mask = reference.integers(name('attention_mask')).values;
  const length = shape.at(-1) ?? 0;
  const batch = values.length / length;
  const cut = (all: readonly number[]): number[][] =>
    Array.from({ length: batch }, (_, row) => all.slice(row * length, (row + 1) * length));
  return { batch, length, ids: cut(values), mask: cut(mask) };
}

/** What the decoder of an encoder–decoder reads: labels, or the input, shifted right. */
function decoderRows(
  { ids, batch }: Rows,
  at: { source: ReturnType<Architecture['decoderInput']>; config: ModelConfig; labels: readonly number[] | null },
): readonly (readonly number[])[] | null {
  const { source, config, labels } = at;
  if (source === 'none') return null;
  const start = config.decoderStartTokenId ?? config.padTokenId ?? 0;
  const pad = config.padTokenId ?? 0;
  const width = source === 'answer' ? (labels?.length ?? 0) / batch : 0;
  const shifted = source === 'answer' ? ids.map((_, row) => (labels ?? []).slice(row * width, (row + 1) * width)) : ids;
  return shifted.map((own) => [start, ...own.slice(0, -1).map((id) => (id === -100 ? pad : id))]);
}

function stack(
  sequences: readonly { ids: readonly number[]; mask: readonly number[] }[],
  at: { architecture: Architecture; config: ModelConfig; virtualTokens: number; before: number },
): Feeds {
  const { architecture, config, virtualTokens, before } = at;
  const width = virtualTokens + (sequences[0]?.ids.length ?? 0);
  const batch = sequences.length;
  const ones = (count: number): number[] => new Array<number>(count).fill(1);
  const masks = sequences.map(({ mask }) => [...ones(virtualTokens), ...mask]);
  const options = { before, embedded: virtualTokens > 0 };
  return [
    [
      'ids',
      longs(
        [batch, width],
        sequences.flatMap(({ ids }) => [...ones(virtualTokens).map(() => 0), ...ids]),
      ),
    ],
    ['mask', floats([batch, before + width], Float32Array.from(masks.flatMap((mask) => [...ones(before), ...mask])))],
    [
      'positions',
      longs(
        [batch, width],
        masks.flatMap((mask) => architecture.positions(config, mask, options)),
      ),
    ],
  ];
}

/** Values a token, with zeros for the virtual tokens. */
function front(values: readonly number[], { batch, length }: Rows, virtualTokens: number): readonly number[] {
  return Array.from({ length: batch }, (_, row) => [
    ...new Array<number>(virtualTokens).fill(0),
    ...values.slice(row * length, (row + 1) * length),
  ]).flat();
}

function virtualFeeds({ batch, length }: Rows, virtualTokens: number): Feeds {
  const width = virtualTokens + length;
  const places = Array.from({ length: batch * width }, (_, at) => at % width);
  const indices = places.map((at) => Math.min(at, virtualTokens - 1));
  const mask = Float32Array.from(places, (at) => (at < virtualTokens ? 1 : 0));
  return [
    ['virtual', longs([batch, width], indices)],
    ['virtual.mask', floats([batch, width, 1], mask)],
  ];
}

/** Hidden states that are read, and which of their logits the reference means. */
function answers(
  { batch, ids, mask }: Rows,
  at: { setup: Setup; width: number; decoderLength: number },
): { places: readonly number[]; compared: readonly boolean[] } {
  const { setup, width, decoderLength } = at;
  const { architecture, config, head, virtualTokens } = setup;
  const length = decoderLength > 0 ? decoderLength : width;
  if (head.name === 'sequence-classification' || head.name === 'multiple-choice') {
    // Given embeddings, PEFT's wrapper cannot see padding and pools the last position.
    const pooled = (own: readonly number[]): number =>
      architecture.kind === 'decoder' && virtualTokens > 0 ? length - 1 : architecture.pooled(config, own);
    return { places: ids.map((own, row) => row * length + pooled(own)), compared: ids.map(() => true) };
  }
  const places = Array.from({ length: batch * length }, (_, place) => place);
  if (decoderLength > 0) return { places, compared: places.map(() => true) };
  const kept = mask.flatMap((own) => [...new Array<number>(virtualTokens).fill(1), ...own]);
  return { places, compared: kept.map((value) => value === 1) };
}

interface TargetsAt {
  readonly name: (field: string) => string;
  readonly objective: Objective;
  readonly shape: StepShape;
  readonly rows: Rows;
  readonly setup: Setup;
  readonly file: Pick<CaseFile, 'loss_rule'>;
}

function targets(reference: Reference, at: TargetsAt): Feeds {
  const { name, objective, shape, rows } = at;
  const items = itemsOf(objective, shape);
  switch (objective) {
    case 'span':
      return spanTargets(reference, at);
    case 'regression':
    case 'multi-label': {
      const { values, shape: sizes } = reference.floats(name('labels'));
      return [
        ['labels', floats(objective === 'regression' ? [items] : sizes, values)],
        ['weights', floats([items], new Float32Array(items).fill(1 / rows.batch))],
      ];
    }
    case 'choice':
      return [...classTargets(reference.integers(name('labels')).values), ['allowed', floats([items, shape.choices])]];
    case 'class':
    case 'class-of-set':
      return classTargets(classLabels(reference.integers(name('labels')).values, at));
  }
}

/** One label an answer: −100 where nothing is asked. */
function classLabels(labels: readonly number[], { setup, rows }: TargetsAt): readonly number[] {
  const pooled: readonly HeadName[] = ['sequence-classification', 'seq2seq-lm'];
  if (pooled.includes(setup.head.name)) return labels;
  const { length, batch } = rows;
  return Array.from({ length: batch }, (_, row) => {
    const own = labels.slice(row * length, (row + 1) * length);
    const none = new Array<number>(setup.virtualTokens).fill(-100);
    // A language model's position answers with the next token.
    return setup.head.name === 'causal-lm' ? [...none, ...own, -100].slice(1) : [...none, ...own];
  }).flat();
}

/** Labels −100 are ignored: weight 0. */
function classTargets(labels: readonly number[]): Feeds {
  const count = labels.filter((label) => label >= 0).length;
  const weights = Float32Array.from(labels, (label) => (label >= 0 ? 1 / count : 0));
  return [
    [
      'labels',
      longs(
        [labels.length],
        labels.map((label) => Math.max(0, label)),
      ),
    ],
    ['weights', floats([labels.length], weights)],
  ];
}

/** Starts and ends: positions are clamped to the row, and one behind its end is ignored. */
function spanTargets(reference: Reference, { name, shape, rows, setup, file }: TargetsAt): Feeds {
  const { virtualTokens } = setup;
  // PEFT's own loss counts positions from the first virtual token, whoever meant the first word.
  const sliced = file.loss_rule === 'sliced';
  const shift = sliced ? virtualTokens : 0;
  const width = shape.answers / shape.batch;
  const limit = sliced ? rows.length : width;
  const sides = ['start_positions', 'end_positions'].map((field) =>
    reference.integers(name(field)).values.map((value) => Math.min(Math.max(value, 0), limit)),
  );
  const counts = sides.map((values) => values.filter((value) => value < limit).length);
  const places = rows.ids.flatMap((_, row) => sides.map((values) => values[row] ?? 0));
  const allowed = new Float32Array(places.length * width);
  if (sliced) places.forEach((_, item) => allowed.fill(-1e9, item * width, item * width + virtualTokens));
  return [
    [
      'labels',
      longs(
        [places.length],
        places.map((value) => (value < limit ? value + shift : 0)),
      ),
    ],
    [
      'weights',
      floats(
        [places.length],
        Float32Array.from(places, (value, item) => (value < limit ? 0.5 / Math.max(1, counts[item % 2] ?? 1) : 0)),
      ),
    ],
    ['allowed', floats([places.length, width], allowed)],
  ];
}
