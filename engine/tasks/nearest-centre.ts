/**
 * The untrained baseline of an encoder: the class whose centre, over the learning rows' frozen features, is nearest by cosine
 * (nearest centroid; Rocchio, 1971). A random head would be a straw man.
 */
import { argmax } from './probabilities.ts';

/** Sum of each class's features, every row at unit length: [classes][hidden]. Its direction is the class's centre. */
export function classCentres(
  features: readonly Float32Array[],
  classes: readonly number[],
  count: number,
): readonly Float32Array[] {
  const size = features[0]?.length ?? 0;
  const centres = Array.from({ length: count }, () => new Float32Array(size));
  features.forEach((feature, row) => {
    const centre = centres[classes[row] ?? 0];
    const length = norm(feature);
    feature.forEach((value, at) => {
      if (centre) centre[at] = (centre[at] ?? 0) + value / length;
    });
  });
  return centres;
}

/** The class whose centre lies nearest to a feature by cosine. */
export function nearestCentre(centres: readonly ArrayLike<number>[], feature: ArrayLike<number>): number {
  return argmax(centres.map((centre) => dot(centre, feature) / norm(centre)));
}

function norm(vector: ArrayLike<number>): number {
  return Math.sqrt(dot(vector, vector)) || 1;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < a.length; index += 1) total += (a[index] ?? 0) * (b[index] ?? 0);
  return total;
}
