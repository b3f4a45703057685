/** Stop strings: found across tokens, never shown, nothing else held back for long. */
import { beforeAll, describe, expect, test } from 'vitest';
import { openModel, type BaseModel } from '../../../engine/checkpoint/model-folder.ts';
import { cutAt, endsAt } from '../../../engine/generate/stop-strings.ts';
import { bits } from '../../../engine/train/random.ts';
import { goldenModel } from '../../support/engine-fixtures.ts';

describe('a cutter', () => {
  test.each([
    [['END'], ['some E', 'N', 'D text'], 'some '],
    [['END'], ['some E', 'N', ' text'], 'some EN text'],
    [['aab'], ['a', 'a', 'a', 'b', 'c'], 'a'],
    [['\n\n', '. '], ['one', '.', ' two\n', '\n'], 'one'],
    [['xyz'], ['x', 'y'], 'xy'],
    [[], ['x', 'y'], 'xy'],
  ])('at %o', (strings, pieces, shown) => {
    const cutter = cutAt(strings);
    expect(pieces.map((piece) => cutter.push(piece)).join('') + cutter.end()).toBe(shown);
  });

  test('shows what a whole look at the text would, however it is dealt into pieces', () => {
    const strings = ['aba', 'bb', 'cab'];
    for (let seed = 0; seed < 300; seed += 1) {
      const text = Array.from({ length: 24 }, (_, at) => 'abcd'[bits(seed, at) % 4] ?? '').join('');
      const ends = Array.from({ length: text.length }, (_, at) => at + 1).filter(
        (at) => bits(seed + 1000, at) % 3 === 0,
      );
      const pieces = [...ends, text.length].map((end, at, all) => text.slice(all[at - 1] ?? 0, end));
      const cutter = cutAt(strings);
      const shown = pieces.map((piece) => cutter.push(piece)).join('') + cutter.end();
      // The text ends at the string that is complete first.
      const complete = strings.flatMap((string) => {
        const start = text.indexOf(string);
        return start < 0 ? [] : [start + string.length];
      });
      const end = Math.min(...complete, text.length);
      const piece = pieces.findIndex((_, at) => pieces.slice(0, at + 1).join('').length >= end);
      const seen = pieces.slice(0, piece + 1).join('');
      const starts = strings.map((string) => seen.indexOf(string)).filter((start) => start >= 0);
      expect(shown).toBe(complete.length === 0 ? text : text.slice(0, Math.min(...starts)));
    }
  });
});

describe('an end', () => {
  let base: BaseModel;
  beforeAll(async () => {
    base = await openModel(goldenModel('llama'));
    return () => base.close();
  });

  test('is at the token that completes the string, wherever its tokens part', async () => {
    const text = 'one two three four five six';
    const { ids } = await base.tokenizer.encode(text, { addSpecialTokens: false });
    for (const [from, to] of [
      [5, 9],
      [2, 6],
      [12, 13],
    ] as const) {
      const string = text.slice(from, to);
      const ended = endsAt([string, 'never'], base.tokenizer);
      const results = await Promise.all(ids.map((_, at) => ended(ids.slice(0, at + 1))));
      const texts = await Promise.all(ids.map((_, at) => base.tokenizer.decode(ids.slice(0, at + 1))));
      expect(results.indexOf(true)).toBe(texts.findIndex((piece) => piece.includes(string)));
      expect(results).toContain(true);
    }
  });
});
