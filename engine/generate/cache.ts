/** Keys and values of all tokens so far, [rows, heads, capacity, size] a layer, the newest at the end, and which of them count. */
import type { HostTensor } from '../runtime/session.ts';
import type { PastShape } from '../train/setup.ts';
import { floatData, floats } from '../train/state.ts';

type Present = Readonly<Record<string, HostTensor>>;

/**
 * Filled from the right, so that the distance of two slots is the distance of their tokens: sliding windows and relative
 * positions count slots. A new token moves all others by one.
 */
export class Cache {
  readonly shape: PastShape;
  readonly rows: number;
  /** [rows, capacity + 1]: the token under way stands behind the cache and always counts. */
  readonly mask: HostTensor;
  readonly feeds: readonly (readonly [string, HostTensor])[];

  constructor(shape: PastShape, rows: number) {
    this.shape = shape;
    this.rows = rows;
    const dimensions = [rows, shape.heads, shape.length, shape.size];
    this.feeds = Array.from({ length: shape.layers }, (_, layer) =>
      ['key', 'value'].map((part) => [`past.${String(layer)}.${part}`, floats(dimensions)] as const),
    ).flat();
    this.mask = floats([rows, shape.length + 1]);
    const width = shape.length + 1;
    const mask = floatData(this.mask);
    for (let row = 0; row < rows; row += 1) mask[row * width + shape.length] = 1;
  }

  /** Puts what a pass over `counted.length / rows` tokens a row made behind all others. `counted` is its mask. */
  append(present: Present, counted: Float32Array): void {
    const { heads, length, size } = this.shape;
    const count = counted.length / this.rows;
    for (const [name, tensor] of this.feeds) {
      const source = floatData(present[name.replace('past', 'present')]);
      const target = floatData(tensor);
      for (let block = 0; block < this.rows * heads; block += 1) {
        const start = block * length * size;
        const end = start + length * size;
        target.copyWithin(start, start + count * size, end);
        target.set(source.subarray(block * count * size, (block + 1) * count * size), end - count * size);
      }
    }
    const mask = floatData(this.mask);
    for (let row = 0; row < this.rows; row += 1) {
      const start = row * (length + 1);
      mask.copyWithin(start, start + count, start + length);
      mask.set(counted.subarray(row * count, (row + 1) * count), start + length - count);
    }
  }

  /** Its rows in another order, any of them more than once. */
  pick(parents: readonly number[]): Cache {
    if (parents.length === this.rows && parents.every((parent, row) => parent === row)) return this;
    const picked = new Cache(this.shape, parents.length);
    const tensors = [this.mask, ...this.feeds.map(([, tensor]) => tensor)];
    const targets = [picked.mask, ...picked.feeds.map(([, tensor]) => tensor)];
    tensors.forEach((tensor, index) => {
      const source = floatData(tensor);
      const target = floatData(targets[index]);
      const width = source.length / this.rows;
      parents.forEach((parent, row) => {
        target.set(source.subarray(parent * width, (parent + 1) * width), row * width);
      });
    });
    return picked;
  }
}
