/** Columns and their roles: what the Data page shows and what it sends. */
import { expect, test } from 'vitest';
import { taskOfColumns, type Columns } from '../../../engine/spec/tasks.ts';
import {
  mappingOf,
  mappingSummary,
  rolesOf,
  separatorOf,
  shapeOf,
  withRole,
  withSeparator,
  type Roles,
} from '../../../renderer/src/lib/mapping.ts';

test.each<readonly [string, string, Columns]>([
  ['categories', 'text-classification', { text: 'a', label: 'b' }],
  ['categories', 'text-classification', { text: ['a', 'c'], label: 'b' }],
  ['categories', 'text-classification', { text: 'a', pair: 'c', label: 'b' }],
  ['labels', 'text-classification', { text: 'a', label: 'b', labels: 'many' }],
  ['labels', 'text-classification', { text: 'a', label: 'b', labels: 'many', separator: ',' }],
  ['labels', 'text-classification', { text: 'a', label: ['b', 'c'], labels: 'many' }],
  ['numbers', 'text-classification', { text: 'a', pair: 'c', label: 'b', labels: 'number' }],
  ['marked', 'token-classification', { text: 'a', spans: 'b' }],
  ['tagged', 'token-classification', { words: 'a', tags: 'b' }],
  ['passages', 'question-answering', { question: 'a', context: 'b', answers: 'c' }],
  ['passages', 'question-answering', { question: 'a', context: 'b', answers: 'c', start: 'd' }],
  ['choices', 'multiple-choice', { question: 'a', choices: 'b', answer: 'c' }],
  ['choices', 'multiple-choice', { question: 'a', context: 'b', choices: ['c', 'd'], answer: 'e' }],
  ['writing', 'text-generation', { text: 'a' }],
  ['continuations', 'text-generation', { prompt: 'a', completion: 'b' }],
  ['answers', 'chat', { prompt: 'a', response: 'b' }],
  ['conversations', 'chat', { messages: 'a' }],
  ['translations', 'translation', { source: 'a', target: 'b' }],
  ['summaries', 'summarization', { text: 'a', summary: 'b' }],
])('the mapping of %s for %s comes back whole from its roles: %j', (shape, task, mapping) => {
  const roles = rolesOf(['a', 'b', 'c', 'd', 'e', 'f'], mapping);
  expect([shapeOf(mapping), taskOfColumns(mapping), mappingOf(shapeOf(mapping), roles, mapping)]).toEqual([
    shape,
    task,
    { columns: mapping },
  ]);
});

test('a role only one column can have moves; text can be shared, labels where a row has several', () => {
  const roles: Roles = { a: 'text', b: 'label', c: 'unused' };
  const label = { column: 'c', role: 'label' };
  expect([
    withRole('categories', roles, label),
    withRole('categories', roles, { column: 'c', role: 'text' }),
    withRole('labels', roles, label),
  ]).toEqual([
    { a: 'text', b: 'unused', c: 'label' },
    { a: 'text', b: 'label', c: 'text' },
    { a: 'text', b: 'label', c: 'label' },
  ]);
});

test('what is missing is said', () => {
  expect(
    [
      mappingOf('categories', { a: 'text' }),
      mappingOf('categories', { a: 'label' }),
      mappingOf('answers', { a: 'response' }),
      mappingOf('passages', { a: 'question', b: 'answers' }),
      mappingOf('conversations', { a: 'unused' }),
    ].map((result) => ('missing' in result ? result.missing : result)),
  ).toEqual([
    'Say which column holds the category.',
    'Say which column holds the text.',
    'Say which column holds the question.',
    'Say which column holds the passage.',
    'Say which column holds the conversations.',
  ]);
});

test('what parts labels is shown where a cell holds several, and can go back to the usual', () => {
  const mapping: Columns = { text: 'a', label: 'b', labels: 'many', separator: ',' };
  const usual: Columns = { text: 'a', label: 'b', labels: 'many' };
  expect([separatorOf(mapping), separatorOf(usual), separatorOf({ ...usual, label: ['b', 'c'] })]).toEqual([
    ',',
    '',
    null,
  ]);
  expect([withSeparator(mapping, ''), withSeparator(usual, '|')]).toEqual([usual, { ...usual, separator: '|' }]);
});

test('the summary names what is read, what is learnt and what is left', () => {
  expect(mappingSummary(['date', 'text', 'topic'], { text: 'text', label: 'topic' })).toEqual({
    used: [
      { name: 'text', words: 'text the model reads' },
      { name: 'topic', words: 'category it should give' },
    ],
    unused: ['date'],
  });
});
