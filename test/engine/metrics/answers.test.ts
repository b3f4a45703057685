/** Promises: answers are compared without case, ASCII punctuation and articles, in every script; no answer is an answer. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { answerScores, normaliseAnswer } from '../../../engine/metrics/answers.ts';

it.each([
  ['The  Eiffel Tower!', 'eiffel tower'],
  ['théâtre', 'théâtre'],
  ['an-other', 'another'],
  ['a a the', ''],
  ['à the', 'à'],
  ['an1 a_ the', 'an1'],
  ['x\u00a0y\u0085z', 'x y z'],
])('%j is compared as %j', (text, normal) => {
  expect(normaliseAnswer(text)).toBe(normal);
});

it('a question without answer is answered by nothing', () => {
  expect(answerScores('', [])).toEqual({ exactMatch: 1, f1: 1, f1WithoutEmpty: 0 });
  expect(answerScores('Paris', [])).toEqual({ exactMatch: 0, f1: 0, f1WithoutEmpty: 0 });
});

it('the best true answer counts', () => {
  expect(answerScores('in 1969', ['1969', 'in the year 1969'])).toEqual({
    exactMatch: 0,
    f1: 0.8,
    f1WithoutEmpty: 0.8,
  });
});

it('means over the golden rows are the golden’s', () => {
  const golden = JSON.parse(
    readFileSync(new URL('../../../../shared/golden-extra/metrics/squad.json', import.meta.url), 'utf8'),
  ) as { cases: { prediction: string; answers: string[] }[] } & Record<string, number>;
  const scores = golden.cases.map(({ prediction, answers }) => answerScores(prediction, answers));
  const mean = (of: (scored: (typeof scores)[number]) => number): number =>
    (100 * scores.reduce((sum, scored) => sum + of(scored), 0)) / scores.length;
  expect(mean(({ exactMatch }) => exactMatch)).toBeCloseTo(golden['mean_em'] ?? NaN, 10);
  expect(mean(({ f1 }) => f1)).toBeCloseTo(golden['mean_f1_v2.0'] ?? NaN, 10);
  expect(mean(({ f1WithoutEmpty }) => f1WithoutEmpty)).toBeCloseTo(golden['mean_f1_v1.1'] ?? NaN, 10);
});
