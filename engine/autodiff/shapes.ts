/** Shape arithmetic shared by the ops' rules and the gradients. */
import type { Shape } from './graph.ts';

/** NumPy's broadcast of two shapes, or null when they do not fit. */
export function broadcast(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let i = 0; i < rank; i += 1) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return null;
    result.push(x === 1 ? y : x);
  }
  return result;
}

/** Axes of `from` over which a value of shape `to` was repeated to make it. */
export function repeatedAxes(from: Shape, to: Shape): readonly number[] {
  const lead = from.length - to.length;
  return from.flatMap((dimension, axis) => (axis < lead || (to[axis - lead] === 1 && dimension !== 1) ? [axis] : []));
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

/** The shape after reducing `axes`. */
export function reduced(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  return shape.flatMap((dimension, axis) => (!axes.includes(axis) ? [dimension] : keep ? [1] : []));
}
