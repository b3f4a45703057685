/** Randomness as a function of a seed, a stream's name and a counter: nothing to save, the same after a resume. */

/** A well-mixed 32-bit integer hash (Wellons, "lowbias32"). */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A stream's key from its seed and whatever names it. */
export function streamKey(seed: number, ...names: readonly (string | number)[]): number {
  let key = mix(seed ^ 0x9e3779b9);
  for (const name of names) {
    if (typeof name === 'number') key = mix(key ^ mix(name));
    else for (let index = 0; index < name.length; index += 1) key = mix(key ^ name.charCodeAt(index));
    key = mix(key + 0x632be5ab);
  }
  return key;
}

/** 32 random bits at a counter. */
export function bits(key: number, counter: number): number {
  return mix(mix(counter ^ key) + key);
}

/** Uniform in [0, 1), 24 bits. */
export function uniform(key: number, counter: number): number {
  return (bits(key, counter) >>> 8) / 2 ** 24;
}

/** N(0, 1) by Box and Muller. */
export function normal(key: number, counter: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(key, 2 * counter)));
  return radius * Math.cos(2 * Math.PI * uniform(key, 2 * counter + 1));
}

/** N(0, 1), drawn again until it lies within ±limit. */
export function truncatedNormal(key: number, counter: number, limit: number): number {
  for (let again = 0; ; again += 1) {
    const drawn = normal(again === 0 ? key : streamKey(key, again), counter);
    if (Math.abs(drawn) <= limit) return drawn;
  }
}

/** 0 … count − 1 in random order (Fisher and Yates). */
export function permutation(key: number, count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let index = count - 1; index > 0; index -= 1) {
    const other = Math.floor((bits(key, index) / 2 ** 32) * (index + 1));
    [order[index], order[other]] = [order[other] ?? 0, order[index] ?? 0];
  }
  return order;
}

/** A dropout mask: 0 with probability `rate`, else 1 / (1 − rate). Two elements take 16 bits each of one draw. */
export function fillMask(target: Float32Array, rate: number, key: number): void {
  const threshold = Math.round(rate * 65_536);
  const kept = 1 / (1 - threshold / 65_536);
  for (let index = 0; index < target.length; index += 2) {
    const draw = bits(key, index);
    target[index] = (draw & 0xffff) < threshold ? 0 : kept;
    if (index + 1 < target.length) target[index + 1] = draw >>> 16 < threshold ? 0 : kept;
  }
}
