/** Columns tell their task; wrong ones are refused with the field, its value and the legal answers. */
import { describe, expect, it } from 'vitest';
import { parseColumns } from '../../../main/cli/columns.ts';
import { contract } from '../../../main/contract/index.ts';
import { suitsTask, taskNames, taskOfColumns, type Columns, type TaskName } from '../../../engine/spec/tasks.ts';

const examples: readonly (readonly [TaskName, Columns])[] = [
  ['text-classification', { text: 'a', label: 'b' }],
  ['text-classification', { text: ['a', 'b'], label: 'c' }],
  ['text-classification', { text: 'a', pair: 'b', label: 'c', labels: 'number' }],
  ['text-classification', { text: 'a', label: 'b', labels: 'many', separator: ';' }],
  ['text-classification', { text: 'a', label: ['b', 'c'] }],
  ['token-classification', { words: 'a', tags: 'b' }],
  ['token-classification', { text: 'a', spans: 'b' }],
  ['question-answering', { question: 'a', context: 'b', answers: 'c' }],
  ['question-answering', { question: 'a', context: 'b', answers: 'c', start: 'd' }],
  ['multiple-choice', { question: 'a', choices: 'b', answer: 'c' }],
  ['multiple-choice', { question: 'a', context: 'b', choices: ['c', 'd'], answer: 'e' }],
  ['text-generation', { text: 'a' }],
  ['text-generation', { prompt: 'a', completion: 'b' }],
  ['chat', { messages: 'a' }],
  ['chat', { prompt: 'a', response: 'b' }],
  ['translation', { source: 'a', target: 'b' }],
  ['summarization', { text: 'a', summary: 'b' }],
];

describe('columns', () => {
  it.each(examples)('of %s are of no other task: %j', (task, columns) => {
    expect(taskNames.filter((name) => suitsTask(columns, name))).toEqual([task]);
    expect(taskOfColumns(columns)).toBe(task);
    expect(parseColumns(JSON.stringify(columns))).toEqual(columns);
    expect(contract.setMapping.payload.parse({ projectId: 'p', columns })).toEqual({ projectId: 'p', columns });
  });

  it('are shown for every task', () => {
    expect(new Set(examples.map(([task]) => task))).toEqual(new Set(taskNames));
  });

  it.each([
    ['{"text":"a","label":["b","c"],"labels":"one"}', ['columns.labels', '"one"', /many/]],
    ['{"text":"a","label":"b","labels":"some"}', ['columns.labels', '"some"', /"one", "many", "number"/]],
    ['{"text":"a","label":"b","separator":"-"}', ['columns.separator', '"-"', /";", ",", "\|"/]],
    ['{"source":"a","target":"b","label":"c"}', ['columns.label', '"c"', /source, target/]],
    ['{"question":"a","choices":["b"],"answer":"c"}', ['columns.choices', '["b"]', /2/]],
    ['{"question":"a","context":"b"}', ['columns.answers', 'nothing', /string/]],
    ['{"words":"a"}', ['columns.tags', 'nothing', /string/]],
    ['["text"]', ['columns', '["text"]', /object/]],
    ['text', ['columns', 'text', /JSON/]],
  ] as const)('%s are refused by name', (text, [path, value, legal]) => {
    expect(() => parseColumns(text)).toThrow(
      expect.objectContaining({
        code: 'recipe.field',
        data: { path, value, legal: expect.stringMatching(legal) as string },
      }),
    );
  });
});
