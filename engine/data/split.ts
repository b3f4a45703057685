/** Deals rows into learning, check and test rows: by seed alone, the same on every computer, classes in proportion. */

export interface Parts<T> {
  readonly train: readonly T[];
  readonly validation: readonly T[];
  readonly test: readonly T[];
}

export interface SplitOptions<T> {
  /** Shares of all items, from 0 to 1. */
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
  /** The class of an item; without it all are of one. */
  readonly stratum?: (item: T) => string;
}

/**
 * Deals items; each part keeps their order. Every stratum gives its share of each part (largest remainders, so that a
 * part is as large as its share of the whole asks for), but the last of its items always stays in train.
 */
export function splitRows<T>(
  items: readonly T[],
  { validation, test, seed, stratum = () => '' }: SplitOptions<T>,
): Parts<T> {
  const strata = new Map<string, number[]>();
  for (const [index, item] of items.entries()) {
    const name = stratum(item);
    const members = strata.get(name);
    if (members) members.push(index);
    else strata.set(name, [index]);
  }
  const shuffled = [...strata.values()].map((members) => shuffle(members, seed));
  const part = new Map<number, 'validation' | 'test'>();
  const testQuotas = quotas(
    shuffled.map(({ length }) => length),
    test,
    shuffled.map(({ length }) => length - 1),
  );
  const left = shuffled.map(({ length }, index) => length - (testQuotas[index] ?? 0) - 1);
  const validationQuotas = quotas(
    shuffled.map(({ length }) => length),
    validation,
    left,
  );
  for (const [index, members] of shuffled.entries()) {
    const tested = testQuotas[index] ?? 0;
    for (const member of members.slice(0, tested)) part.set(member, 'test');
    for (const member of members.slice(tested, tested + (validationQuotas[index] ?? 0))) part.set(member, 'validation');
  }
  return {
    train: items.filter((_, index) => !part.has(index)),
    validation: items.filter((_, index) => part.get(index) === 'validation'),
    test: items.filter((_, index) => part.get(index) === 'test'),
  };
}

/** How many items each stratum gives, at most `limits` of them. */
function quotas(sizes: readonly number[], share: number, limits: readonly number[]): number[] {
  const wanted = sizes.map((size) => size * share);
  const given = wanted.map((want, index) => Math.max(0, Math.min(Math.floor(want + 1e-9), limits[index] ?? 0)));
  const total = Math.round(sizes.reduce((sum, size) => sum + size, 0) * share);
  const byRemainder = wanted
    .map((want, index) => ({ index, remainder: want - (given[index] ?? 0) }))
    .toSorted((a, b) => b.remainder - a.remainder || a.index - b.index);
  let missing = total - given.reduce((sum, count) => sum + count, 0);
  for (const { index, remainder } of byRemainder) {
    if (missing <= 0 || remainder <= 1e-9) break;
    if ((given[index] ?? 0) >= (limits[index] ?? 0)) continue;
    given[index] = (given[index] ?? 0) + 1;
    missing -= 1;
  }
  return given;
}

/** Orders indices by a hash of seed and index: an item's place depends on no other item. */
function shuffle(members: readonly number[], seed: number): number[] {
  return members
    .map((index) => ({ index, key: mix(mix(seed) ^ mix(index + 0x9e3779b9)), second: mix(index ^ mix(seed + 1)) }))
    .sort((a, b) => a.key - b.key || a.second - b.second || a.index - b.index)
    .map(({ index }) => index);
}

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the output. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
