/** Tags of words in BIO (IOB2): mended where they begin with I-, and as the spans they mean. */
import type { Span } from './examples.ts';
import type { WordPlace } from './words.ts';

const entityTag = /^[BIESLUM][-_]./;

/** Whether tags mark entities: each is `O`, or a prefix with an entity's name. */
export function marksEntities(tags: Iterable<string>): boolean {
  let entities = false;
  for (const tag of tags) {
    if (tag === 'O') continue;
    if (!entityTag.test(tag)) return false;
    entities = true;
  }
  return entities;
}

/** The name of the entity that a BIO tag is of; null: `O`. */
export function entityOf(tag: string): string | null {
  return tag === 'O' ? null : tag.slice(2);
}

/** Tags of IOB1, BIOES or BILOU as IOB2, and the indices where an entity began with `I-`. */
export function asIob2(tags: readonly string[]): { readonly tags: string[]; readonly mended: number[] } {
  const mended: number[] = [];
  let open: string | null = null;
  const written = tags.map((tag, index) => {
    const name = entityOf(tag);
    if (name === null) {
      open = null;
      return 'O';
    }
    const prefix = tag[0] ?? '';
    const begins = prefix === 'B' || prefix === 'S' || prefix === 'U' || open !== name;
    if (begins && prefix === 'I') mended.push(index);
    open = 'ELSU'.includes(prefix) ? null : name;
    return `${begins ? 'B' : 'I'}-${name}`;
  });
  return { tags: written, mended };
}

/** The spans that the BIO tags of words mean. */
export function spansOf(words: readonly WordPlace[], tags: readonly string[]): Span[] {
  const spans: { start: number; end: number; label: string }[] = [];
  for (const [index, { start, end }] of words.entries()) {
    const tag = tags[index] ?? 'O';
    const label = entityOf(tag);
    const last = spans.at(-1);
    if (label === null) continue;
    if (tag.startsWith('I') && last?.label === label) last.end = end;
    else spans.push({ start, end, label });
  }
  return spans;
}

/** BIO tags of words, by spans that end no word in its middle; both in the order of the text. */
export function tagsOf(words: readonly WordPlace[], spans: readonly Span[]): string[] {
  let next = 0;
  let begun = false;
  return words.map(({ start, end }) => {
    while ((spans[next]?.end ?? Infinity) <= start) {
      next += 1;
      begun = false;
    }
    const span = spans[next];
    if (span === undefined || start < span.start || end > span.end) return 'O';
    const prefix = begun ? 'I' : 'B';
    begun = true;
    return `${prefix}-${span.label}`;
  });
}
