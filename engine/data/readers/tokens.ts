/** Rows as tagged words: words with their tags, or a text with the spans that are marked in it. */
import type { Finding } from '../../spec/dataset.ts';
import type { ColumnsOf } from '../../spec/tasks.ts';
import { cellText, isBlank } from '../cells.ts';
import { codePoints } from '../code-points.ts';
import { cellReader, textReader } from '../columns.ts';
import type { BadSpan } from '../dataset.ts';
import type { Span, TokenExample } from '../examples.ts';
import { byCodePoint, conflictFindings, countLabels, rareClasses, variants } from '../label-findings.ts';
import { listOf } from '../lists.ts';
import { readRows, type Reading, type RoleTable, type Undealt } from '../reader.ts';
import { finding } from '../table.ts';
import { asIob2, marksEntities, spansOf, tagsOf } from '../tags.ts';
import { wordsOf, type WordPlace } from '../words.ts';
import { createNotes, type Notes } from './notes.ts';
import { readSpans } from './spans.ts';
import { byRarest } from './strata.ts';

type Columns = ColumnsOf<'token-classification'>;

interface Tagged {
  readonly items: readonly Undealt<TokenExample>[];
  readonly notes: Notes;
  /** The tags mark entities in BIO; otherwise every tag is a label of its own. */
  readonly entities: boolean;
  readonly badSpan: BadSpan | null;
}

export function readTokens(tables: readonly RoleTable[], columns: Columns): Reading<TokenExample> {
  const { items, notes, entities, badSpan } =
    'words' in columns
      ? readTagged(tables, columns.words, columns.tags)
      : readMarked(tables, columns.text, columns.spans);
  const column = 'words' in columns ? columns.tags : columns.spans;
  const labelsOf = ({ words, spans }: TokenExample): readonly string[] =>
    entities ? spans.map(({ label }) => label) : words.map(({ tag }) => tag);
  return {
    items,
    findings: notes.findings({ 'offset-unit': 'note' }),
    show: ({ text, words, spans }) => ({
      input: text,
      answer: entities
        ? spans.map(({ start, end, label }) => `${label}: ${codePoints(text).slice(start, end)}`).join('\n')
        : words.map(({ tag }) => tag).join(' '),
    }),
    text: ({ text }) => text,
    labelsOf,
    strata: (examples) => byRarest(examples, labelsOf),
    judge: (examples, pairs) => [
      ...tagFindings(examples.flatMap(labelsOf), column, examples.length),
      ...conflictFindings(pairs),
    ],
    dataset: ({ labels, ...dealt }, common) => ({
      ...common,
      ...dealt,
      task: 'token-classification',
      columns,
      labels: entities
        ? [...labels.flatMap((label) => [`B-${label}`, `I-${label}`]), 'O'].toSorted(byCodePoint)
        : labels,
      badSpan,
    }),
  };
}

/** Cells are lists, or words parted by blanks; the text is the words with a blank between them. */
function readTagged(tables: readonly RoleTable[], wordColumn: string, tagColumn: string): Tagged {
  const notes = createNotes();
  const rows = readRows(tables, (table) => {
    const [words, tags] = [cellReader(table, wordColumn), cellReader(table, tagColumn)];
    return (cells) => ({ words: partsOf(words(cells)), tags: partsOf(tags(cells)) });
  });
  const entities = marksEntities(rows.flatMap(({ example }) => example.tags));
  const items = rows.map(({ example: { words, tags }, ...place }): Undealt<TokenExample> => {
    const reason = tagFault(words, tags);
    if (reason !== null) {
      notes.note('bad-tags', place, reason);
      return { ...place, example: null };
    }
    const iob2 = entities ? asIob2(tags) : { tags, mended: [] };
    const [first] = iob2.mended;
    if (first !== undefined) notes.note('bad-tags', place, `${words[first] ?? ''} begins an entity with I-`);
    const places = placesOf(words);
    return {
      ...place,
      example: {
        row: place.row,
        text: words.join(' '),
        words: places.map((word, index) => ({ ...word, tag: iob2.tags[index] ?? 'O' })),
        spans: entities ? spansOf(places, iob2.tags) : [],
      },
    };
  });
  return { items, notes, entities, badSpan: null };
}

function partsOf(cell: unknown): readonly string[] {
  return (
    listOf(cell)?.map(cellText) ??
    cellText(cell)
      .split(/\s+/)
      .filter((part) => part !== '')
  );
}

function tagFault(words: readonly string[], tags: readonly string[]): string | null {
  if (words.length !== tags.length) return `${String(words.length)} words and ${String(tags.length)} tags`;
  if (words.length === 0) return 'no words';
  if (words.some(isBlank)) return 'a word without letters';
  return tags.some(isBlank) ? 'a word without a tag' : null;
}

function placesOf(words: readonly string[]): WordPlace[] {
  let start = 0;
  return words.map((text) => {
    const end = start + codePoints(text).length;
    const place = { text, start, end };
    start = end + 1;
    return place;
  });
}

/** The text's words, parted where spans begin and end, with the tags that the spans give them. */
function readMarked(tables: readonly RoleTable[], textColumn: string, spanColumn: string): Tagged {
  const notes = createNotes();
  let badSpan: BadSpan | null = null;
  const items = readRows(tables, (table) => {
    const [textOf, spanCell] = [textReader(table, textColumn), cellReader(table, spanColumn)];
    return (cells, place): TokenExample | null => {
      const text = textOf(cells);
      const { spans, faults } = readSpans(spanCell(cells), text);
      for (const { span, reason, outside } of faults) {
        notes.note('bad-span', place, `${span}: ${reason}`);
        if (outside) badSpan ??= { path: table.path, row: place.row, span, reason };
      }
      if (faults.length > 0) return null;
      if (isBlank(text)) {
        notes.note('empty-side', place);
        return null;
      }
      const unit = offsetUnit(text, spans);
      if (unit !== null) notes.note(unit, place);
      const cuts = spans.flatMap(({ start, end }) => [start, end]);
      const places = wordsOf(text, cuts);
      const tags = tagsOf(places, spans);
      return { row: place.row, text, words: places.map((word, at) => ({ ...word, tag: tags[at] ?? 'O' })), spans };
    };
  });
  return { items, notes, entities: true, badSpan };
}

/** Where code points and UTF-16 units give different pieces: a code that says so, and whether units fit the words. */
function offsetUnit(text: string, spans: readonly Span[]): 'offset-unit' | 'offset-utf16' | null {
  const points = codePoints(text);
  const differing = spans.filter(({ start, end }) => points.slice(start, end) !== text.slice(start, end));
  if (differing.length === 0) return null;
  const edges = new Set(wordsOf(text).flatMap(({ start, end }) => [start, end]));
  const fit = (place: (offset: number) => number): boolean =>
    differing.every(({ start, end }) => edges.has(place(start)) && edges.has(place(end)));
  return !fit((offset) => offset) && fit((offset) => points.fromUnits(offset)) ? 'offset-utf16' : 'offset-unit';
}

function tagFindings(labels: readonly string[], column: string, rows: number): Finding[] {
  const counted = countLabels(labels);
  const [first] = counted;
  if (rows > 0 && (first === undefined || counted.every(({ name }) => name === 'O')))
    return [finding('one-class', 'fault', { label: 'O', column, rows })];
  return [...rareClasses(counted), ...variants(counted)];
}
