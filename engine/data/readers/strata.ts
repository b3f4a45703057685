/** Classes of rows that have several labels, by which they are dealt. */
import { countLabels } from '../label-findings.ts';

/** The class of a row is the rarest of its labels, so that rare ones come into every part. */
export function byRarest<One>(
  examples: readonly One[],
  labelsOf: (example: One) => readonly string[],
): readonly string[] {
  const counts = new Map(countLabels(examples.flatMap(labelsOf)).map(({ name, count }) => [name, count]));
  return examples.map((example) => {
    const [rarest = ''] = labelsOf(example).toSorted((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0));
    return rarest;
  });
}
