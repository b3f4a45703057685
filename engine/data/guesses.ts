/** For each task, the columns of a table that it would read, and how sure that guess is. */
import type { Columns, TaskName } from '../spec/tasks.ts';
import { cellText } from './cells.ts';
import { languageNames, nameRank, optionKind } from './names.ts';
import { byName, isLabelLike, type Profile } from './profiles.ts';
import type { Table } from './table.ts';

/** 3: hardly anything else; 2: likely; 1: if nothing else fits; 0: only because the task is asked for. */
type Sureness = 0 | 1 | 2 | 3;

export interface Guess {
  readonly columns: Columns;
  readonly sureness: Sureness;
}

type Guesser = (profiles: readonly Profile[], table: Table) => Guess | null;

const named = (role: Parameters<typeof byName>[0], profiles: readonly Profile[], ...taken: (string | undefined)[]) =>
  byName(
    role,
    profiles.filter(({ name, filled }) => filled > 0 && !taken.includes(name)),
  );

/** Of equally sure guesses the first one counts. */
export const guessers: readonly { readonly task: TaskName; readonly guess: Guesser }[] = [
  { task: 'chat', guess: conversations },
  { task: 'question-answering', guess: questions },
  { task: 'multiple-choice', guess: choices },
  { task: 'token-classification', guess: tokens },
  { task: 'translation', guess: translation },
  { task: 'summarization', guess: summaries },
  { task: 'chat', guess: answers },
  { task: 'text-classification', guess: classes },
  { task: 'text-generation', guess: texts },
];

function conversations(profiles: readonly Profile[]): Guess | null {
  const held = profiles.filter((profile) => profile.conversations);
  const messages = byName('messages', held) ?? held[0]?.name;
  return messages === undefined ? null : { columns: { messages }, sureness: 3 };
}

function answers(profiles: readonly Profile[]): Guess | null {
  const prompt = byName('prompt', profiles);
  const response = byName(
    'response',
    profiles.filter(({ name }) => name !== prompt),
  );
  if (prompt === undefined || response === undefined) return null;
  const answer = profiles.find(({ name }) => name === response);
  return { columns: { prompt, response }, sureness: answer !== undefined && !isLabelLike(answer) ? 3 : 1 };
}

function questions(profiles: readonly Profile[], table: Table): Guess | null {
  const context = named('context', profiles);
  const question = named('question', profiles, context);
  const squad = profiles.find((profile) => profile.answers)?.name;
  const answer = squad ?? named('response', profiles, context, question);
  if (context === undefined || question === undefined || answer === undefined) return null;
  const start = squad === undefined ? named('start', profiles) : undefined;
  const columns = { question, context, answers: answer, ...(start === undefined ? {} : { start }) };
  const rows = table.rows.slice(0, 100);
  const lying = rows.filter((row) => cellText(row[context]).includes(cellText(row[answer])));
  return { columns, sureness: squad !== undefined || lying.length > rows.length / 2 ? 3 : 0 };
}

function choices(profiles: readonly Profile[]): Guess | null {
  const question = named('question', profiles);
  const context = named('context', profiles, question);
  const prompt = question ?? context ?? named('text', profiles);
  const listed = profiles.filter(({ lists }) => lists);
  const list = byName('choices', listed);
  const options = optionColumns(profiles);
  const answer =
    named('answer', profiles, prompt, list, ...options) ?? named('label', profiles, prompt, list, ...options);
  if (prompt === undefined || answer === undefined || (list === undefined && options.length < 2)) return null;
  const about = question === undefined || context === undefined ? {} : { context };
  return { columns: { question: prompt, ...about, choices: list ?? options, answer }, sureness: 3 };
}

/** Columns named A, B, C, … or option1, option2, …: those of the kind that has most. */
function optionColumns(profiles: readonly Profile[]): string[] {
  const kinds = new Map<string, string[]>();
  for (const { name, filled } of profiles) {
    const kind = filled > 0 ? optionKind(name) : null;
    if (kind !== null) kinds.set(kind, [...(kinds.get(kind) ?? []), name]);
  }
  return [...kinds.values()].toSorted((a, b) => b.length - a.length)[0] ?? [];
}

function tokens(profiles: readonly Profile[]): Guess | null {
  const words = named('words', profiles);
  const tags = named('tags', profiles, words);
  if (words !== undefined && tags !== undefined) {
    const lists = [words, tags].every((name) => profiles.find((one) => one.name === name)?.lists === true);
    return { columns: { words, tags }, sureness: lists ? 3 : 0 };
  }
  const marked = profiles.filter((profile) => profile.spans);
  const spans = byName('spans', marked) ?? marked[0]?.name;
  const text = named('text', profiles, spans) ?? longest(profiles, spans);
  if (spans === undefined || text === undefined) return null;
  const label = named('label', profiles, spans, text);
  return { columns: { text, spans }, sureness: label === undefined ? 3 : 0 };
}

