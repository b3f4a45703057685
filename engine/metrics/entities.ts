/** Entities out of BIO and BIOES tags, and their precision, recall and F1: the figures of seqeval 1.2.2 with zero_division = 0. */
import { averages, scoresOf, type LabelCounts, type Scores } from './classification.ts';

export interface EntitySpan {
  readonly type: string;
  /** Its first token. */
  readonly start: number;
  /** The token after its last. */
  readonly end: number;
}

/** `B-PER` → B, PER; `O` → O, _; as the default mode of seqeval cuts them. No tag at all is O. */
function parse(tag: string): { prefix: string; type: string } {
  const dash = tag.indexOf('-', 1);
  const type = dash === -1 ? tag.slice(1) : tag.slice(dash + 1);
  return { prefix: tag === '' ? 'O' : tag.slice(0, 1), type: type === '' ? '_' : type };
}

/** Reads tags as conlleval does: an I or E after O, or after another type, opens an entity. What a malformed row means is guessed. */
export function entitySpans(tags: readonly string[]): readonly EntitySpan[] {
  const spans: EntitySpan[] = [];
  let previous = { prefix: 'O', type: '_' };
  let start = 0;
  for (const [index, tag] of [...tags, 'O'].entries()) {
    const current = parse(tag);
    if (ends(previous, current)) spans.push({ type: previous.type, start, end: index });
    if (starts(previous, current)) start = index;
    previous = current;
  }
  return spans;
}

type Tag = ReturnType<typeof parse>;

function ends(previous: Tag, { prefix, type }: Tag): boolean {
  if (previous.prefix === 'O') return false;
  if (previous.prefix === 'E' || previous.prefix === 'S' || previous.type !== type) return true;
  return 'BI'.includes(previous.prefix) && 'BSO'.includes(prefix);
}

function starts(previous: Tag, { prefix, type }: Tag): boolean {
  if (prefix === 'O') return false;
  if (prefix === 'B' || prefix === 'S' || previous.type !== type) return true;
  return 'EI'.includes(prefix) && ('EO'.includes(previous.prefix) || previous.prefix === 'S');
}

/** BIO, where each entity opens with B; BIOES, where E closes it and S stands alone. */
export type TagScheme = 'IOB2' | 'IOBES';

interface SchemeRules {
  readonly prefixes: string;
  readonly opens: string;
  /** Prefixes that carry an entity of the same type on, after B or I. */
  readonly continues: string;
  /** Prefixes that an entity may end with. */
  readonly closes: string;
}

const schemes: Readonly<Record<TagScheme, SchemeRules>> = {
  IOB2: { prefixes: 'BIO', opens: 'B', continues: 'I', closes: 'BI' },
  IOBES: { prefixes: 'BIOES', opens: 'BS', continues: 'IE', closes: 'ES' },
};

/** Whether all tags have a prefix of the scheme. */
export function fitsScheme(tags: readonly string[], scheme: TagScheme): boolean {
  return tags.every((tag) => tag !== '' && schemes[scheme].prefixes.includes(tag.slice(0, 1)));
}

/** Reads tags by the letter: what does not open, continue and close as the scheme says is no entity. */
export function strictEntitySpans(tags: readonly string[], scheme: TagScheme): readonly EntitySpan[] {
  const { opens, continues, closes } = schemes[scheme];
  const parsed = tags.map(parseStrictly);
  const goesOn = (last: Tag | undefined, next: Tag | undefined): boolean =>
    last !== undefined &&
    next !== undefined &&
    'BI'.includes(last.prefix) &&
    continues.includes(next.prefix) &&
    next.type === last.type;
  const spans: EntitySpan[] = [];
  for (const [start, first] of parsed.entries()) {
    if (!opens.includes(first.prefix)) continue;
    let end = start + 1;
    while (goesOn(parsed[end - 1], parsed[end])) end += 1;
    if (closes.includes(parsed[end - 1]?.prefix ?? '')) spans.push({ type: first.type, start, end });
  }
  return spans;
}

/** The strict mode drops dashes at both ends of the type. */
function parseStrictly(tag: string): Tag {
  const type = tag.slice(1).replace(/^-+|-+$/g, '');
  return { prefix: tag === '' ? 'O' : tag.slice(0, 1), type: type === '' ? '_' : type };
}

export interface EntityReport {
  readonly micro: Scores;
  /** Mean over the types that occur on either side; null where none does. */
  readonly macro: Scores | null;
  readonly weighted: Scores;
  readonly perType: readonly (Scores & { readonly type: string; readonly support: number })[];
  /** True entities. */
  readonly support: number;
}

/**
 * An entity is right if a true one has its type, its first and its last token.
 * @param truth,predicted the entities of each row
 */
export function entityReport(
  truth: readonly (readonly EntitySpan[])[],
  predicted: readonly (readonly EntitySpan[])[],
): EntityReport {
  const [truly, given] = [keysByType(truth), keysByType(predicted)];
  const types = [...new Set([...truly.keys(), ...given.keys()])].sort();
  const none: ReadonlySet<string> = new Set();
  const counts = types.map((type): LabelCounts & { type: string } => {
    const [theirs, ours] = [truly.get(type) ?? none, given.get(type) ?? none];
    const right = [...theirs].filter((key) => ours.has(key)).length;
    return { type, right, given: ours.size, truly: theirs.size };
  });
  const { micro, macro, weighted } = averages(counts);
  return {
    micro,
    macro: types.length === 0 ? null : macro,
    weighted,
    perType: counts.map((count) => ({ type: count.type, ...scoresOf(count), support: count.truly })),
    support: counts.reduce((sum, count) => sum + count.truly, 0),
  };
}

function keysByType(rows: readonly (readonly EntitySpan[])[]): ReadonlyMap<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  rows.forEach((spans, row) => {
    for (const { type, start, end } of spans) {
      const keys = found.get(type) ?? new Set();
      found.set(type, keys.add(`${row}:${start}:${end}`));
    }
  });
  return found;
}

/** Share of tokens with exactly the true tag. */
export function tokenAccuracy(
  truth: readonly (readonly string[])[],
  predicted: readonly (readonly string[])[],
): number {
  const right = truth.flatMap((tags, row) => tags.map((tag, token) => tag === predicted[row]?.[token]));
  return right.length === 0 ? 0 : right.filter(Boolean).length / right.length;
}
