/** Largest singular values of a matrix by block power iteration (Halko, Martinsson & Tropp, 2011, algorithms 4.4 and 5.1), in float64. */

export interface Singular {
  /** Columns of U, one a value: [rows] each. */
  readonly left: readonly Float64Array[];
  /** Falling. */
  readonly values: readonly number[];
  /** Columns of V: [columns] each. */
  readonly right: readonly Float64Array[];
}

interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** Directions beyond those asked for: the iteration converges as the ratio of the first left out to the last asked for. */
const oversampling = 10;
const mostRounds = 100;
const tolerance = 1e-9;

/** The `count` largest singular values of a row-major matrix with their vectors; fewer than asked for are padded with zeros. */
export function largestSingular(
  matrix: Float32Array,
  { rows, columns, count }: Size & { readonly count: number },
): Singular {
  const size = { rows, columns };
  const width = Math.min(rows, columns, 2 * count + oversampling);
  let right = orthonormal(Array.from({ length: width }, (_, index) => startVector(columns, index)));
  let before: readonly number[] = [];
  let found: Singular = { left: [], values: [], right };
  for (let round = 0; round < mostRounds; round += 1) {
    const left = orthonormal(right.map((vector) => times(matrix, vector, size)));
    found = rotated(
      left,
      left.map((vector) => timesTransposed(matrix, vector, size)),
    );
    right = orthonormal([...found.right]);
    const settled = found.values
      .slice(0, count)
      .every((value, index) => Math.abs(value - (before[index] ?? 0)) <= tolerance * (found.values[0] ?? 0));
    // With all directions taken along, the first round is exact.
    if (settled || width === Math.min(rows, columns)) break;
    before = found.values;
  }
  const zero = (length: number): Float64Array => new Float64Array(length);
  return {
    left: Array.from({ length: count }, (_, index) => found.left[index] ?? zero(rows)),
    values: Array.from({ length: count }, (_, index) => found.values[index] ?? 0),
    right: Array.from({ length: count }, (_, index) => found.right[index] ?? zero(columns)),
  };
}

/** The same in every run: a fixed sequence of fractions. */
function startVector(length: number, index: number): Float64Array {
  let state = (index + 1) * 2_654_435_761;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

function times(matrix: Float32Array, vector: Float64Array, { rows, columns }: Size): Float64Array {
  const result = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    let sum = 0;
    const start = row * columns;
    for (let column = 0; column < columns; column += 1) sum += (matrix[start + column] ?? 0) * (vector[column] ?? 0);
    result[row] = sum;
  }
  return result;
}

function timesTransposed(matrix: Float32Array, vector: Float64Array, { rows, columns }: Size): Float64Array {
  const result = new Float64Array(columns);
  for (let row = 0; row < rows; row += 1) {
    const factor = vector[row] ?? 0;
    const start = row * columns;
    for (let column = 0; column < columns; column += 1)
      result[column] = (result[column] ?? 0) + factor * (matrix[start + column] ?? 0);
  }
  return result;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}

/** y + factor·x, in y. */
function addTo(y: Float64Array, factor: number, x: Float64Array): void {
  for (let index = 0; index < y.length; index += 1) y[index] = (y[index] ?? 0) + factor * (x[index] ?? 0);
}

/** Gram–Schmidt, each vector twice; what lies in the span of those before becomes zero. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const vector of vectors) {
    const own = vector.slice();
    const length = Math.sqrt(dot(own, own));
    for (let pass = 0; pass < 2; pass += 1) for (const other of basis) addTo(own, -dot(own, other), other);
    const left = Math.sqrt(dot(own, own));
    basis.push(left > 1e-12 * length ? own.map((value) => value / left) : own.fill(0));
  }
  return basis;
}

/**
 * Singular values of Q·Bᵀ from an orthonormal Q and the columns of B = MᵀQ, by one-sided Jacobi rotations (Hestenes, 1958):
 * rotates the columns of B, and of Q alike, until they are orthogonal.
 */
function rotated(q: readonly Float64Array[], b: Float64Array[]): Singular {
  const left = q.map((vector) => vector.slice());
  for (let sweep = 0; sweep < 60; sweep += 1) {
    let largest = 0;
    for (let i = 0; i < b.length; i += 1)
      for (let j = i + 1; j < b.length; j += 1) largest = Math.max(largest, rotate(left, b, [i, j]));
    if (largest < 1e-14) break;
  }
  const order = b.map((vector, index) => ({ index, value: Math.sqrt(dot(vector, vector)) }));
  order.sort((x, y) => y.value - x.value);
  const take = (list: readonly Float64Array[], index: number): Float64Array => list[index] ?? new Float64Array(0);
  return {
    values: order.map(({ value }) => value),
    left: order.map(({ index }) => take(left, index)),
    right: order.map(({ index, value }) => take(b, index).map((entry) => (value > 0 ? entry / value : 0))),
  };
}

/** Makes columns i and j of B orthogonal; returns how far they were from it. */
function rotate(left: readonly Float64Array[], b: readonly Float64Array[], [i, j]: readonly [number, number]): number {
  const [x, y, u, v] = [b[i], b[j], left[i], left[j]];
  if (!x || !y || !u || !v) return 0;
  const [xx, yy, xy] = [dot(x, x), dot(y, y), dot(x, y)];
  const size = Math.sqrt(xx * yy);
  if (size === 0 || Math.abs(xy) <= 1e-15 * size) return 0;
  const zeta = (yy - xx) / (2 * xy);
  const tangent = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  const sine = cosine * tangent;
  for (const [p, r] of [
    [x, y],
    [u, v],
  ] as const) {
    for (let index = 0; index < p.length; index += 1) {
      const [first, second] = [p[index] ?? 0, r[index] ?? 0];
      p[index] = cosine * first - sine * second;
      r[index] = sine * first + cosine * second;
    }
  }
  return Math.abs(xy) / size;
}
