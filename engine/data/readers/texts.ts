/** What a classifier reads of a row: one text of one or several columns, and the second text of a pair. */
import { textReader } from '../columns.ts';
import type { TextExample } from '../examples.ts';
import type { Row, Table } from '../table.ts';
import type { ColumnsOf } from '../../spec/tasks.ts';

export type TextColumns = Pick<ColumnsOf<'text-classification'>, 'text' | 'pair'>;

export function textNames({ text, pair }: TextColumns): readonly string[] {
  return [text, pair ?? []].flat();
}

/** Several text columns are joined by one line feed, empty cells included; nothing is trimmed. */
export function textsReader(table: Table, { text, pair }: TextColumns): (row: Row) => Omit<TextExample, 'row'> {
  const texts = [text].flat().map((name) => textReader(table, name));
  const second = pair === undefined ? null : textReader(table, pair);
  return (row) => {
    const first = texts.map((read) => read(row)).join('\n');
    return second === null ? { text: first } : { text: first, pair: second(row) };
  };
}

/** The texts of an example, one a line. */
export function joinedText({ text, pair }: TextExample): string {
  return pair === undefined ? text : `${text}\n${pair}`;
}
