/** Rows as examples of a task: what the model reads, and what it should answer. */
import { StudioError } from '../spec/errors.ts';
import type { ChatColumns, ClassificationColumns, Columns } from '../spec/tasks.ts';
import { cellText, isBlank } from './cells.ts';
import { readConversation, type Conversation, type Message } from './conversations.ts';
import { tidyName, type Row, type Table } from './table.ts';

export interface ClassificationExample {
  /** Row in its file, counted from 1 without the header. */
  readonly row: number;
  readonly text: string;
  readonly label: string;
}

export interface ChatExample {
  /** Row in its file, counted from 1 without the header. */
  readonly row: number;
  /** Ends with the assistant's turn. */
  readonly messages: readonly Message[];
}

export function isChatColumns(columns: Columns): columns is ChatColumns {
  return !('label' in columns);
}

export function textColumns(columns: ClassificationColumns): readonly string[] {
  return typeof columns.text === 'string' ? [columns.text] : columns.text;
}

/** Every column a mapping names. */
export function namedColumns(columns: Columns): readonly string[] {
  if (!isChatColumns(columns)) return [...textColumns(columns), columns.label];
  return 'messages' in columns ? [columns.messages] : [columns.prompt, columns.response];
}

/** The table's own name of a column; blanks around a name do not count. @throws StudioError data.column-missing */
export function resolveColumn(table: Table, name: string): string {
  if (table.columns.includes(name)) return name;
  const found = table.columns.find((column) => column === tidyName(name));
  if (found !== undefined) return found;
  const columns = table.columns.slice(0, 50).join(', ') + (table.columns.length > 50 ? ', …' : '');
  throw new StudioError('data.column-missing', { path: table.path, column: name, columns });
}

/**
 * The rows with a label, in file order. Several text columns are joined by one line feed, empty cells included;
 * nothing is trimmed.
 * @throws StudioError data.column-missing
 */
export function classificationExamples(table: Table, columns: ClassificationColumns): ClassificationExample[] {
  return labelledRows(table, columns).filter(({ label }) => !isBlank(label));
}

/** Every row as text and label, the label empty where the row has none. @throws StudioError data.column-missing */
export function labelledRows(table: Table, columns: ClassificationColumns): ClassificationExample[] {
  const texts = textColumns(columns).map((name) => resolveColumn(table, name));
  const label = resolveColumn(table, columns.label);
  return table.rows.map((row, index) => ({
    row: index + 1,
    text: texts.map((name) => cellText(row[name])).join('\n'),
    label: cellText(row[label]),
  }));
}

export interface ChatReading {
  readonly examples: ChatExample[];
  readonly bad: { readonly row: number; readonly reason: string }[];
  readonly toolTurns: number;
}

/** Reads every row as a conversation and sets aside those that are none. @throws StudioError data.column-missing */
export function readChat(table: Table, columns: ChatColumns): ChatReading {
  const read = chatReader(table, columns);
  const examples: ChatExample[] = [];
  const bad: { row: number; reason: string }[] = [];
  let toolTurns = 0;
  for (const [index, row] of table.rows.entries()) {
    const conversation = read(row);
    if (typeof conversation === 'string') bad.push({ row: index + 1, reason: conversation });
    else {
      examples.push({ row: index + 1, messages: conversation.messages });
      toolTurns += conversation.toolTurns;
    }
  }
  return { examples, bad, toolTurns };
}

/**
 * Every row as a conversation, in file order.
 * @throws StudioError data.column-missing, data.bad-messages for the first that is none
 */
export function chatExamples(table: Table, columns: ChatColumns): ChatExample[] {
  const { examples, bad } = readChat(table, columns);
  const first = bad[0];
  if (first) throw new StudioError('data.bad-messages', { path: table.path, ...first });
  return examples;
}

function chatReader(table: Table, columns: ChatColumns): (row: Row) => Conversation | string {
  if ('messages' in columns) {
    const name = resolveColumn(table, columns.messages);
    return (row) => readConversation(row[name]);
  }
  const prompt = resolveColumn(table, columns.prompt);
  const response = resolveColumn(table, columns.response);
  return (row) =>
    readConversation([
      { role: 'user', content: cellText(row[prompt]) },
      { role: 'assistant', content: cellText(row[response]) },
    ]);
}
