/** Keys and values of all tokens so far, [rows, heads, capacity, size] a layer, the newest at the end, and which of them count. */
import type { HostTensor } from '../runtime/session.ts';
import type { PastShape } from '../train/setup.ts';
import { floatData, floats } from '../train/state.ts';

/** Keys and values that a pass has made, `present.<layer>.key|value`: [rows, heads, tokens, size]. */
export type Present = Readonly<Record<string, HostTensor>>;

/** The sizes of what a pass has made under this name. */
export function shapeOfPresent(present: Present, name: 'present' | 'cross'): PastShape {
  const keys = Object.keys(present).filter((key) => key.startsWith(`${name}.`) && key.endsWith('.key'));
  const [, heads = 0, length = 0, size = 0] = present[`${name}.0.key`]?.shape ?? [];
  return { layers: keys.length, heads, length, size };
}

/**
 * Each row is filled from the right, so that the distance of two slots is the distance of their tokens: sliding windows and
 * relative positions count slots. A new token moves all others by one.
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
    const mask = floatData(this.mask);
    for (let row = 0; row < rows; row += 1) mask[(row + 1) * (shape.length + 1) - 1] = 1;
  }

  /** Puts the first `counts[row]` tokens of a pass behind those of each row. A pass of one row stands for all rows. */
  append(present: Present, counts: readonly number[]): void {
    const { heads, length, size } = this.shape;
    for (const [name, tensor] of this.feeds) {
      const made = present[name.replace('past', 'present')];
      const source = floatData(made);
      const target = floatData(tensor);
      const [rows = 1, , tokens = 0] = made?.shape ?? [];
      counts.forEach((count, row) => {
        for (let head = 0; head < heads; head += 1) {
          const start = (row * heads + head) * length * size;
          const end = start + length * size;
          const from = ((rows === 1 ? 0 : row) * heads + head) * tokens * size;
          target.copyWithin(start, start + count * size, end);
          target.set(source.subarray(from, from + count * size), end - count * size);
        }
      });
    }
    const mask = floatData(this.mask);
    counts.forEach((count, row) => {
      const start = row * (length + 1);
      mask.copyWithin(start, start + count, start + length);
      mask.fill(1, start + length - count, start + length);
    });
  }

  /** The same with more room. */
  grow(length: number): Cache {
    const grown = new Cache({ ...this.shape, length }, this.rows);
    const tensors = [...this.feeds.map(([, tensor]) => tensor), this.mask];
    const targets = [...grown.feeds.map(([, tensor]) => tensor), grown.mask];
    tensors.forEach((tensor, index) => {
      copyEnds(tensor, targets[index], index < this.feeds.length ? this.rows * this.shape.heads : this.rows);
    });
    return grown;
  }

  /** Its rows in another order, any of them more than once. */
  pick(parents: readonly number[]): Cache {
    if (isInOrder(parents, this.rows)) return this;
    const picked = new Cache(this.shape, parents.length);
    copyRows(this.mask, picked.mask, parents);
    this.feeds.forEach(([, tensor], index) => {
      copyRows(tensor, picked.feeds[index]?.[1], parents);
    });
    return picked;
  }
}

export function isInOrder(parents: readonly number[], rows: number): boolean {
  return parents.length === rows && parents.every((parent, row) => parent === row);
}

/** Rows of a tensor, its first dimension, in another order. */
export function pickRows(tensor: HostTensor, parents: readonly number[]): HostTensor {
  const picked = floats([parents.length, ...tensor.shape.slice(1)]);
  copyRows(tensor, picked, parents);
  return picked;
}

/** Copies each of so many blocks to the end of a larger one. */
function copyEnds(from: HostTensor, to: HostTensor | undefined, blocks: number): void {
  const source = floatData(from);
  const target = floatData(to);
  const [width, room] = [source.length / blocks, target.length / blocks];
  for (let block = 0; block < blocks; block += 1)
    target.set(source.subarray(block * width, (block + 1) * width), (block + 1) * room - width);
}

function copyRows(from: HostTensor, to: HostTensor | undefined, parents: readonly number[]): void {
  const source = floatData(from);
  const target = floatData(to);
  const width = source.length / (from.shape[0] ?? 1);
  parents.forEach((parent, row) => {
    target.set(source.subarray(parent * width, (parent + 1) * width), row * width);
  });
}
