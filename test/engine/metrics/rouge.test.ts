/** Promises: stems are NLTK's, and ROUGE of whole texts and of lines is rouge-score's. */
import { describe, expect, it, test } from 'vitest';
import { stem } from '../../../engine/metrics/porter.ts';
import { rouge } from '../../../engine/metrics/rouge.ts';

const stems =
  'caresses caress|ponies poni|ties tie|caress caress|cats cat|feed feed|agreed agre|plastered plaster|bled bled|' +
  'motoring motor|sing sing|conflated conflat|troubled troubl|sized size|hopping hop|falling fall|hissing hiss|' +
  'fizzed fizz|failing fail|filing file|happy happi|sky sky|enjoy enjoy|relational relat|conditional condit|' +
  'rationally ration|digitizer digit|vietnamization vietnam|geology geolog|archaeology archaeolog|hopefully hope|' +
  'triplicate triplic|formative form|electrical electr|goodness good|revival reviv|adoption adopt|irritant irrit|' +
  'homologous homolog|probate probat|rate rate|cease ceas|controlling control|roll roll|skies sky|dying die|' +
  'innings inning|spied spi|died die|syzygy syzygi|be be';
test.each(stems.split('|').map((pair) => pair.split(' ') as [string, string]))('%s → %s', (word, expected) => {
  expect(stem(word)).toBe(expected);
});

describe('rouge', () => {
  const plain = { stemmer: false };
  const all = { precision: 1, recall: 1, f1: 1 };
  const none = { precision: 0, recall: 0, f1: 0 };

  it('of a text with itself is 1, where there are two words', () => {
    expect(rouge('so it goes', 'so it goes', plain)).toEqual({ rouge1: all, rouge2: all, rougeL: all, rougeLsum: all });
    expect(rouge('so', 'so', plain).rouge2).toEqual(none);
  });

  it('of nothing is 0', () => {
    expect(rouge('', 'words', plain)).toEqual({ rouge1: none, rouge2: none, rougeL: none, rougeLsum: none });
    expect(rouge('東京', '東京', plain).rouge1).toEqual(none);
  });

  it('takes lines in any order for Lsum alone, and no word twice', () => {
    const { rougeL, rougeLsum } = rouge('one two\nthree four', 'three four\none two', plain);
    expect([rougeL.f1, rougeLsum.f1]).toEqual([0.5, 1]);
    expect(rouge('the cat\nthe dog', 'the', plain).rougeLsum).toEqual({ precision: 1, recall: 0.25, f1: 0.4 });
  });
});
