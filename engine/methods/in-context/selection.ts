/** Which rows become demonstrations: at random, the classes in turn, or the nearest (Liu et al., 2021, arXiv 2101.06804). */

/** Uniform in [0, 1): mulberry32 (Tommy Ettinger), the same in every language with 32-bit integers. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Indices of `count` rows out of `rows`, in the order in which they are shown. */
export function drawRandom(rows: number, count: number, seed: number): readonly number[] {
  const all = Array.from({ length: rows }, (_, index) => index);
  return shuffled(all, mulberry32(seed)).slice(0, count);
}

/**
 * Each class in turn until there are `count`: every class is shuffled in ascending order, then the order of the classes,
 * then what was picked, all from one generator.
 */
export function drawBalanced(classes: readonly number[], count: number, seed: number): readonly number[] {
  const draw = mulberry32(seed);
  const sorted = [...new Set(classes)].toSorted((a, b) => a - b);
  const pools = sorted.map((own) =>
    shuffled(
      classes.flatMap((found, index) => (found === own ? [index] : [])),
      draw,
    ),
  );
  const turns = shuffled(pools, draw);
  const longest = Math.max(0, ...pools.map(({ length }) => length));
  const dealt = Array.from({ length: longest }, (_, round) => turns.flatMap((pool) => pool[round] ?? [])).flat();
  return shuffled(dealt.slice(0, count), draw);
}

/** Fisher–Yates from the end. */
function shuffled<T>(items: readonly T[], draw: () => number): readonly T[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const at = Math.floor(draw() * (last + 1));
    const [moved] = mixed.splice(at, 1, ...mixed.slice(last, last + 1));
    mixed.splice(last, 1, ...(moved === undefined ? [] : [moved]));
  }
  return mixed;
}

/** Of length 1; a vector of nothing but zeros stays as it is. */
export function normalised(vector: ArrayLike<number>): Float64Array {
  const own = Float64Array.from(vector);
  const length = Math.hypot(...own);
  return length === 0 ? own : own.map((value) => value / length);
}

/** Cosine of each of the pool with the query; all of length 1. */
export function similarities(query: Float64Array, pool: readonly Float64Array[]): readonly number[] {
  return pool.map((own) => own.reduce((sum, value, at) => sum + value * (query[at] ?? 0), 0));
}

/** Indices of the pool from the most similar on; of equals the lower comes first. */
export function ranked(scores: readonly number[]): readonly number[] {
  return scores.map((_, index) => index).toSorted((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
}
