/** Promises: patterns mean what Python's mean; one that cannot be matched in time, or at all, ends in a sentence. */
import { expect, test } from 'vitest';
import { boundedMatches } from '../../../engine/methods/bounded-regex.ts';

const names = ['model.layers.0.self_attn.q_proj', 'model.layers.11.mlp.down_proj', 'lm_head'];
const found = (pattern: string, whole = false): boolean[] =>
  boundedMatches(pattern, names, { whole }).map((match) => match !== null);

test.each([
  ['.*q_proj', true, [true, false, false]],
  ['model', true, [false, false, false]],
  ['model', false, [true, true, false]],
  // An alternation is whole by itself.
  ['lm_head|model', true, [false, false, true]],
  ['(?i)LM_HEAD', true, [false, false, true]],
  [String.raw`\Alm_head\Z`, true, [false, false, true]],
  [String.raw`.*layers\.(?P<n>\d)(?P=n)\..*`, true, [false, true, false]],
])('%s, whole %s', (pattern, whole, expected) => {
  expect(found(pattern, whole)).toEqual(expected);
});

test('groups are given back', () => {
  expect(boundedMatches(String.raw`.*\.(\d+)\.`, names).map((match) => match?.[1])).toEqual(['0', '11', undefined]);
});

test('a catastrophic pattern is interrupted', () => {
  const start = performance.now();
  expect(() => boundedMatches('(a+)+b', ['a'.repeat(60)], { whole: true })).toThrow(
    expect.objectContaining({ code: 'pattern.failed', data: { pattern: '(a+)+b', problem: 'slow' } }),
  );
  expect(performance.now() - start).toBeLessThan(10_000);
});

test('what is no regular expression is named', () => {
  expect(() => found('(q_proj')).toThrow(
    expect.objectContaining({ code: 'pattern.failed', data: { pattern: '(q_proj', problem: 'syntax' } }),
  );
});
