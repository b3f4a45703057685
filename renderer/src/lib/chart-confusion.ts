/** A confusion matrix as a table: cells with their weight, each row's share, and the commonest mistakes. */

export interface ConfusionCell {
  readonly count: number;
  readonly right: boolean;
  /** Percent of graphite behind a mistake, 0 to 48. */
  readonly weight: number;
}

export interface ConfusionRow {
  readonly label: string;
  readonly cells: readonly ConfusionCell[];
  readonly total: number;
  /** Null where the label did not occur. */
  readonly share: number | null;
}

export function confusionRows(
  labels: readonly string[],
  counts: readonly (readonly number[])[],
): readonly ConfusionRow[] {
  const heaviest = Math.max(
    1,
    ...counts.flatMap((row, expected) => row.filter((_, predicted) => predicted !== expected)),
  );
  return labels.map((label, expected) => {
    const row = counts[expected] ?? [];
    const total = row.reduce((sum, count) => sum + count, 0);
    return {
      label,
      total,
      share: total === 0 ? null : (row[expected] ?? 0) / total,
      cells: labels.map((_, predicted) => {
        const count = row[predicted] ?? 0;
        const right = predicted === expected;
        return { count, right, weight: right || count === 0 ? 0 : 8 + (40 * count) / heaviest };
      }),
    };
  });
}

export interface Mistake {
  readonly expected: string;
  readonly predicted: string;
  readonly count: number;
  /** The same pair the other way round. */
  readonly back: number;
}

/** The commonest mistake; null when there is none. */
export function commonestMistake(labels: readonly string[], counts: readonly (readonly number[])[]): Mistake | null {
  let found: Mistake | null = null;
  for (const [expected, row] of counts.entries()) {
    for (const [predicted, count] of row.entries()) {
      if (expected === predicted || count <= (found?.count ?? 0)) continue;
      found = {
        expected: labels[expected] ?? '',
        predicted: labels[predicted] ?? '',
        count,
        back: counts[predicted]?.[expected] ?? 0,
      };
    }
  }
  return found;
}

/** The longest head of a label that still tells it from the others in a narrow column. */
export function shortLabel(label: string, length = 7): string {
  return label.length <= length ? label : `${label.slice(0, length - 1)}.`;
}
