/**
 * Rows become examples as the contract says: joined by a line feed, never trimmed, conversations in any of their
 * shapes.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChatExample, Example } from '../../../engine/data/examples.ts';
import { readExamples } from '../../../engine/data/readers/registry.ts';
import { readTable } from '../../../engine/data/read.ts';
import type { Table } from '../../../engine/data/table.ts';
import type { Columns, ColumnsOf } from '../../../engine/spec/tasks.ts';
import { scratch, shared } from './files.ts';

const write = scratch();

function examplesOf(table: Table, columns: Columns): readonly Example[] {
  return readExamples([{ table, role: 'train' }], columns).items.flatMap(({ example }) => example ?? []);
}

function chatsOf(table: Table, columns: ColumnsOf<'chat'>): readonly ChatExample[] {
  return examplesOf(table, columns) as readonly ChatExample[];
}

describe('rows with a label', () => {
  it('joins columns by one line feed, empty cells included, trims nothing, leaves out rows without a label', async () => {
    const table = await readTable(
      await write('mail.csv', 'subject,body,label\n hi ,"a\nb",x\n,body,y\nonly,,x\nno,label,\n'),
    );
    expect(examplesOf(table, { text: ['subject', 'body'], label: 'label' })).toEqual([
      { row: 1, text: ' hi \na\nb', label: 'x' },
      { row: 2, text: '\nbody', label: 'y' },
      { row: 3, text: 'only\n', label: 'x' },
    ]);
  });

  it('reads numbers and truth values of JSON as text', async () => {
    const table = await readTable(
      await write('numbers.json', '[{"text": 12, "label": 0}, {"text": true, "label": 1}]'),
    );
    expect(examplesOf(table, { text: 'text', label: 'label' })).toEqual([
      { row: 1, text: '12', label: '0' },
      { row: 2, text: 'true', label: '1' },
    ]);
  });

  it('finds a column whose name has blanks around it', async () => {
    const table = await readTable(join(shared, 'awkward', 'header-spaces.csv'));
    expect(examplesOf(table, { text: ' Text ', label: 'Label  ' })).toHaveLength(24);
  });

  it('names the columns there are when one is missing', async () => {
    const table = await readTable(join(shared, 'home-intents', 'test.csv'));
    expect(() => examplesOf(table, { text: 'text', label: 'label' })).toThrow(
      expect.objectContaining({
        code: 'data.column-missing',
        data: { path: table.path, column: 'label', columns: 'text, intent' },
      }),
    );
  });
});

describe('conversations', () => {
  const turns = [
    { role: 'user', content: 'How are you?' },
    { role: 'assistant', content: 'Well.' },
  ];

  it('reads every shape of a conversation', async () => {
    const shapes = [
      turns,
      JSON.stringify(turns),
      [
        { from: 'human', value: 'How are you?' },
        { from: 'gpt', value: 'Well.' },
      ],
      [
        { role: 'user', content: [{ type: 'text', text: 'How are you?' }] },
        { role: 'Assistant', content: 'Well.' },
      ],
    ];
    const table = await readTable(
      await write('shapes.jsonl', shapes.map((messages) => JSON.stringify({ messages })).join('\n')),
    );
    expect(chatsOf(table, { messages: 'messages' }).map(({ messages }) => messages)).toEqual(shapes.map(() => turns));
  });

  it('makes two turns of a question and an answer', async () => {
    const table = await readTable(join(shared, 'small-talk', 'train.csv'));
    expect(chatsOf(table, { prompt: 'question', response: 'answer' })[0]).toEqual({
      row: 1,
      messages: [
        { role: 'user', content: 'Where is the Sea of Tranquility located?' },
        { role: 'assistant', content: 'The moon' },
      ],
    });
  });

  it('reads the same first exchange from both forms of a real set', async () => {
    const pairs = chatsOf(await readTable(join(shared, 'building-faq', 'train.csv')), {
      prompt: 'question',
      response: 'answer',
    });
    const conversations = chatsOf(await readTable(join(shared, 'building-faq', 'train.messages.jsonl')), {
      messages: 'messages',
    });
    expect(conversations.map(({ messages }) => messages.slice(1))).toEqual(pairs.map(({ messages }) => messages));
  });

  it.each([
    ['it begins with an answer', turns.toReversed()],
    ['it ends without an answer', turns.slice(0, 1)],
    ['no turns', []],
    ['two turns of the user in a row', [turns[0], ...turns]],
    ['a role that is not known: bot', [turns[0], { role: 'bot', content: 'hi' }]],
    ['a role that is not known: __proto__', [turns[0], { role: '__proto__', content: 'hi' }]],
    ['an empty turn of the user', [{ role: 'user', content: ' ' }, turns[1]]],
    ['a turn of the assistant without text', [turns[0], { role: 'assistant', content: null }]],
    ['a system turn that is not the first', [...turns, { role: 'system', content: 'x' }]],
    ['not a list of turns with a role and a content', 'hello'],
  ])('leaves a conversation out because %s', async (reason, messages) => {
    const table = await readTable(
      await write('bad.jsonl', [turns, messages].map((one) => JSON.stringify({ messages: one })).join('\n')),
    );
    expect(readExamples([{ table, role: 'train' }], { messages: 'messages' })).toMatchObject({
      items: [{ row: 1 }, { row: 2, example: null }],
      findings: [{ code: 'bad-conversation', data: { count: 1, rows: '2', reasons: reason } }],
    });
  });
});
