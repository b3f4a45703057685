/** Rows in the shapes people have them in become examples of their task; what does not fit is left out and told. */
import { describe, expect, it } from 'vitest';
import type { Example } from '../../../engine/data/examples.ts';
import { readTable } from '../../../engine/data/read.ts';
import { readExamples } from '../../../engine/data/readers/registry.ts';
import { findingSentences } from '../../../engine/spec/wording/en/findings.ts';
import type { Columns } from '../../../engine/spec/tasks.ts';
import { scratch } from './files.ts';

const write = scratch();
let files = 0;

interface Read {
  /** Null: left out. */
  readonly examples: readonly (Example | null)[];
  /** Code and rows; each has a sentence. */
  readonly findings: readonly string[];
}

async function read(rows: readonly object[] | string, columns: Columns): Promise<Read> {
  files += 1;
  const csv = typeof rows === 'string';
  const content = csv ? rows : rows.map((row) => JSON.stringify(row)).join('\n');
  const table = await readTable(await write(`${String(files)}.${csv ? 'csv' : 'jsonl'}`, content));
  const { items, findings } = readExamples([{ table, role: 'train' }], columns);
  for (const { code, data } of findings) expect(findingSentences[code]?.(data)).toMatch(/\.$/);
  return {
    examples: items.map(({ example }) => example),
    findings: findings.map(({ code, data }) => `${code} ${String(data.rows ?? data.count)}`),
  };
}

describe('text classification', () => {
  it('reads a second text apart from the first', async () => {
    const { examples } = await read('a,b,c,y\nx,y,z,yes\n', { text: ['a', 'b'], pair: 'c', label: 'y' });
    expect(examples).toEqual([{ row: 1, text: 'x\ny', pair: 'z', label: 'yes' }]);
  });

  it('reads many labels from lists, from texts that spell lists, and parted by signs', async () => {
    const label = { label: 'l', labels: 'many' } as const;
    const lists = await read(
      [
        { t: 'a', l: ['x', 'y', 'x'] },
        { t: 'b', l: [] },
        { t: 'c', l: '["y"]' },
        { t: 'd', l: "['it\\'s', \"b\", 'say \"no\"']" },
        { t: 'e', l: null },
        { t: 'f', l: 'y; x|z' },
        { t: 'g', l: 'N/A' },
      ],
      { text: 't', ...label },
    );
    expect(lists).toEqual({
      examples: [
        { row: 1, text: 'a', labels: ['x', 'y'] },
        { row: 2, text: 'b', labels: [] },
        { row: 3, text: 'c', labels: ['y'] },
        { row: 4, text: 'd', labels: ['b', "it's", 'say "no"'] },
        null,
        { row: 6, text: 'f', labels: ['x', 'y', 'z'] },
        null,
      ],
      findings: ['empty-label 5, 7'],
    });
    const commas = await read('t,l\na,"x, y;z"\n', { text: 't', ...label, separator: ',' });
    expect(commas.examples).toEqual([{ row: 1, text: 'a', labels: ['x', 'y;z'] }]);
  });

  it('reads one column of 0 and 1 a label', async () => {
    const { examples, findings } = await read('t,x,y\na,1,0\nb,0,0\nc,TRUE,yes\nd,2,0\ne,,\n', {
      text: 't',
      label: ['x', 'y'],
    });
    expect(examples).toEqual([
      { row: 1, text: 'a', labels: ['x'] },
      { row: 2, text: 'b', labels: [] },
      { row: 3, text: 'c', labels: ['x', 'y'] },
      null,
      null,
    ]);
    expect(findings).toEqual(['empty-label 5', 'bad-mark 4']);
  });

  it.each([
    ['English', ['1,249.5', '3', '-0.25', '1e3'], [1249.5, 3, -0.25, 1000]],
    ['German', ['1.249,5', '3', '-0,25', '12 000'], [1249.5, 3, -0.25, 12_000]],
    ['thousands alone', ['1,249', '12,000,000'], [1249, 12_000_000]],
  ])('reads numbers as they are written: %s', async (_, cells, values) => {
    const { examples } = await read(
      cells.map((n) => ({ t: 'a', n })),
      { text: 't', label: 'n', labels: 'number' },
    );
    expect(examples).toEqual(values.map((value, index) => ({ row: index + 1, text: 'a', value })));
  });

  it('leaves out what is no number, and says which from what is empty', async () => {
    const rows = [{ n: 4.5 }, { n: 'five' }, { n: null }, { n: 'Infinity' }, { n: '1e999' }].map((one) => ({
      t: 'a',
      ...one,
    }));
    const { examples, findings } = await read(rows, { text: 't', label: 'n', labels: 'number' });
    expect(examples).toEqual([{ row: 1, text: 'a', value: 4.5 }, null, null, null, null]);
    expect(findings).toEqual(['empty-label 3', 'not-a-number 2, 4, 5']);
  });
});

