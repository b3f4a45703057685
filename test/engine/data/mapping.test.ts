/** What a file is for is guessed from its columns. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guessMapping } from '../../../engine/data/mapping.ts';
import { readTable } from '../../../engine/data/read.ts';
import { taskNames } from '../../../engine/spec/tasks.ts';
import { scratch, shared } from './files.ts';

const write = scratch();

describe('guessMapping', () => {
  it.each([
    ['email-spam/train.csv', { task: 'text-classification', columns: { text: ['subject', 'body'], label: 'label' } }],
    ['home-intents/train.xlsx', { task: 'text-classification', columns: { text: 'text', label: 'intent' } }],
    ['home-intents/train.spans.jsonl', { task: 'text-classification', columns: { text: 'text', label: 'intent' } }],
    ['gloss-topics/train.csv', { task: 'text-classification', columns: { text: 'text', label: 'label' } }],
    ['chinese-levels/train.csv', { task: 'text-classification', columns: { text: 'text', label: 'level' } }],
    ['building-faq/train.csv', { task: 'chat', columns: { prompt: 'question', response: 'answer' } }],
    ['building-faq/train.sv.csv', { task: 'chat', columns: { prompt: 'fraga', response: 'svar' } }],
    ['building-faq/train.messages.jsonl', { task: 'chat', columns: { messages: 'messages' } }],
    ['building-faq/sample.sharegpt.json', { task: 'chat', columns: { messages: 'conversations' } }],
    [
      'building-faq/sample.alpaca.json',
      { task: 'chat', columns: { prompt: 'instruction + input', response: 'output' } },
    ],
    ['small-talk/train.csv', { task: 'chat', columns: { prompt: 'question', response: 'answer' } }],
    [
      'awkward/Kundenanfragen März 2024 (Kopie) – final_v2.csv',
      { task: 'text-classification', columns: { text: 'Anfrage', label: 'Thema' } },
    ],
    ['chinese-levels/test.csv', { task: 'text-classification', columns: { text: 'text', label: 'level' } }],
    [
      'command-similarity/train.csv',
      {
        task: 'text-classification',
        columns: { text: 'sentence1', pair: 'sentence2', label: 'score', labels: 'number' },
      },
    ],
    ['translation-sv-en/train.tsv', { task: 'translation', columns: { source: 'sv', target: 'en' } }],
    ['translation-zh-en/train.tsv', { task: 'translation', columns: { source: 'zh', target: 'en' } }],
    ['translation-en-fr/test.tsv', { task: 'translation', columns: { source: 'en', target: 'fr' } }],
    ['paper-summaries/train.csv', { task: 'summarization', columns: { text: 'text', summary: 'summary' } }],
    ['paper-summaries/train.aspects.csv', { task: 'summarization', columns: { text: 'text', summary: 'summary' } }],
    ['speech-entities/train.jsonl', { task: 'token-classification', columns: { text: 'text', spans: 'entities' } }],
    ['speech-entities/train.conll', { task: 'token-classification', columns: { words: 'words', tags: 'tags' } }],
    [
      'spell-questions/train.json',
      {
        task: 'question-answering',
        columns: { question: 'question', context: 'context', answers: 'answers' },
      },
    ],
    [
      'word-quiz/train.jsonl',
      { task: 'multiple-choice', columns: { question: 'question', choices: 'choices', answer: 'answer' } },
    ],
    [
      'word-quiz/test.csv',
      { task: 'multiple-choice', columns: { question: 'question', choices: ['A', 'B', 'C', 'D'], answer: 'answer' } },
    ],
    ['moby-dick/test.txt', { task: 'text-generation', columns: { text: 'text' } }],
  ])('reads %s', async (file, mapping) => {
    expect(guessMapping([await readTable(join(shared, file))], taskNames)).toEqual(mapping);
  });

  it('goes by what columns hold when their names say nothing', async () => {
    const rows = Array.from(
      { length: 30 },
      (_, index) =>
        `${String(index)},${index % 3 === 0 ? 'rot' : 'blau'},Dies ist der lange Satz Nummer ${String(index)} einer Liste`,
    );
    const table = await readTable(await write('names.csv', ['nr,f1,f2', ...rows].join('\n')));
    expect(guessMapping([table], taskNames)).toEqual({
      task: 'text-classification',
      columns: { text: 'f2', label: 'f1' },
    });
  });

  it('keeps to the task it is given', async () => {
    const table = await readTable(join(shared, 'home-intents', 'test.csv'));
    expect([guessMapping([table], ['chat']), guessMapping([], taskNames)]).toEqual([null, null]);
  });
});
