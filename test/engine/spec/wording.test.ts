/** Promises: every error has a title, a cause and a remedy in the house's voice, with its evidence; every finding has a sentence. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createDataRoom } from '../../../engine/data/dataset.ts';
import { StudioError, toEnvelope, type ErrorCode, type ErrorData } from '../../../engine/spec/errors.ts';
import { errorSentences } from '../../../engine/spec/wording/en/errors.ts';
import { findingSentences } from '../../../engine/spec/wording/en/findings.ts';
import { bytes, count, counted, figure, percent, points } from '../../../engine/spec/wording/format.ts';
import { findingSentence, phaseSentence, sentenceOf, verdictSentence } from '../../../engine/spec/wording/index.ts';

/** Answers any field: a number where arithmetic is done with it, else its name. */
const anyData = new Proxy(
  {},
  {
    get: (_, name) =>
      /rows?$|line$|bytes$|step|of$|matched|labels$|longest|limit|needed|free|port|found$|known$/i.test(String(name))
        ? 7
        : `<${String(name)}>`,
  },
);
const codes = Object.keys(errorSentences) as ErrorCode[];

describe('an error', () => {
  test.each(codes)('%s is told short, present and concrete', (code) => {
    const { title, cause, remedy } = sentenceOf({ kind: 'expected', code, data: anyData as ErrorData[ErrorCode] });
    for (const text of [title, cause, remedy]) {
      expect(text).not.toMatch(/undefined|NaN|\[object|oops|sorry|please|!|\bAI\b|magic|unfortunately/i);
    }
    expect([title.length > 5, cause !== '', remedy !== '']).toEqual([true, true, true]);
  });

  test('of one class names column, label and rows', () => {
    const error = new StudioError('data.one-class', { column: 'label', label: 'spam', rows: 1200 });
    expect(sentenceOf(toEnvelope(error))).toEqual({
      title: 'Every row is “spam”.',
      cause: 'The column “label” has one value in all 1,200 rows; with one category there is nothing to tell apart.',
      remedy: 'Add rows of a second category, or choose another label column.',
      evidence: 'label = spam in 1,200 rows',
    });
  });

  test('thrown and enveloped is told the same', () => {
    const error = new StudioError('disk.full', { path: '/data/models', neededBytes: 98e6, freeBytes: 1.5e6 });
    expect(sentenceOf(error)).toEqual(sentenceOf(toEnvelope(error)));
    expect(sentenceOf(error).title).toBe('It needs 98.0\u00a0MB on disk; 1.5\u00a0MB are free.');
  });

  test('of ours is told as ours', () => {
    expect(sentenceOf(toEnvelope(new TypeError('x is not a function')))).toMatchObject({
      title: 'This is a fault of Atelier, not of yours.',
      cause: 'x is not a function',
    });
  });
});

describe('a finding', () => {
  test('of every awkward file has a sentence with its numbers', async () => {
    const folder = fileURLToPath(new URL('../../../../shared/data/awkward', import.meta.url));
    const room = createDataRoom();
    const seen = new Map<string, string>();
    for (const item of readdirSync(folder, { withFileTypes: true })) {
      if (!item.isFile() || item.name === 'expected.json') continue;
      const request = {
        train: [`${folder}/${item.name}`],
        validation: null,
        test: null,
        task: null,
        columns: null,
        split: { validation: 0.1, test: 0, seed: 1 },
      };
      const report = await room.describeData(request).catch((error: unknown) => {
        if (error instanceof StudioError) return null;
        throw error;
      });
      for (const finding of report?.findings ?? []) seen.set(finding.code, findingSentence(finding));
    }
    expect([...seen.keys()].filter((code) => !(code in findingSentences))).toEqual([]);
    expect([...seen.values()].filter((sentence) => /undefined|NaN|\[object|“”/.test(sentence))).toEqual([]);
    expect(seen.size).toBeGreaterThan(25);
  });

  test('without a sentence is told with its evidence', () => {
    expect(findingSentence({ code: 'new-thing', severity: 'note', data: { rows: 3 } })).toBe('New thing: rows 3.');
  });
});

test('a verdict says yes or no, with both numbers', () => {
  const data = { by: 'training', tuned: 0.612, untrained: 0.631, gain: -0.019, low: -0.06, high: 0.02, n: 400 };
  expect(verdictSentence({ code: 'share.chance', data })).toBe(
    'No, training did not help: 61.2\u00a0% against 63.1\u00a0% untrained, on 400 rows. The difference may be chance.',
  );
  expect(verdictSentence({ code: 'share.chance', data: { ...data, by: 'examples' } })).toBe(
    'No, the examples did not help: 61.2\u00a0% against 63.1\u00a0% without them, on 400 rows. The difference may be chance.',
  );
});

test('a phase with a count says how far it is', () => {
  expect([phaseSentence('testing', { done: 40, total: 400 }), phaseSentence('loading')]).toEqual([
    'Measuring the test rows: 40 of 400.',
    'Reading the model.',
  ]);
});

test('numbers have their separators, units and minus', () => {
  expect([
    count(2100),
    counted(1, 'row'),
    bytes(999),
    bytes(4.6e9),
    bytes(999_600),
    percent(0.9829),
    points(-0.0123),
    points(0.3),
    figure(-1.234),
  ]).toEqual([
    '2,100',
    '1 row',
    '999\u00a0bytes',
    '4.6\u00a0GB',
    '1.0\u00a0MB',
    '98.3\u00a0%',
    '\u22121.2\u00a0points',
    '+30.0\u00a0points',
    '\u22121.23',
  ]);
});
