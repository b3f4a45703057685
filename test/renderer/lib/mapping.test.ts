/** Columns and their roles: what the Data page shows and what it sends. */
import { expect, test } from 'vitest';
import { kindOf, mappingOf, mappingSummary, roleOf, withRole, type Roles } from '../../../renderer/src/lib/mapping.ts';

test.each([
  [{ text: 'comment', label: 'topic' }, 'categories'],
  [{ text: ['subject', 'body'], label: 'topic' }, 'categories'],
  [{ prompt: 'question', response: 'answer' }, 'answers'],
  [{ messages: 'messages' }, 'conversations'],
] as const)('roles give back the mapping they were read from: %j', (given, kind) => {
  const mapping = 'text' in given && typeof given.text !== 'string' ? { ...given, text: [...given.text] } : given;
  const columns = ['subject', 'body', 'comment', 'topic', 'question', 'answer', 'messages'];
  const roles = Object.fromEntries(columns.map((name) => [name, roleOf(name, mapping as never)]));
  expect([kindOf(mapping as never), mappingOf(kind, roles)]).toEqual([kind, { columns: given }]);
});

test('a role only one column can have moves; text can be shared', () => {
  const roles: Roles = { a: 'text', b: 'label', c: 'unused' };
  expect([withRole(roles, 'c', 'label'), withRole(roles, 'c', 'text')]).toEqual([
    { a: 'text', b: 'unused', c: 'label' },
    { a: 'text', b: 'label', c: 'text' },
  ]);
});

test('what is missing is said', () => {
  expect(
    [
      mappingOf('categories', { a: 'text' }),
      mappingOf('categories', { a: 'label' }),
      mappingOf('answers', { a: 'response' }),
      mappingOf('answers', { a: 'prompt' }),
      mappingOf('conversations', { a: 'unused' }),
    ].map((result) => ('missing' in result ? result.missing : result)),
  ).toEqual([
    'Say which column holds the category.',
    'Say which column holds the text.',
    'Say which column holds the question.',
    'Say which column holds the answer.',
    'Say which column holds the conversations.',
  ]);
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
