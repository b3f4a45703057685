/** Guesses the task and which columns it reads: by their names, otherwise by what they hold. */
import type { Columns, SupportedTask } from '../spec/tasks.ts';
import { cellText } from './cells.ts';
import { nameRank, type ColumnRole } from './names.ts';
import { conversationOf } from './conversations.ts';
import type { Table } from './table.ts';

export interface Mapping {
  readonly task: SupportedTask;
  readonly columns: Columns;
}

/** Looks at this many rows; more would not change the guess. */
const sampleRows = 2000;

interface Profile {
  readonly name: string;
  readonly filled: number;
  readonly distinct: number;
  readonly meanLength: number;
  readonly numeric: boolean;
}

/**
 * Guesses from the columns of the first file, which the others have to share. Null: nothing fits the task, or no task
 * fits.
 */
export function guessMapping(tables: readonly Table[], task: SupportedTask | null): Mapping | null {
  const table = tables[0];
  if (!table) return null;
  const profiles = table.columns.slice(0, 200).map((name) => profileOf(table, name));
  const chat = task === 'text-classification' ? null : guessChat(table, profiles);
  if (chat?.certain === true || (chat && task === 'chat')) return { task: 'chat', columns: chat.columns };
  const classes = task === 'chat' ? null : guessClasses(profiles);
  if (classes) return { task: 'text-classification', columns: classes };
  return chat ? { task: 'chat', columns: chat.columns } : null;
}

function profileOf(table: Table, name: string): Profile {
  const values = new Set<string>();
  let filled = 0;
  let length = 0;
  let numeric = true;
  for (const row of table.rows.slice(0, sampleRows)) {
    const text = cellText(row[name]);
    if (text.trim() === '') continue;
    filled += 1;
    length += text.length;
    numeric &&= /^-?[\d.,]+$/.test(text.trim());
    values.add(text);
  }
  return {
    name,
    filled,
    distinct: values.size,
    meanLength: length / Math.max(1, filled),
    numeric: numeric && filled > 0,
  };
}

function guessChat(table: Table, profiles: readonly Profile[]): { columns: Columns; certain: boolean } | null {
  const messages = table.columns.filter((name) => holdsConversations(table, name));
  const column =
    byName(
      'messages',
      profiles.filter(({ name }) => messages.includes(name)),
    ) ?? messages[0];
  if (column !== undefined) return { columns: { messages: column }, certain: true };
  const prompt = byName('prompt', profiles);
  const response = byName(
    'response',
    profiles.filter(({ name }) => name !== prompt),
  );
  if (prompt !== undefined && response !== undefined) {
    const answer = profiles.find(({ name }) => name === response);
    return { columns: { prompt, response }, certain: answer !== undefined && !isLabelLike(answer) };
  }
  return null;
}

function holdsConversations(table: Table, name: string): boolean {
  const filled = table.rows
    .slice(0, 20)
    .map((row) => row[name])
    .filter((value) => value !== '' && value !== undefined && value !== null);
  return filled.length > 0 && filled.filter((value) => conversationOf(value) !== null).length > filled.length / 2;
}

/** The column whose name comes first in the list of a role. */
function byName(role: ColumnRole, profiles: readonly Profile[]): string | undefined {
  return profiles
    .map(({ name }) => ({ name, rank: nameRank(role, name) }))
    .filter(({ rank }) => rank >= 0)
    .toSorted((a, b) => a.rank - b.rank)[0]?.name;
}

/** A label: few different values, short, and each of them more than once on average. */
function isLabelLike({ filled, distinct, meanLength }: Profile): boolean {
  return distinct >= 2 && meanLength <= 40 && distinct <= Math.max(2, Math.min(200, filled / 3));
}

function guessClasses(profiles: readonly Profile[]): Columns | null {
  const named = byName(
    'label',
    profiles.filter(({ filled, meanLength }) => filled > 0 && meanLength <= 60),
  );
  const likely = profiles
    .filter(isLabelLike)
    .toSorted((a, b) => Number(a.numeric) - Number(b.numeric) || a.distinct - b.distinct);
  const label = named ?? (profiles.length > 1 ? likely[0]?.name : undefined);
  if (label === undefined) return null;
  const rest = profiles.filter(({ name, filled, numeric }) => name !== label && filled > 0 && !numeric);
  const longest = rest.toSorted((a, b) => b.meanLength - a.meanLength)[0];
  const text = byName('text', rest) ?? longest?.name;
  if (text === undefined) return null;
  const lead = byName(
    'lead',
    rest.filter(({ name }) => name !== text),
  );
  return { text: lead === undefined ? text : [lead, text], label };
}
