/** Delimited text is split as its quotes say, and mended where they say nonsense. */
import { describe, expect, it } from 'vitest';
import { sniffDialect, splitRecords } from '../../../engine/data/delimited.ts';

describe('splitRecords', () => {
  it('follows the rules of RFC 4180', () => {
    expect(splitRecords('a,"b, c"\r\n"say ""hi""","two\nlines"\n,\n', ',')).toEqual({
      records: [
        ['a', 'b, c'],
        ['say "hi"', 'two\nlines'],
        ['', ''],
      ],
      lines: [1, 2, 4],
      badQuotes: [],
    });
  });

  it('takes CRLF, LF and CR as line ends, and U+2028 as a character', () => {
    expect(splitRecords('a,b\rc,d\r\ne\u2028f,g\n\n\nh,i', ',').records).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e\u2028f', 'g'],
      ['h', 'i'],
    ]);
  });

  it('keeps quotes that stand inside a text, and says where', () => {
    expect(splitRecords('"The "new" one",x\n5" cable,y\n"fine",z\n', ',')).toEqual({
      records: [
        ['The "new" one', 'x'],
        ['5" cable', 'y'],
        ['fine', 'z'],
      ],
      lines: [1, 2, 3],
      badQuotes: [1, 2],
    });
  });

  it('loses no line to an opened quote when quoted lines follow', () => {
    expect(splitRecords('"never closed,a\n"next, one",b\n"third",c\n', ',')).toEqual({
      records: [
        ['"never closed', 'a'],
        ['next, one', 'b'],
        ['third', 'c'],
      ],
      lines: [1, 2, 3],
      badQuotes: [1],
    });
  });

  it('takes quotes in tab-separated text as characters', () => {
    expect(splitRecords('she said "hi"\ta\n"Hello" she said\tb\n', '\t').records).toEqual([
      ['she said "hi"', 'a'],
      ['"Hello" she said', 'b'],
    ]);
  });

  it('gives back what any writer of CSV wrote', () => {
    const alphabet = ['a', ',', '"', '\n', '\r', ' ', 'ß', ';'];
    let state = 1;
    const next = (below: number): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % below;
    for (let round = 0; round < 300; round += 1) {
      const records = Array.from({ length: 1 + next(5) }, () =>
        Array.from({ length: 2 }, () => Array.from({ length: next(7) }, () => alphabet[next(8)] ?? '').join('')),
      );
      const text = records
        .map((record) => record.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
        .join('\r\n');
      expect(splitRecords(text, ',')).toMatchObject({ records, badQuotes: [] });
    }
  });
});

describe('sniffDialect', () => {
  it.each([
    ['text,label\n"a; b; c",x\n"d; e",y\n', ','],
    ['Preis;Text\n4,50;ja, gern\n1,20;nein\n', ';'],
    ['a\tb\nx, y\tz\nu\tv\n', '\t'],
    ['a|b|c\n1|2|3\n4|5|6\n', '|'],
    ['only\none\ncolumn\n', null],
  ])('finds the delimiter of %j', (text, delimiter) => {
    expect(sniffDialect(text).delimiter).toBe(delimiter);
  });
});
