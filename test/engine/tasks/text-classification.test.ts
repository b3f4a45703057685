/** Text classification: rows as the model reads them, and measures made from what a model says. */
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDataRoom } from '../../../engine/data/dataset.ts';
import type { PreparedTask, Answerer } from '../../../engine/tasks/task.ts';
import { encodeTexts } from '../../../engine/tasks/text-classification/encode.ts';
import { textClassification } from '../../../engine/tasks/text-classification/index.ts';
import { openArchitecture, taskModel, type OpenedModel } from '../../../engine/train/prepare.ts';
import { goldenModel, useFolder } from '../../support/engine-fixtures.ts';

const path = useFolder();

describe('texts as rows', () => {
  test.each([
    [
      'bert answers at its first token; a long text keeps its last special token',
      'bert',
      [
        {
          ids: [2, 34, 103, 64, 60, 49, 105, 3],
          types: [0, 0, 0, 0, 0, 0, 0, 0],
          answers: [{ position: 0, label: 0 }],
        },
        { ids: [2, 3], types: [0, 0], answers: [{ position: 0, label: 1 }] },
        { ids: [2, 27, 3], types: [0, 0, 0], answers: [{ position: 0, label: 2 }] },
      ],
    ],
    [
      'llama answers at its last token',
      'llama',
      [
        {
          ids: [0, 262, 81, 81, 84, 269, 84, 87],
          types: [0, 0, 0, 0, 0, 0, 0, 0],
          answers: [{ position: 7, label: 0 }],
        },
        { ids: [0], types: [0], answers: [{ position: 0, label: 1 }] },
        { ids: [0, 70], types: [0, 0], answers: [{ position: 1, label: 2 }] },
      ],
    ],
    [
      'smollm, whose tokenizer makes nothing of an empty text, reads its padding token there',
      'smollm',
      [
        {
          ids: [259, 78, 78, 81, 266, 81, 84, 78],
          types: [0, 0, 0, 0, 0, 0, 0, 0],
          answers: [{ position: 7, label: 0 }],
        },
        { ids: [2], types: [0], answers: [{ position: 0, label: 1 }] },
        { ids: [67], types: [0], answers: [{ position: 0, label: 2 }] },
      ],
    ],
  ])('%s', async (...[, name, rows]) => {
    const opened = await openArchitecture(goldenModel(name));
    const texts = ['hello world this is it', '', 'a'].map((text) => ({ text }));
    const found = await encodeTexts(texts, taskModel(opened, 8), (label) => ({ label }));
    await opened.base.close();
    expect(found).toEqual({ rows, truncated: 1 });
  });
});

describe('measures', () => {
  let opened: OpenedModel;
  let rows: PreparedTask;
  beforeAll(async () => {
    await writeFile(path('train.csv'), 'text,label\na,glad\nb,sad\nc,glad\nd,sad\ne,glad\n');
    await writeFile(path('test.csv'), 'text,label\nx,sad\n"y\nz",glad\nw,sad\nv,sad\n');
    opened = await openArchitecture(goldenModel('bert'));
    const dataset = await createDataRoom().loadDataset({
      train: [path('train.csv')],
      validation: null,
      test: [path('test.csv')],
      task: 'text-classification',
      columns: { text: 'text', label: 'label' },
      split: { validation: 0, test: 0, seed: 1 },
    });
    rows = await textClassification.prepare(dataset, taskModel(opened, 16), {
      head: { name: 'sequence-classification', labels: dataset.labels.length },
      labels: dataset.labels,
    });
  });
  afterAll(() => opened.base.close());

  /** Says these logits for the test rows; its features are the rows' labels, the learning rows' too. */
  const answerer: Answerer = {
    logits: () =>
      Promise.resolve(
        [
          [0, 0.5],
          [2, 0],
          [3, 0],
          [0, 1],
        ].map((own) => Float32Array.from(own)),
      ),
    features: (asked) =>
      Promise.resolve(
        asked.map(({ answers: [answer] }) => Float32Array.of(1 - (answer?.label ?? 0), answer?.label ?? 0)),
      ),
    losses: () => Promise.reject(new TypeError('no losses are asked for')),
    states: () => Promise.reject(new TypeError('no states are asked for')),
    continue: () => Promise.reject(new TypeError('nothing is to be continued')),
  };
  const chance = (own: number, other: number): number => 1 / (1 + Math.exp(other - own));

  test('accuracy, loss and the rows it was most wrong about', async () => {
    const { loss, metrics, figure, samples } = await rows.measure(answerer, 'test');
    const right = [chance(0.5, 0), chance(2, 0), chance(0, 3), chance(1, 0)];
    expect({ labels: rows.labels, head: rows.head, metrics, samples: samples.map(({ row }) => row) }).toEqual({
      labels: ['glad', 'sad'],
      head: { name: 'sequence-classification', labels: 2 },
      // Of three sad rows two were found, the glad one too; it ranks above one of the three at best.
      metrics: {
        accuracy: 0.75,
        macroF1: expect.closeTo((2 / 3 + 0.8) / 2, 12) as number,
        mcc: expect.closeTo(0.5773502691896258, 12) as number,
        auroc: expect.closeTo(2 / 3, 12) as number,
      },
      samples: [3, 1, 4, 2],
    });
    expect(loss).toBeCloseTo(right.reduce((sum, own) => sum - Math.log(own), 0) / 4, 6);
    expect(figure).toMatchObject({ accuracy: 0.75, n: 4 });
    expect(samples[0]).toEqual({
      row: 3,
      text: 'w',
      expected: 'sad',
      prediction: 'glad',
      confidence: expect.closeTo(chance(3, 0), 6) as number,
    });
  });

  test('every row is predicted, in file order, beside what the untrained model said', async () => {
    const before = await rows.untrained(answerer, 'test');
    const { lines } = await rows.predict(answerer, 'test', { before });
    expect({ figure: before?.figure, lines }).toEqual({
      figure: { accuracy: 1, n: 4, interval: expect.any(Array) as unknown, values: { macroF1: 1, mcc: 1 } },
      lines: [
        { row: 1, text: 'x', label: 'sad', prediction: 'sad', logits: [0, 0.5], untrained: 'sad' },
        { row: 2, text: 'y\nz', label: 'glad', prediction: 'glad', logits: [2, 0], untrained: 'glad' },
        { row: 3, text: 'w', label: 'sad', prediction: 'glad', logits: [3, 0], untrained: 'sad' },
        { row: 4, text: 'v', label: 'sad', prediction: 'sad', logits: [0, 1], untrained: 'sad' },
      ],
    });
  });

  test('the majority is that of the learning rows', () => {
    expect(rows.majority('test')).toMatchObject({ accuracy: 0.25, n: 4 });
  });
});
