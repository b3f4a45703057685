/** Rows as conversations: one question and its answer, or a list of turns. */
import type { Finding } from '../../spec/dataset.ts';
import { BugError, StudioError } from '../../spec/errors.ts';
import type { ColumnsOf } from '../../spec/tasks.ts';
import { cellReader, textReader } from '../columns.ts';
import { readConversation, type Conversation } from '../conversations.ts';
import type { ChatExample } from '../examples.ts';
import type { Reading, RoleTable, Undealt } from '../reader.ts';
import { finding, listed, type Row, type Table } from '../table.ts';

type Columns = ColumnsOf<'chat'>;

/** Rows that are no conversation are left out. @throws StudioError data.bad-messages if all of a file are none */
export function readChat(tables: readonly RoleTable[], columns: Columns): Reading<ChatExample> {
  const findings: Finding[] = [];
  const items = tables.flatMap(({ table, role }) => {
    const read = conversationReader(table, columns);
    const bad: { row: number; reason: string }[] = [];
    let toolTurns = 0;
    const ofTable = table.rows.map((cells, index): Undealt<ChatExample> => {
      const row = index + 1;
      const conversation = read(cells);
      if (typeof conversation === 'string') {
        bad.push({ row, reason: conversation });
        return { table, role, row, example: null };
      }
      toolTurns += conversation.toolTurns;
      return { table, role, row, example: { row, messages: conversation.messages } };
    });
    if (bad.length === ofTable.length && bad[0])
      throw new StudioError('data.bad-messages', { path: table.path, ...bad[0] });
    if (bad.length > 0) findings.push(badConversations(table, bad));
    if (toolTurns > 0) findings.push(finding('tool-calls', 'note', { file: table.name, count: toolTurns }));
    return ofTable;
  });
  return {
    items,
    findings,
    show: (example) => ({ input: turnsBefore(example), answer: lastTurn(example) }),
    text: ({ messages }) => messages.map(({ content }) => content).join('\n'),
    dataset: ({ train, validation, test }, common) => ({
      ...common,
      task: 'chat',
      columns,
      labels: [],
      train,
      validation,
      test,
    }),
  };
}

function conversationReader(table: Table, columns: Columns): (row: Row) => Conversation | string {
  if ('messages' in columns) {
    const messages = cellReader(table, columns.messages);
    return (row) => readConversation(messages(row));
  }
  const prompt = textReader(table, columns.prompt);
  const response = textReader(table, columns.response);
  return (row) =>
    readConversation([
      { role: 'user', content: prompt(row) },
      { role: 'assistant', content: response(row) },
    ]);
}

function badConversations(table: Table, bad: readonly { row: number; reason: string }[]): Finding {
  const rows = listed(bad.map(({ row }) => row));
  const reasons = listed([...new Set(bad.map(({ reason }) => reason))]);
  return finding('bad-conversation', 'care', {
    file: table.name,
    count: bad.length,
    rows,
    reasons,
    ...(table.format === 'jsonl' ? { lines: rows } : {}),
  });
}

/** The turns before the answer as one text: one question stands by itself, several turns carry their roles. */
function turnsBefore({ messages }: ChatExample): string {
  const before = messages.slice(0, -1);
  const [only] = before;
  return before.length === 1 && only
    ? only.content
    : before.map(({ role, content }) => `${role}: ${content}`).join('\n');
}

/** The turn to be learned. */
function lastTurn({ messages }: ChatExample): string {
  const last = messages.at(-1);
  if (!last) throw new BugError('a conversation without turns became an example');
  return last.content;
}
