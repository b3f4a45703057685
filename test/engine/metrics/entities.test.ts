/** Promises: malformed tags are repaired as conlleval does, or dropped where the scheme is taken by the letter. */
import { expect, it } from 'vitest';
import {
  entityReport,
  entitySpans,
  fitsScheme,
  strictEntitySpans,
  tokenAccuracy,
} from '../../../engine/metrics/entities.ts';

const per = (start: number, end: number) => ({ type: 'PER', start, end });

it.each([
  ['an entity that opens with I', ['I-PER', 'I-PER', 'O'], [per(0, 2)], []],
  ['two that touch', ['B-PER', 'B-PER', 'I-PER'], [per(0, 1), per(1, 3)], [per(0, 1), per(1, 3)]],
  ['a type with a dash', ['B-A-B', 'I-A-B'], [{ type: 'A-B', start: 0, end: 2 }], [{ type: 'A-B', start: 0, end: 2 }]],
  ['another type inside', ['B-PER', 'I-LOC'], [per(0, 1), { type: 'LOC', start: 1, end: 2 }], [per(0, 1)]],
  ['no type', ['B', 'I'], [{ type: '_', start: 0, end: 2 }], [{ type: '_', start: 0, end: 2 }]],
  ['no tag', ['B-PER', ''], [per(0, 1)], [per(0, 1)]],
  ['no tokens', [], [], []],
] as const)('BIO: %s', (...[, tags, repaired, strict]) => {
  expect(entitySpans(tags)).toEqual(repaired);
  expect(strictEntitySpans(tags, 'IOB2')).toEqual(strict);
});

it('BIOES: an entity that nothing closes is repaired, or is none', () => {
  const tags = ['B-PER', 'I-PER', 'O', 'S-PER'];
  expect(entitySpans(tags)).toEqual([per(0, 2), per(3, 4)]);
  expect(strictEntitySpans(tags, 'IOBES')).toEqual([per(3, 4)]);
  expect([fitsScheme(tags, 'IOBES'), fitsScheme(tags, 'IOB2')]).toEqual([true, false]);
});

it('the same span in another row is another entity', () => {
  const report = entityReport([[per(0, 1)], []], [[], [per(0, 1)]]);
  expect(report.micro).toEqual({ precision: 0, recall: 0, f1: 0 });
  expect(report.perType).toEqual([{ type: 'PER', precision: 0, recall: 0, f1: 0, support: 1 }]);
});

it('a type that is only predicted counts in the mean over types', () => {
  const report = entityReport([[per(0, 1)]], [[per(0, 1), { type: 'LOC', start: 2, end: 3 }]]);
  expect([report.micro.precision, report.macro?.f1, report.weighted.f1]).toEqual([0.5, 0.5, 1]);
});

it('tokens count alike in all rows', () => {
  expect(tokenAccuracy([['O', 'O', 'O'], ['B-PER']], [['O', 'O', 'O'], ['O']])).toBe(0.75);
});
