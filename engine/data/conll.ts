/** Reads CoNLL files: a word a line with its tag in the last column, a blank line after each sentence. */
import { StudioError } from '../spec/errors.ts';
import { emptyRow, finding, listed, type Row, type TablePart } from './table.ts';
import { asIob2, marksEntities } from './tags.ts';

export const conllExtensions: readonly string[] = ['.conll', '.conllu', '.bio', '.iob', '.iob2'];

const tagLike = /^(O|[BIESLU]-\S+)$/;
/** Lines that say whether a file without such a name is CoNLL. */
const sampledLines = 300;

/** Whether nearly every line ends in a BIO tag, and blank lines stand between. */
export function looksLikeConll(text: string): boolean {
  const lines = text
    .slice(0, 65_536)
    .split(/\r\n|\n|\r/)
    .slice(0, sampledLines);
  const filled = lines.slice(0, -1).filter((line) => line.trim() !== '' && !isComment(line));
  const tagged = filled.filter((line) => {
    const cells = cellsOf(line);
    return cells.length > 1 && tagLike.test(cells.at(-1) ?? '');
  });
  const parted = lines.slice(0, -1).some((line) => line.trim() === '');
  return parted && tagged.length >= 10 && tagged.length >= filled.length * 0.95;
}

interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly cells: readonly string[];
}

interface Layout {
  readonly width: number;
  readonly word: number;
  readonly tag: (cells: readonly string[]) => string;
}

/** One row a sentence, of the lists `words` and `tags`. @throws StudioError data.no-rows */
export function readConll(text: string, path: string): TablePart {
  const sentences = sentencesOf(text);
  if (sentences.length === 0) throw new StudioError('data.no-rows', { path });
  const layout = layoutOf(sentences.flat());
  const bad: number[] = [];
  const read = sentences.map((lines) =>
    lines.map(({ number, cells }) => {
      const tag = cells.length > 1 ? layout.tag(cells) : '';
      if (tag === '') bad.push(number);
      return { number, word: cells[layout.word] ?? cells[0] ?? '', tag: tag === '' ? 'O' : tag };
    }),
  );
  const entities = marksEntities(read.flat().map(({ tag }) => tag));
  const rows = read.map((words): Row => {
    const { tags, mended } = entities
      ? asIob2(words.map(({ tag }) => tag))
      : { tags: words.map(({ tag }) => tag), mended: [] };
    bad.push(...mended.map((index) => words[index]?.number ?? 0));
    return Object.assign(emptyRow(), { words: words.map(({ word }) => word), tags });
  });
  const mixed = sentences
    .flat()
    .filter(({ cells }) => cells.length > 1 && cells.length !== layout.width)
    .map(({ number }) => number);
  return {
    format: 'conll',
    delimiter: null,
    columns: ['words', 'tags'],
    rows,
    findings: [
      ...(bad.length > 0
        ? [finding('bad-tags', 'care', { count: bad.length, lines: listed(bad.toSorted((a, b) => a - b)) })]
        : []),
      ...(mixed.length > 0 ? [finding('mixed-columns', 'care', { count: mixed.length, lines: listed(mixed) })] : []),
    ],
  };
}

function sentencesOf(text: string): Line[][] {
  const sentences: Line[][] = [[]];
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (isComment(line)) continue;
    const cells = cellsOf(line);
    if (cells.length > 0) sentences.at(-1)?.push({ number: index + 1, cells });
    else if (sentences.at(-1)?.length !== 0) sentences.push([]);
  }
  return sentences.filter((lines) => lines.length > 0);
}

function isComment(line: string): boolean {
  return line.startsWith('-DOCSTART-') || /^# \S+( \S+)? = /.test(line) || /^#\s*text/.test(line);
}

/** Columns are parted by tabs, where a line has some, otherwise by blanks. */
function cellsOf(line: string): readonly string[] {
  const trimmed = line.trim();
  if (trimmed === '') return [];
  return trimmed.includes('\t') ? trimmed.split('\t').map((cell) => cell.trim()) : trimmed.split(/\s+/);
}

/** The word stands first and the tag last; in CoNLL-U's ten columns second and fourth. */
function layoutOf(lines: readonly Line[]): Layout {
  const widths = new Map<number, number>();
  for (const { cells } of lines) widths.set(cells.length, (widths.get(cells.length) ?? 0) + 1);
  const width = [...widths].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? 2;
  const universal =
    width === 10 && lines.every(({ cells }) => cells.length !== 10 || /^\d+([-.]\d+)?$/.test(cells[0] ?? ''));
  return universal
    ? { width, word: 1, tag: (cells) => cells[3] ?? '' }
    : { width, word: 0, tag: (cells) => cells.at(-1) ?? '' };
}
