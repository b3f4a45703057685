/** Turns tensors between Transformers' layout and the one that llama.cpp's converter gives them. */
import type { Layout } from './gguf-families.ts';

export interface Heads {
  readonly queries: number;
  readonly keys: number;
}

interface Matrix {
  readonly values: Float32Array;
  /** Row-major, outermost first. */
  readonly shape: readonly number[];
}

/** Heads whose rows are interleaved; null where the rows are as they were. */
export function headsOf(layout: Layout, heads: Heads): number | null {
  return layout === 'query-rows' ? heads.queries : layout === 'key-rows' ? heads.keys : null;
}

/** The shape on the other side. */
export function otherShape(layout: Layout, shape: readonly number[]): readonly number[] {
  return layout === 'transposed' ? shape.toReversed() : shape;
}

/** Transformers' values from those of a file. */
export function fromFile(layout: Layout, { values, shape }: Matrix, heads: Heads): Float32Array {
  switch (layout) {
    case 'same':
      return values;
    case 'query-rows':
    case 'key-rows':
      return rotateRows(values, shape, { heads: headsOf(layout, heads) ?? 1, inFile: false });
    case 'plus-one':
      return values.map((value) => value - 1);
    case 'transposed':
      return transpose(values, shape);
  }
}

/** A file's values from Transformers'. */
export function toFile(layout: Layout, { values, shape }: Matrix, heads: Heads): Float32Array {
  switch (layout) {
    case 'same':
      return values;
    case 'query-rows':
    case 'key-rows':
      return rotateRows(values, shape, { heads: headsOf(layout, heads) ?? 1, inFile: true });
    case 'plus-one':
      return values.map((value) => value + 1);
    case 'transposed':
      return transpose(values, shape);
  }
}

/**
 * llama.cpp pairs neighbouring rows for its rotation, Transformers the two halves of a head:
 * row (head, half, i) of Transformers is row (head, i, half) of the file.
 */
function rotateRows(
  values: Float32Array,
  shape: readonly number[],
  { heads, inFile }: { readonly heads: number; readonly inFile: boolean },
): Float32Array {
  const rows = shape[0] ?? 0;
  const width = values.length / rows;
  const size = rows / heads;
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row += 1) {
    const start = row - (row % size);
    const pair = row % (size / 2);
    const half = Math.floor((row % size) / (size / 2));
    const file = start + pair * 2 + half;
    const [from, to] = inFile ? [row, file] : [file, row];
    out.set(values.subarray(from * width, (from + 1) * width), to * width);
  }
  return out;
}

function transpose(values: Float32Array, shape: readonly number[]): Float32Array {
  const rows = shape[0] ?? 0;
  const columns = shape[1] ?? 0;
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      out[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return out;
}