describe('token classification', () => {
  const word = (text: string, start: number, tag: string) => ({ text, start, end: start + text.length, tag });

  it('reads words and tags from lists and from texts parted by blanks', async () => {
    const rows = [
      { w: ['New', 'York', 'calls'], t: ['B-LOC', 'I-LOC', 'O'] },
      { w: 'New York calls', t: 'B-LOC I-LOC O' },
      { w: "['New', 'York', 'calls']", t: "['B-LOC', 'I-LOC', 'O']" },
    ];
    const { examples, findings } = await read(rows, { words: 'w', tags: 't' });
    expect(examples).toEqual(
      rows.map((_, index) => ({
        row: index + 1,
        text: 'New York calls',
        words: [word('New', 0, 'B-LOC'), word('York', 4, 'I-LOC'), word('calls', 9, 'O')],
        spans: [{ start: 0, end: 8, label: 'LOC' }],
      })),
    );
    expect(findings).toEqual([]);
  });

  it('reads IOB1, BIOES and BILOU as IOB2', async () => {
    const tags = [
      'I-LOC I-LOC B-LOC O I-PER',
      'B-LOC E-LOC S-LOC O S-PER',
      'B-LOC L-LOC U-LOC O U-PER',
      'B-LOC I-LOC B-LOC O B-PER',
    ];
    const { examples, findings } = await read(
      tags.map((t) => ({ w: 'a b c d e', t })),
      { words: 'w', tags: 't' },
    );
    const written = examples.map((example) =>
      (example as { words: { tag: string }[] } | null)?.words.map((one) => one.tag),
    );
    expect(written).toEqual(tags.map(() => ['B-LOC', 'I-LOC', 'B-LOC', 'O', 'B-PER']));
    expect(findings).toEqual(['bad-tags 1']);
  });

  it('takes tags that mark no entities as they are', async () => {
    const { examples } = await read([{ w: 'It works', t: 'PRON VERB' }], { words: 'w', tags: 't' });
    expect(examples).toEqual([
      { row: 1, text: 'It works', words: [word('It', 0, 'PRON'), word('works', 3, 'VERB')], spans: [] },
    ]);
  });

  it('leaves out rows whose words and tags do not match', async () => {
    const { examples, findings } = await read(
      [
        { w: 'a b', t: 'O O' },
        { w: 'a b', t: 'O' },
        { w: '', t: '' },
        { w: ['a', ' '], t: ['O', 'O'] },
      ],
      { words: 'w', tags: 't' },
    );
    expect([examples.slice(1), findings]).toEqual([[null, null, null], ['bad-tags 2, 3, 4']]);
  });

  it('reads spans under the names people use, in the order of the text', async () => {
    const spans = [
      [
        { start: 10, end: 14, label: 'B' },
        { start: 0, end: 4, label: 'A' },
      ],
      [
        [0, 4, 'A'],
        [10, 14, 'B'],
      ],
      '[{"begin": 0, "stop": 4, "type": "A"}, {"start_offset": 10, "end_offset": 14, "entity": "B"}]',
    ];
    const { examples } = await read(
      spans.map((s) => ({ t: 'Anna meetsBert.', s })),
      { text: 't', spans: 's' },
    );
    expect(examples).toEqual(
      spans.map((_, index) => ({
        row: index + 1,
        text: 'Anna meetsBert.',
        words: [word('Anna', 0, 'B-A'), word('meets', 5, 'O'), word('Bert', 10, 'B-B'), word('.', 14, 'O')],
        spans: [
          { start: 0, end: 4, label: 'A' },
          { start: 10, end: 14, label: 'B' },
        ],
      })),
    );
  });

  it('counts code points, and says where UTF-16 units would differ', async () => {
    const { examples, findings } = await read(
      [
        { t: '🙂 Rom 👍', s: [{ start: 2, end: 5, label: 'L' }] },
        { t: '🙂 Rom 👍', s: [{ start: 3, end: 6, label: 'L' }] },
        { t: '罗马🙂很大', s: [{ start: 0, end: 2, label: 'L' }] },
      ],
      { text: 't', spans: 's' },
    );
    expect(examples[0]).toMatchObject({
      words: [word('🙂', 0, 'O'), word('Rom', 2, 'B-L'), word('👍', 6, 'O')].map((one) => ({
        tag: one.tag,
        start: one.start,
      })),
    });
    expect(examples[2]).toMatchObject({
      words: ['罗', '马', '🙂', '很', '大'].map((text, start) => ({ text, start, end: start + 1 })),
    });
    expect(findings).toEqual(['offset-unit 1', 'bad-span 2']);
  });

  it.each([
    ['past the end', { start: 4, end: 99, label: 'A' }],
    ['before the beginning', { start: -1, end: 2, label: 'A' }],
    ['empty', { start: 3, end: 3, label: 'A' }],
    ['backwards', { start: 4, end: 2, label: 'A' }],
    ['without a label', { start: 0, end: 2 }],
    ['with a fraction', { start: 0.5, end: 2, label: 'A' }],
    ['beginning with a blank', { start: 4, end: 9, label: 'A' }],
    ['not a span', 'Anna'],
  ])('leaves out a row with a span %s', async (_, span) => {
    const rows = [
      { t: 'Anna calls', s: [{ start: 0, end: 4, label: 'A' }] },
      { t: 'Anna calls', s: [span] },
    ];
    const { examples, findings } = await read(rows, { text: 't', spans: 's' });
    expect([examples[1], findings]).toEqual([null, ['bad-span 2']]);
  });
});

