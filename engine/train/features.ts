/** Hidden states of rows below a head that alone learns: computed once, in batches that no shuffle changes, and kept. */
import type { Objective } from '../tasks/objective.ts';
import type { TokenRow } from '../tasks/rows.ts';
import type { Batch } from './batches.ts';

/** Hidden states at the places a row's answers are read from: an array a candidate of a multiple choice, one elsewhere. */
export type RowFeatures = readonly Float32Array[];

export interface FeatureOptions {
  /** Numbers of a hidden state. */
  readonly size: number;
  readonly objective: Objective;
  /** Of one batch, each row's. */
  readonly compute: (rows: readonly TokenRow[]) => Promise<readonly RowFeatures[]>;
  /** Bytes kept at most; rows beyond are computed anew each time. */
  readonly limit?: number;
}

const defaultLimit = 2 ** 30;
const rowsAtATime = 16;

export class Features {
  readonly #options: FeatureOptions;
  /** The rows that each row is computed with: the same whenever it is asked for, so that a resumed run reads the same numbers. */
  readonly #groups = new Map<TokenRow, readonly TokenRow[]>();
  readonly #kept = new Map<TokenRow, RowFeatures>();

  constructor(options: FeatureOptions) {
    this.#options = options;
  }

  /** Names the rows that will come again and again. */
  expect(rows: readonly TokenRow[]): void {
    const { size, objective, limit = defaultLimit } = this.#options;
    let bytes = 0;
    const kept = rows.filter((row) => {
      bytes += 4 * size * placesOf(row, objective);
      return bytes <= limit;
    });
    const order = kept.toSorted((a, b) => a.ids.length - b.ids.length);
    for (let at = 0; at < order.length; at += rowsAtATime) {
      const group = order.slice(at, at + rowsAtATime);
      for (const row of group) this.#groups.set(row, group);
    }
  }

  has(rows: readonly TokenRow[]): boolean {
    return rows.every((row) => this.#groups.has(row));
  }

  /** Hidden states as the batch's head reads them, [answers, size]; zeros where nothing is asked. */
  async of(rows: readonly TokenRow[], batch: Batch): Promise<Float32Array> {
    const { size, objective } = this.#options;
    const result = new Float32Array(batch.shape.answers * size);
    for (const [index, row] of rows.entries()) {
      const own = await this.#row(row);
      const ranges = featureRanges(batch, objective, { row, index });
      // A row with fewer candidates than others repeats its last, which is not counted.
      ranges.forEach(([start], candidate) => {
        result.set(own[Math.min(candidate, own.length - 1)] ?? [], start * size);
      });
    }
    return result;
  }

  async #row(row: TokenRow): Promise<RowFeatures> {
    const known = this.#kept.get(row);
    if (known) return known;
    const group = this.#groups.get(row) ?? [row];
    const computed = await this.#options.compute(group);
    group.forEach((member, index) => this.#kept.set(member, computed[index] ?? []));
    return this.#kept.get(row) ?? [];
  }
}

function placesOf(row: TokenRow, objective: Objective): number {
  if (objective === 'span') return row.ids.length;
  return objective === 'choice' ? (row.choices?.length ?? 1) : row.answers.length;
}

/** Rows of the batch's hidden states that are a row's, [start, end) for each candidate: of a span, all of its tokens. */
export function featureRanges(
  { shape, ranges }: Batch,
  objective: Objective,
  { row, index }: { readonly row: TokenRow; readonly index: number },
): readonly (readonly [number, number])[] {
  const { answers, batch, choices } = shape;
  return Array.from({ length: choices }, (_, candidate) => {
    const at = index * choices + candidate;
    const first = (at * answers) / batch;
    return objective === 'span' ? ([first, first + row.ids.length] as const) : (ranges[at] ?? ([0, 0] as const));
  });
}
