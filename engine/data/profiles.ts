/** What a column looks like to a guess: its name, and what its first cells hold. */
import { cellText } from './cells.ts';
import { conversationOf } from './conversations.ts';
import { fieldOf, listOf } from './lists.ts';
import { nameRank, type ColumnRole } from './names.ts';
import type { Table } from './table.ts';

/** Looks at this many rows; more would not change the guess. */
const sampleRows = 2000;
/** Lists and objects are looked into in this many. */
const openedRows = 20;

export interface Profile {
  readonly name: string;
  readonly filled: number;
  readonly distinct: number;
  readonly meanLength: number;
  /** Every value is a number, or looks like one. */
  readonly numeric: boolean;
  /** 0 and 1 and nothing else. */
  readonly binary: boolean;
  /** Some number has a fraction. */
  readonly fractions: boolean;
  readonly conversations: boolean;
  /** Lists of {start, end, …}. */
  readonly spans: boolean;
  /** Lists of texts or numbers. */
  readonly lists: boolean;
  /** SQuAD's answers: objects or lists of objects with a text. */
  readonly answers: boolean;
}

export function profileOf(table: Table, name: string): Profile {
  const values = new Set<string>();
  let filled = 0;
  let length = 0;
  let numeric = true;
  let fractions = false;
  for (const row of table.rows.slice(0, sampleRows)) {
    const text = cellText(row[name]);
    if (text.trim() === '') continue;
    filled += 1;
    length += text.length;
    numeric &&= /^-?[\d.,]+$/.test(text.trim());
    fractions ||= /\d[.,]\d{1,2}$|\d[.,]\d{4,}$|\b0[.,]\d+$/.test(text.trim());
    values.add(text);
  }
  const opened = table.rows
    .slice(0, openedRows)
    .map((row) => row[name])
    .filter((value) => value !== '' && value !== undefined && value !== null);
  const most = (holds: (value: unknown) => boolean): boolean =>
    opened.length > 0 && opened.filter(holds).length > opened.length / 2;
  return {
    name,
    filled,
    distinct: values.size,
    meanLength: length / Math.max(1, filled),
    numeric: numeric && filled > 0,
    binary: filled > 0 && [...values].every((value) => value === '0' || value === '1'),
    fractions,
    conversations: most((value) => conversationOf(value) !== null),
    spans: most(isSpans) && opened.some((value) => (listOf(value) ?? []).length > 0),
    lists: most((value) => listOf(value)?.every((one) => typeof one === 'string' || typeof one === 'number') === true),
    answers: most(isAnswers),
  };
}

function isSpans(value: unknown): boolean {
  const list = listOf(value);
  return (
    list !== null &&
    list.every((one) => isTriple(one) || fieldOf(one, ['start', 'begin', 'start_offset']) !== undefined)
  );
}

function isTriple(value: unknown): boolean {
  return Array.isArray(value) && value.length === 3 && Number.isInteger(value[0]) && Number.isInteger(value[1]);
}

function isAnswers(value: unknown): boolean {
  const list = listOf(value);
  return list === null
    ? fieldOf(value, ['answer_start']) !== undefined
    : list.every((one) => fieldOf(one, ['answer_start']) !== undefined);
}

/** The column whose name comes first in the list of a role. */
export function byName(role: ColumnRole, profiles: readonly Profile[]): string | undefined {
  return profiles
    .map(({ name }) => ({ name, rank: nameRank(role, name) }))
    .filter(({ rank }) => rank >= 0)
    .toSorted((a, b) => a.rank - b.rank)[0]?.name;
}

/** A label: few different values, short, and each of them more than once on average. */
export function isLabelLike({ filled, distinct, meanLength }: Profile): boolean {
  return distinct >= 2 && meanLength <= 40 && distinct <= Math.max(2, Math.min(200, filled / 3));
}