describe('question answering', () => {
  const context = 'The shop opens at nine. It closes at nine, too.';
  const columns = { question: 'q', context: 'c', answers: 'a' } as const;

  it('reads answers in the shapes people have them in', async () => {
    const shapes = [
      { text: ['nine'], answer_start: [37] },
      [{ text: 'nine', answer_start: 37 }],
      { text: 'nine', answer_start: 37 },
      '{"text": ["nine"], "answer_start": [37]}',
    ];
    const { examples, findings } = await read(
      shapes.map((a) => ({ q: 'When?', c: context, a })),
      columns,
    );
    expect(examples).toEqual(
      shapes.map((_, index) => ({
        row: index + 1,
        question: 'When?',
        context,
        answers: [{ text: 'nine', start: 37 }],
      })),
    );
    expect(findings).toEqual([]);
    const apart = await read([{ q: 'When?', c: context, a: 'nine', s: 37 }], { ...columns, start: 's' });
    expect(apart.examples).toMatchObject([{ answers: [{ text: 'nine', start: 37 }] }]);
  });

  it('finds an answer whose place is wrong or not given, and leaves out one that is not there', async () => {
    const given = [
      'The shop',
      'nine',
      { text: ['nine'], answer_start: [35] },
      { text: ['ten'], answer_start: [18] },
      { text: ['ten', 'nine'], answer_start: [18, 18] },
      ['opens', 'closes'],
      [],
      '',
    ];
    const { examples, findings } = await read(
      given.map((a) => ({ q: 'When?', c: context, a })),
      columns,
    );
    expect(examples.map((example) => example && (example as { answers?: unknown }).answers)).toEqual([
      [{ text: 'The shop', start: 0 }],
      [{ text: 'nine', start: 18 }],
      [{ text: 'nine', start: 37 }],
      null,
      [{ text: 'nine', start: 18 }],
      [
        { text: 'opens', start: 9 },
        { text: 'closes', start: 27 },
      ],
      [],
      [],
    ]);
    expect(findings.toSorted()).toEqual([
      'answer-ambiguous 2',
      'answer-not-in-context 4, 5',
      'answer-offset 3',
      'no-answer 7, 8',
    ]);
  });

  it('counts code points', async () => {
    const { examples } = await read(
      [{ q: 'Where?', c: '🙂🙂 in Rom', a: { text: ['Rom'], answer_start: [6] } }],
      columns,
    );
    expect(examples).toMatchObject([{ answers: [{ text: 'Rom', start: 6 }] }]);
  });

  it('leaves out a row without a passage', async () => {
    const { examples, findings } = await read([{ q: 'Where?', c: ' ', a: 'x' }], columns);
    expect([examples, findings]).toEqual([[null], ['empty-side 1', 'missing-values 1']]);
  });
});

