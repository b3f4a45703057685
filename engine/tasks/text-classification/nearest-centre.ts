/**
 * The untrained baseline of an encoder: the class whose centre, over the learning rows' frozen features, is nearest by cosine
 * (nearest centroid; Rocchio, 1971). A random head would be a straw man.
 */
import { argmax } from '../probabilities.ts';

/** Class index for each query. `features` and `classes` are of the learning rows. */
export function nearestCentre(
  learning: { readonly features: readonly Float32Array[]; readonly classes: readonly number[]; readonly count: number },
  queries: readonly Float32Array[],
): number[] {
  const size = learning.features[0]?.length ?? 0;
  const centres = Array.from({ length: learning.count }, () => new Float64Array(size));
  learning.features.forEach((feature, row) => {
    const centre = centres[learning.classes[row] ?? 0];
    const length = norm(feature);
    feature.forEach((value, at) => {
      if (centre) centre[at] = (centre[at] ?? 0) + value / length;
    });
  });
  const lengths = centres.map(norm);
  return queries.map((query) => argmax(centres.map((centre, index) => dot(centre, query) / (lengths[index] ?? 1))));
}

function norm(vector: ArrayLike<number>): number {
  return Math.sqrt(dot(vector, vector)) || 1;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < a.length; index += 1) total += (a[index] ?? 0) * (b[index] ?? 0);
  return total;
}
