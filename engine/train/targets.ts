/** What the rows of a batch should answer, as leaves of the objective. */
import { classesOf, type Head } from '../models/model.ts';
import type { HostTensor } from '../runtime/session.ts';
import { itemsOf, type Objective } from '../tasks/objective.ts';
import type { TokenRow } from '../tasks/rows.ts';
import type { StepShape } from './step-graph.ts';
import { floats, longs } from './state.ts';

/** Added to a score that must not win. */
const never = -1e9;

/** Items with a loss that a row brings. */
export function itemCount(objective: Objective, row: TokenRow): number {
  if (objective === 'class' || objective === 'class-of-set') return row.answers.length;
  return objective === 'span' ? 2 : 1;
}

interface Targets {
  readonly feeds: readonly (readonly [string, HostTensor])[];
  readonly ranges: readonly (readonly [number, number])[];
}

interface TargetsAt {
  readonly objective: Objective;
  readonly head: Head;
  readonly shape: StepShape;
  readonly framed: readonly TokenRow[];
  /** Numbers of the answers that are each row's, as [start, end). */
  readonly answered: readonly (readonly [number, number])[];
}

/** Leaves of the objective for rows as the files have them, and as they are framed. */
export function targets(rows: readonly TokenRow[], at: TargetsAt): Targets {
  const { objective, head, shape, framed, answered } = at;
  const ranges = rangesOf(rows.map((row) => itemCount(objective, row)));
  const count = itemsOf(objective, shape);
  const labels = (values: readonly number[]): HostTensor =>
    longs([count], [...values, ...new Array<number>(count - values.length).fill(0)]);
  switch (objective) {
    case 'class':
      return { ranges, feeds: [['labels', labels(rows.flatMap((row) => row.answers.map(({ label }) => label)))]] };
    case 'class-of-set':
      return { ranges, feeds: amongOwn(rows, { count, head }) };
    case 'regression':
      return {
        ranges,
        feeds: [
          [
            'labels',
            floats(
              [count],
              Float32Array.from(rows, ({ values }) => values?.[0] ?? 0),
            ),
          ],
        ],
      };
    case 'multi-label': {
      const width = rows[0]?.values?.length ?? 1;
      return {
        ranges,
        feeds: [['labels', floats([count, width], Float32Array.from(rows.flatMap(({ values }) => values ?? [])))]],
      };
    }
    case 'span': {
      const width = shape.answers / shape.batch;
      const allowed = new Float32Array(count * width).fill(never);
      framed.forEach((_, row) => {
        const [start, end] = answered[row] ?? [0, 0];
        for (const side of [0, 1]) {
          const item = (2 * row + side) * width;
          allowed.fill(0, item + start - row * width, item + end - row * width);
        }
      });
      return {
        ranges,
        feeds: [
          ['labels', labels(framed.flatMap(({ span = [0, 0] }) => span))],
          ['allowed', floats([count, width], allowed)],
        ],
      };
    }
    case 'choice': {
      const { choices } = shape;
      const allowed = new Float32Array(count * choices);
      rows.forEach((row, index) =>
        allowed.fill(never, index * choices + (row.choices?.length ?? 1), (index + 1) * choices),
      );
      return {
        ranges,
        feeds: [
          ['labels', labels(rows.map(({ answers }) => answers[0]?.label ?? 0))],
          ['allowed', floats([count, choices], allowed)],
        ],
      };
    }
  }
}

/** Classes behind those of the data sets before, and no other's allowed. */
function amongOwn(
  rows: readonly TokenRow[],
  { count, head }: { readonly count: number; readonly head: Head },
): Targets['feeds'] {
  const labels = new Int32Array(count);
  const allowed = new Float32Array(count * head.labels);
  const answers = rows.flatMap(({ set, answers: own }) =>
    own.map(({ label }) => ({ label, classes: classesOf(head, set) })),
  );
  answers.forEach(({ label, classes: [start, end] }, item) => {
    labels[item] = start + label;
    const first = item * head.labels;
    allowed.fill(never, first, first + head.labels).fill(0, first + start, first + end);
  });
  return [
    ['labels', longs([count], labels)],
    ['allowed', floats([count, head.labels], allowed)],
  ];
}

export function weights(items: number, counted: number, weight: number): HostTensor {
  return floats([items], new Float32Array(items).fill(weight, 0, counted));
}

export function rangesOf(counts: readonly number[]): readonly (readonly [number, number])[] {
  let start = 0;
  return counts.map((count) => {
    start += count;
    return [start - count, start] as const;
  });
}