describe('multiple choice', () => {
  const choices = ['red', 'green', 'blue'];
  const right = (answer: number) => ({ question: 'Which?', choices, answer });

  it.each([
    ['indices from 0', [0, 2, 1]],
    ['numbers from 1', [1, 3, 2]],
    ['letters', ['A', 'c', 'B']],
    ['texts', ['red', ' blue', 'Green']],
  ])('reads answers that are %s', async (_, answers) => {
    const { examples } = await read(
      answers.map((a) => ({ q: 'Which?', c: choices, a })),
      { question: 'q', choices: 'c', answer: 'a' },
    );
    expect(examples).toMatchObject([right(0), right(2), right(1)]);
  });

  it('reads a column a choice, the answer by letter, name or text', async () => {
    const columns = { question: 'q', choices: ['one', 'two'], answer: 'a' };
    expect((await read('q,one,two,a\nw,x,y,two\nw,x,y,one\n', columns)).examples).toMatchObject([
      { choices: ['x', 'y'], answer: 1 },
      { choices: ['x', 'y'], answer: 0 },
    ]);
    expect((await read('q,one,two,a\nw,x,y,B\nw,x,y,A\n', columns)).examples).toMatchObject([
      { answer: 1 },
      { answer: 0 },
    ]);
  });

  it('reads choices with labels of their own, and fewer where a row has fewer', async () => {
    const rows = [
      { q: 'w', x: 'c', c: { text: ['x', 'y'], label: ['1', '2'] }, a: '2' },
      { q: 'w', x: 'c', c: { text: ['x', '', 'y'], label: ['1', '2', '3'] }, a: '3' },
    ];
    const { examples } = await read(rows, { question: 'q', context: 'x', choices: 'c', answer: 'a' });
    expect(examples).toEqual([
      { row: 1, question: 'w', context: 'c', choices: ['x', 'y'], answer: 1 },
      { row: 2, question: 'w', context: 'c', choices: ['x', 'y'], answer: 1 },
    ]);
  });

  it('leaves out rows without a right answer', async () => {
    const rows = [0, 2, 3, '', 'A'].map((a) => ({ q: 'w', c: choices, a }));
    const { examples, findings } = await read([...rows, { q: 'w', c: ['x'], a: 0 }, { q: 'w', c: 'none', a: 0 }], {
      question: 'q',
      choices: 'c',
      answer: 'a',
    });
    expect(examples.map((example) => example?.row ?? null)).toEqual([1, 2, null, null, null, null, null]);
    expect(findings).toEqual(['bad-choice 3, 4, 5, 6, 7']);
  });
});

describe('texts to write', () => {
  it('reads whole texts, beginnings with their ends, translations and summaries, none of them trimmed', async () => {
    const rows = [
      { a: ' x', b: 'y ' },
      { a: 'x', b: ' ' },
      { a: '', b: 'y' },
    ];
    const told = async (columns: Columns) => (await read(rows, columns)).examples;
    expect(await told({ text: 'a' })).toEqual([
      { row: 1, prompt: '', completion: ' x' },
      { row: 2, prompt: '', completion: 'x' },
      null,
    ]);
    expect(await told({ prompt: 'a', completion: 'b' })).toEqual([
      { row: 1, prompt: ' x', completion: 'y ' },
      null,
      { row: 3, prompt: '', completion: 'y' },
    ]);
    const pairs = [{ row: 1, source: ' x', target: 'y ' }, null, null];
    expect(await told({ source: 'a', target: 'b' })).toEqual(pairs);
    expect(await told({ text: 'a', summary: 'b' })).toEqual(pairs);
  });
});
