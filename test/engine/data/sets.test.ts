/** Every set of the shared collection comes as the task it is of, with the rows and labels that its list counts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDataRoom, type Dataset } from '../../../engine/data/dataset.ts';
import { guessMapping } from '../../../engine/data/mapping.ts';
import { readTable } from '../../../engine/data/read.ts';
import { checkTrainable } from '../../../engine/data/trainable.ts';
import type { DatasetView } from '../../../engine/spec/dataset.ts';
import { taskNames } from '../../../engine/spec/tasks.ts';
import { request, shared } from './files.ts';

interface SetEntry {
  readonly set: string;
  readonly split: 'train' | 'test';
  readonly rows: number;
  readonly labels: Readonly<Record<string, number>>;
}

const entries = JSON.parse(await readFile(join(shared, 'sets.json'), 'utf8')) as readonly SetEntry[];

async function load(train: string, test: string): Promise<{ dataset: Dataset; view: DatasetView }> {
  const table = await readTable(join(shared, train));
  const room = createDataRoom();
  const wanted = request(table.path, {
    columns: guessMapping([table], taskNames)?.columns ?? null,
    test: [join(shared, test)],
  });
  return { dataset: await room.loadDataset(wanted), view: await room.describeData(wanted) };
}

describe('the sets', () => {
  it.each([
    ['email-spam', 'csv', 'text-classification'],
    ['email-spam', 'xlsx', 'text-classification'],
    ['gloss-topics', 'csv', 'text-classification'],
    ['home-intents', 'csv', 'text-classification'],
    ['chinese-levels', 'csv', 'text-classification'],
    ['command-similarity', 'csv', 'text-classification'],
    ['speech-entities', 'jsonl', 'token-classification'],
    ['speech-entities', 'conll', 'token-classification'],
    ['word-quiz', 'csv', 'multiple-choice'],
    ['word-quiz', 'jsonl', 'multiple-choice'],
    ['spell-questions', 'json', 'question-answering'],
    ['building-faq', 'csv', 'chat'],
    ['building-faq', 'messages.jsonl', 'chat'],
    ['small-talk', 'csv', 'chat'],
    ['translation-sv-en', 'tsv', 'translation'],
    ['translation-zh-en', 'tsv', 'translation'],
    ['translation-en-fr', 'tsv', 'translation'],
    ['paper-summaries', 'csv', 'summarization'],
  ])('%s as %s is %s, and nothing is left out', async (set, ending, task) => {
    const [train, test] = entries.filter((entry) => entry.set === set);
    const { dataset, view } = await load(`${set}/train.${ending}`, `${set}/test.${ending}`);
    expect({ task: dataset.task, ...view.counts }).toEqual({
      task,
      train: dataset.train.length,
      validation: dataset.validation.length,
      test: test?.rows,
    });
    expect(view.counts.train + view.counts.validation).toBe(train?.rows);
    expect(() => {
      checkTrainable(dataset);
    }).not.toThrow();
    expect(view.findings.filter(({ severity }) => severity === 'fault')).toEqual([]);
    if (view.labels.length > 0) {
      const counted = Object.entries(train?.labels ?? {}).map(([name, count]) => ({
        name,
        count: count + (test?.labels[name] ?? 0),
      }));
      expect(view.labels).toEqual(expect.arrayContaining(counted));
      expect(view.labels).toHaveLength(counted.length);
    }
  });

  it.each([
    ['moby-dick', 'txt'],
    ['moby-dick', 'docx'],
    ['devils-dictionary', 'txt'],
    ['devils-dictionary', 'docx'],
  ])('%s as %s is text to write on, all words of it', async (set, ending) => {
    const [train] = entries.filter((entry) => entry.set === set);
    const { dataset } = await load(`${set}/train.${ending}`, `${set}/test.txt`);
    const examples = [...dataset.train, ...dataset.validation];
    // The Word files have the book's title as their first paragraph.
    const texts = examples
      .filter(({ row }) => ending === 'txt' || row > 1)
      .map((example) => ('completion' in example ? example.completion : ''));
    expect([dataset.task, texts.join(' ').match(/\S+/g)?.length]).toEqual(['text-generation', train?.rows]);
  });

  it('reads the same entities from CoNLL as from spans', async () => {
    const [spans, conll] = await Promise.all(
      ['jsonl', 'conll'].map((ending) => load(`speech-entities/train.${ending}`, `speech-entities/test.${ending}`)),
    );
    const marked = (dataset: Dataset | undefined): unknown =>
      dataset?.task === 'token-classification'
        ? dataset.test.map(({ row, text, spans: found }) => [
            row,
            ...found.map(({ start, end, label }) => [label, text.slice(start, end).replaceAll(' ', '')]),
          ])
        : null;
    expect(conll?.dataset.labels).toEqual(spans?.dataset.labels);
    expect(marked(conll?.dataset)).toEqual(marked(spans?.dataset));
  });

  it('keeps every span of home-intents on its words', async () => {
    const path = join(shared, 'home-intents', 'train.spans.jsonl');
    const dataset = await createDataRoom().loadDataset(request(path, { columns: { text: 'text', spans: 'entities' } }));
    const rows = (await readTable(path)).rows;
    expect(dataset.task === 'token-classification' && [...dataset.train, ...dataset.validation].length).toBe(1923);
    for (const { row, text, spans, words } of dataset.task === 'token-classification' ? dataset.train : []) {
      expect(spans).toEqual(rows[row - 1]?.entities);
      expect(words.map((word) => text.slice(word.start, word.end))).toEqual(words.map((word) => word.text));
      expect(words.filter(({ tag }) => tag.startsWith('B-'))).toHaveLength(spans.length);
    }
  });

  it('finds every answer of SQuAD where the file says, and the questions without one', async () => {
    const { dataset } = await load('spell-questions/train.json', 'spell-questions/test.v2.json');
    const test = dataset.task === 'question-answering' ? dataset.test : [];
    expect([test.length, test.filter(({ answers }) => answers.length === 0).length]).toEqual([291, 25]);
    for (const { context, answers } of test)
      for (const { text, start } of answers) expect(context.slice(start, start + text.length)).toBe(text);
  });

  it('reads the same choices from both forms of a quiz', async () => {
    const [csv, jsonl] = await Promise.all(
      ['csv', 'jsonl'].map((ending) => load(`word-quiz/train.${ending}`, `word-quiz/test.${ending}`)),
    );
    expect(csv?.dataset.train).toEqual(jsonl?.dataset.train);
  });
});
