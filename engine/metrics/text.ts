/** Text as Python's `str` methods see it: the references of text metrics are Python programs. */

/** What `str.isspace` calls white space; `\s` of JavaScript lacks U+001C…U+001F and U+0085 and has U+FEFF. */
const whiteSpace = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const spaces = new RegExp(`[${whiteSpace}]+`, 'u');
const trailing = new RegExp(`[${whiteSpace}]+$`, 'u');

/** `str.split()`: the runs between white space. */
export function words(text: string): readonly string[] {
  return text.split(spaces).filter((word) => word !== '');
}

/** `str.rstrip()`. */
export function trimEnd(text: string): string {
  return text.replace(trailing, '');
}

/** `string.punctuation`: ASCII only. */
export const asciiPunctuation: ReadonlySet<string> = new Set('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~');

/** `collections.Counter`. */
export function counts(items: Iterable<string>): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const item of items) found.set(item, (found.get(item) ?? 0) + 1);
  return found;
}

/** How many items two bags have in common. */
export function overlap(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): number {
  let common = 0;
  for (const [item, count] of left) common += Math.min(count, right.get(item) ?? 0);
  return common;
}

/** Runs of `n` items, joined by `glue`. */
export function ngrams(items: readonly string[], n: number, glue: string): readonly string[] {
  return Array.from({ length: Math.max(0, items.length - n + 1) }, (_, start) =>
    items.slice(start, start + n).join(glue),
  );
}
