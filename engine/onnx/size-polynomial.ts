/** Numbers of a graph as polynomials in the sizes of a batch, found from graphs built for several sizes. */

/** Sizes that a graph is built for: rows, tokens a row, tokens a row of a decoder. */
export type Sizes = readonly [batch: number, length: number, decoderLength: number];

/** Exponents of batch, length and decoder length; what reshapes and slices of a forward pass are made of. */
const monomials: readonly Sizes[] = [0, 1].flatMap((batch) =>
  [
    [0, 0],
    [1, 0],
    [2, 0],
    [0, 1],
    [0, 2],
    [1, 1],
  ].map(([length = 0, decoder = 0]): Sizes => [batch, length, decoder]),
);

/** One coefficient for each monomial. */
export type Polynomial = readonly number[];

function valueOf([batch, length, decoder]: Sizes, [b, l, d]: Sizes): number {
  return batch ** b * length ** l * decoder ** d;
}

/**
 * Sizes whose numbers determine a polynomial. Primes that no size of a model is likely to equal: builders leave out a
 * reshape to the shape that is there.
 */
export const probedSizes: readonly Sizes[] = [2, 3].flatMap((batch) =>
  [
    [23, 19],
    [29, 19],
    [37, 19],
    [23, 31],
    [23, 41],
    [29, 31],
  ].map(([length = 0, decoder = 0]): Sizes => [batch, length, decoder]),
);

export function evaluate(polynomial: Polynomial, sizes: Sizes): number {
  return monomials.reduce((total, monomial, at) => total + (polynomial[at] ?? 0) * valueOf(sizes, monomial), 0);
}

/** The polynomial with these values at `probedSizes`; null where none with whole coefficients has them. */
export function fit(values: readonly number[]): Polynomial | null {
  if (values.every((value) => value === values[0])) return monomials.map((_, at) => (at === 0 ? (values[0] ?? 0) : 0));
  const rows = probedSizes.map((sizes, at) => [...monomials.map((one) => valueOf(sizes, one)), values[at] ?? NaN]);
  const found = solved(rows).map(Math.round);
  return probedSizes.every((sizes, at) => evaluate(found, sizes) === values[at]) ? found : null;
}

/** Gauss–Jordan elimination of [coefficients | values], with the largest pivot. */
function solved(rows: readonly number[][]): readonly number[] {
  const count = rows.length;
  for (let column = 0; column < count; column += 1) {
    const pivot = rows.slice(column).reduce((best, row) => (size(row, column) > size(best, column) ? row : best));
    const other = rows[column] ?? [];
    const swapped = [...other];
    other.splice(0, other.length, ...pivot);
    if (pivot !== other) pivot.splice(0, pivot.length, ...swapped);
    for (const [at, row] of rows.entries()) {
      if (at === column) continue;
      const factor = (row[column] ?? 0) / (other[column] ?? 1);
      for (let index = column; index <= count; index += 1)
        row[index] = (row[index] ?? 0) - factor * (other[index] ?? 0);
    }
  }
  return rows.map((row, at) => (row[count] ?? NaN) / (row[at] ?? NaN));
}

function size(row: readonly number[], column: number): number {
  return Math.abs(row[column] ?? 0);
}

/** The terms of a polynomial: how often a product of sizes is taken. */
export function terms(polynomial: Polynomial): readonly { readonly times: number; readonly powers: Sizes }[] {
  return monomials.flatMap((powers, at) => {
    const times = polynomial[at] ?? 0;
    return times === 0 ? [] : [{ times, powers }];
  });
}
