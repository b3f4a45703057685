/** Texts in the encodings of old spreadsheets are read as what they were written. */
import { describe, expect, it } from 'vitest';
import { decodeText } from '../../../engine/data/encoding.ts';

/** Node encodes UTF-8 only; the tables of the decoders are turned round. */
function encode(text: string, encoding: string): Buffer {
  const decoder = new TextDecoder(encoding);
  const table = new Map<string, number[]>();
  for (let first = 255; first >= 0; first -= 1) {
    for (let second = 255; first > 127 && second >= 64; second -= 1) {
      const char = decoder.decode(Uint8Array.of(first, second));
      if ([...char].length === 1 && char !== '\ufffd') table.set(char, [first, second]);
    }
    table.set(decoder.decode(Uint8Array.of(first)), [first]);
  }
  return Buffer.from([...text].flatMap((char) => table.get(char) ?? [63]));
}

const samples: Readonly<Record<string, string>> = {
  'windows-1252':
    'text;label\nDer Drucker läuft nicht, die Größe paßt nicht für 5 €.;Störung\nPéché déjà reçu à Noël.;général\n',
  'windows-1250':
    'text;label\nPaczka wciąż nie dotarła, proszę o zwrot pieniędzy.;dostawa\nKdy přijde můj balíček? Už čtyři týdny čekám.;zboží\n',
  'windows-1251':
    'text;label\nГде моя посылка? Прошло уже две недели.;доставка\nСпасибо за быстрый ответ и помощь.;похвала\n',
  'windows-1253': 'text;label\nΤο δέμα μου δεν έχει φτάσει ακόμα.;παράδοση\nΕυχαριστώ πολύ για τη βοήθεια.;έπαινος\n',
  shift_jis: 'text,label\n荷物がまだ届いていません。,配送\nアップデートの後、アプリが起動しなくなりました。,技術\n',
  'euc-jp': 'text,label\n荷物がまだ届いていません。,配送\nアップデートの後、アプリが起動しなくなりました。,技術\n',
  'euc-kr': 'text,label\n소포가 아직 도착하지 않았습니다.,배송\n빠른 답변 감사합니다.,칭찬\n',
  gb18030: 'text,label\n我的包裹还没有到，请帮我查一下。,配送\n为什么这个订单收了两次钱？,账单\n',
  big5: 'text,label\n我的包裹還沒有到，請幫我查一下。,配送\n為什麼這個訂單收了兩次錢？,帳單\n',
};

describe('decodeText', () => {
  for (const [encoding, text] of Object.entries(samples)) {
    it(`reads ${encoding}, and says that it was a guess`, () => {
      const { findings, ...decoded } = decodeText(encode(text, encoding), 'file.csv');
      expect(decoded).toEqual({ text, encoding });
      expect(findings.map(({ code, data }) => [code, data.encoding])).toEqual([['encoding-guessed', encoding]]);
    });
  }

  it('reads UTF-8 and UTF-16, with and without a mark, without a word', () => {
    const text = 'text\tlabel\nEs ist kalt – 5 €.\tWetter\n';
    const wide = Buffer.from(text, 'utf16le');
    const swapped = Buffer.from(wide).swap16();
    const forms = [
      Buffer.from(text),
      Buffer.from(`\ufeff${text}`),
      Buffer.from(`\ufeff${text}`, 'utf16le'),
      wide,
      Buffer.concat([Buffer.from([0xfe, 0xff]), swapped]),
      swapped,
    ];
    expect(forms.map((bytes) => decodeText(bytes, 'file.csv'))).toEqual(
      ['utf-8', 'utf-8', 'utf-16le', 'utf-16le', 'utf-16be', 'utf-16be'].map((encoding) => ({
        text,
        encoding,
        findings: [],
      })),
    );
  });

  it('names the one broken line of a long file in UTF-8', () => {
    const good = Buffer.from('Größe und Maß\n'.repeat(30));
    const { encoding, text, findings } = decodeText(
      Buffer.concat([good, Buffer.from('Größe\n', 'latin1'), good]),
      'file.csv',
    );
    expect([encoding, text.includes('\ufffd'), findings.map(({ code, data }) => [code, data.lines])]).toEqual([
      'utf-8',
      false,
      [['mixed-encoding', '31']],
    ]);
  });

  it('refuses bytes that are no text', () => {
    expect(() =>
      decodeText(Buffer.from(Array.from({ length: 400 }, (_, index) => (index * 7) % 256)), 'file.csv'),
    ).toThrow(/file\.format/);
  });
});