function translation(profiles: readonly Profile[]): Guess | null {
  const filled = profiles.filter((profile) => profile.filled > 0 && !profile.numeric);
  const languages = filled.filter(({ name }) => languageNames.has(name.toLowerCase()));
  const source = named('source', filled) ?? languages[0]?.name;
  const target = named('target', filled, source) ?? languages.find(({ name }) => name !== source)?.name;
  if (source !== undefined && target !== undefined) {
    const goal = filled.find(({ name }) => name === target);
    const alone = languages.length === 2 || named('text', profiles, source, target) === undefined;
    const sure = alone && named('label', profiles, target) === undefined && goal && !isLabelLike(goal);
    return { columns: { source, target }, sureness: sure ? 3 : 0 };
  }
  const [first, second] = filled.filter(({ lists, spans }) => !lists && !spans);
  return filled.length === 2 && first && second
    ? { columns: { source: first.name, target: second.name }, sureness: 0 }
    : null;
}

function summaries(profiles: readonly Profile[]): Guess | null {
  const summary = named('summary', profiles);
  const text = named('article', profiles, summary) ?? longest(profiles, summary);
  const length = (name: string | undefined): number => profiles.find((one) => one.name === name)?.meanLength ?? 0;
  if (text === undefined) return null;
  if (summary === undefined) {
    const rest = profiles.filter(({ name, numeric, filled }) => name !== text && filled > 0 && !numeric);
    const next = longest(rest, text);
    return next === undefined ? null : { columns: { text, summary: next }, sureness: 0 };
  }
  const shorter = length(summary) < length(text) && named('label', profiles, text, summary) === undefined;
  return { columns: { text, summary }, sureness: shorter ? 3 : 0 };
}

function longest(profiles: readonly Profile[], ...taken: (string | undefined)[]): string | undefined {
  return profiles
    .filter(({ name, filled, numeric }) => filled > 0 && !numeric && !taken.includes(name))
    .toSorted((a, b) => b.meanLength - a.meanLength)[0]?.name;
}

function classes(profiles: readonly Profile[]): Guess | null {
  const short = profiles.filter(({ filled, meanLength, lists }) => filled > 0 && (lists || meanLength <= 60));
  const likely = profiles
    .filter((profile) => isLabelLike(profile) && !profile.spans)
    .toSorted((a, b) => Number(a.numeric) - Number(b.numeric) || a.distinct - b.distinct);
  const label =
    byName('label', short) ?? marksOf(profiles, likely) ?? (profiles.length > 1 ? likely[0]?.name : undefined);
  if (label === undefined) return null;
  const rest = profiles.filter(
    ({ name, filled, numeric, spans }) => name !== label && filled > 0 && !numeric && !spans,
  );
  const first = named('first', rest);
  const pair = first === undefined ? undefined : secondOf(first, rest);
  const text = (pair === undefined ? undefined : first) ?? byName('text', rest) ?? longest(rest);
  if (text === undefined) return null;
  const lead = pair === undefined ? named('lead', rest, text) : undefined;
  const labels =
    typeof label === 'string'
      ? labellingOf(
          profiles.find(({ name }) => name === label),
          pair !== undefined,
        )
      : 'many';
  const columns = {
    text: lead === undefined ? text : [lead, text],
    ...(pair === undefined ? {} : { pair }),
    label,
    ...(labels === 'one' ? {} : { labels }),
  };
  return { columns, sureness: 2 };
}

/** Several columns of 0 and 1, a label each, where no column of names is likelier. */
function marksOf(profiles: readonly Profile[], likely: readonly Profile[]): string[] | undefined {
  const marks = profiles.filter(({ binary }) => binary).map(({ name }) => name);
  return marks.length > 1 && likely.every(({ numeric }) => numeric) ? marks : undefined;
}

/** The second text of a pair, named as the first is. */
function secondOf(first: string, profiles: readonly Profile[]): string | undefined {
  const rank = nameRank('first', first);
  return profiles.find(({ name }) => name !== first && nameRank('second', name) === rank)?.name;
}

/** Lists are many labels; fractions, or the score of a pair, are amounts. Whole numbers may be names of classes. */
function labellingOf(label: Profile | undefined, isPair: boolean): 'one' | 'many' | 'number' {
  if (label?.lists === true) return 'many';
  if (label?.numeric !== true) return 'one';
  const score = isPair && nameRank('score', label.name) >= 0;
  return label.fractions || score ? 'number' : 'one';
}

function texts(profiles: readonly Profile[]): Guess | null {
  const completion = named('response', profiles);
  const prompt = named('prompt', profiles, completion);
  const text = named('text', profiles) ?? longest(profiles);
  if (profiles.length === 1 && text !== undefined) return { columns: { text }, sureness: 1 };
  if (prompt !== undefined && completion !== undefined) return { columns: { prompt, completion }, sureness: 0 };
  return text === undefined ? null : { columns: { text }, sureness: 0 };
}
