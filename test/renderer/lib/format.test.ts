/** Numbers in the window: section 5 of the visual language. */
import { describe, expect, test } from 'vitest';
import {
  aboutDuration,
  bytes,
  capacity,
  capital,
  count,
  counted,
  countedInWords,
  day,
  duration,
  figure,
  firstSentence,
  parameters,
  parseNumber,
  percent,
  points,
  scientific,
  setting,
  signed,
} from '../../../renderer/src/lib/format.ts';

const en = 'en-US';
/** Shows the no-break space as one character one can read. */
const seen = (text: string) => text.replaceAll('\u00a0', '_');

describe('numbers', () => {
  test("counts have the locale's thousands and their noun", () => {
    expect([
      count(1923, en),
      count(1923, 'de-DE'),
      seen(counted(1, 'row', 'rows')),
      seen(counted(893, 'row', 'rows')),
    ]).toEqual(['1,923', '1.923', '1_row', '893_rows']);
  });

  test('small counts are words in running text', () => {
    expect([
      countedInWords(6, 'category', 'categories'),
      countedInWords(1, 'finding', 'findings'),
      capital(countedInWords(0, 'row', 'rows')),
      countedInWords(14, 'row', 'rows'),
    ]).toEqual(['six categories', 'one finding', 'No rows', '14 rows']);
  });

  test('bytes are decimal, with one decimal where it says something', () => {
    expect(
      [0, 950, 14_000, 500_000, 999_700, 2_200_000, 988_000_000, 5_900_000_000, 16_000_000_000, 214_000_000_000].map(
        (value) => seen(bytes(value, en)),
      ),
    ).toEqual(['0_B', '950_B', '14_kB', '500_kB', '1.0_MB', '2.2_MB', '988_MB', '5.9_GB', '16.0_GB', '214_GB']);
  });

  test('what a computer has is in whole units', () => {
    expect([16e9, 15.6e9, 512e6].map((value) => seen(capacity(value, en)))).toEqual(['16_GB', '16_GB', '512_MB']);
  });

  test('an estimate under a second is not about it', () => {
    expect([0.2, 1860].map((value) => seen(aboutDuration(value, en)))).toEqual(['under_1_s', 'about 31_min']);
  });

  test('durations never show a unit too fine to matter', () => {
    expect([0.2, 50, 59.7, 1860, 6600, 7200, 270_000].map((value) => seen(duration(value, en)))).toEqual([
      'under_1_s',
      '50_s',
      '1_min',
      '31_min',
      '1_h_50_min',
      '2_h',
      '3_d_3_h',
    ]);
  });

  test('percent takes its second decimal from more than 1,000 rows; differences are points with a true minus', () => {
    expect(
      [
        percent(0.8654, 379, en),
        percent(0.8654, 4000, en),
        percent(0.865, 379, 'de-DE'),
        points(0.2341, en),
        points(-0.019, en),
        points(0, en),
        points(-0.0001, en),
      ].map(seen),
    ).toEqual(['86.5_%', '86.54_%', '86,5_%', '+23.4_points', '−1.9_points', '0.0_points', '0.0_points']);
  });

  test('learning rates are short powers; settings are plain where they can be', () => {
    expect([
      scientific(0.0002),
      scientific(0.00055),
      setting(0.0005, en),
      setting(0.05, en),
      setting(16, en),
      figure(12_345.6, en),
      figure(0.69312, en),
    ]).toEqual(['2e-4', '5.5e-4', '5e-4', '0.05', '16', '12,346', '0.693']);
  });

  test('a difference keeps its sign and its unit', () => {
    expect([seen(signed(1.9e9, (size) => bytes(size, en))), seen(signed(-120, (size) => duration(size, en)))]).toEqual([
      '+1.9_GB',
      '−2_min',
    ]);
  });

  test('weights are millions and billions', () => {
    expect([22_713_216, 134_515_008, 1_240_000_000].map((value) => seen(parameters(value, en)))).toEqual([
      '22.7_million',
      '135_million',
      '1.2_billion',
    ]);
  });
});

describe('sentences', () => {
  test('what is found stands apart from what is said about it', () => {
    expect(
      ['3 names differ. “tempo” 8', '19 texts stand twice: “a”', 'Row 1.5 is odd', 'All fits.'].map(firstSentence),
    ).toEqual([
      { first: '3 names differ.', rest: '“tempo” 8' },
      { first: '19 texts stand twice.', rest: '“a”' },
      { first: 'Row 1.5 is odd', rest: '' },
      { first: 'All fits.', rest: '' },
    ]);
  });
});

describe('dates', () => {
  test('near days are named, far ones have the date', () => {
    const now = new Date(2026, 10, 23, 16, 0);
    expect(
      [new Date(2026, 10, 23, 15, 8), new Date(2026, 10, 22, 23, 59), new Date(2026, 10, 4), new Date(2025, 10, 4)].map(
        (then) => day(then, now, 'en-GB'),
      ),
    ).toEqual(['today, 15:08', 'yesterday, 23:59', '4 November', '4 November 2025']);
  });
});

describe('typed numbers', () => {
  test.each([
    ['0,2', en, 0.2],
    ['0.2', 'de-DE', 0.2],
    ['1.000,5', en, 1000.5],
    ['1,000.5', 'de-DE', 1000.5],
    ['1,000', en, 1000],
    ['1,000', 'de-DE', 1],
    ['0,125', en, 0.125],
    ['1,000,000', 'de-DE', 1_000_000],
    ['2e-4', en, 0.0002],
    ['−3', en, -3],
    ['1 000', en, 1000],
    ['.5', en, 0.5],
    ['', en, null],
    ['12 rows', en, null],
    ['1e999', en, null],
  ] as const)('%s in %s is %s', (text, locale, value) => {
    expect(parseNumber(text, locale)).toBe(value);
  });
});
