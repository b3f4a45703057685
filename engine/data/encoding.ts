/** Which encoding the bytes of a text file are in, and the text they spell. */
import { isUtf8 } from 'node:buffer';
import { StudioError } from '../spec/errors.ts';
import type { Finding } from '../spec/dataset.ts';
import { finding, listed } from './table.ts';

export interface Decoded {
  readonly text: string;
  readonly encoding: string;
  readonly findings: readonly Finding[];
}

/**
 * Bytes as text: by their byte order mark, as strict UTF-8, or in the old encoding whose usual letters they spell
 * best.
 */
export function decodeText(bytes: Buffer, path: string): Decoded {
  const marked = byOrderMark(bytes, path);
  if (marked) return marked;
  const wide = wideWithoutMark(bytes);
  if (wide !== null) return plain(decode(bytes, wide), wide);
  if (looksBinary(bytes)) throw new StudioError('file.format', { path, reason: 'not a text file' });
  if (isUtf8(bytes)) return plain(bytes.toString('utf8'), 'utf-8');
  const eastern = bestOf(bytes, easternEncodings);
  if (eastern !== null) return guessed(decode(bytes, eastern), eastern);
  const mixed = mixedLines(bytes);
  if (mixed !== null) return mixed;
  const western = bestOf(bytes, westernEncodings) ?? 'windows-1252';
  return guessed(decode(bytes, western), western);
}

function plain(text: string, encoding: string): Decoded {
  return { text, encoding, findings: [] };
}

function guessed(text: string, encoding: string): Decoded {
  const sample = /[^\n\r]{0,30}[^\p{ASCII}][^\n\r]{0,30}/u.exec(text)?.[0] ?? '';
  return { text, encoding, findings: [finding('encoding-guessed', 'note', { encoding, sample })] };
}

function decode(bytes: Uint8Array, encoding: string): string {
  return new TextDecoder(encoding).decode(bytes);
}

function byOrderMark(bytes: Buffer, path: string): Decoded | null {
  const [first, second, third, fourth] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) {
    const body = bytes.subarray(3);
    if (isUtf8(body)) return plain(body.toString('utf8'), 'utf-8');
    return mixedLines(body) ?? plain(decode(body, 'utf-8'), 'utf-8');
  }
  if (first === 0xff && second === 0xfe) {
    if (third === 0 && fourth === 0) throw new StudioError('file.format', { path, reason: 'text in UTF-32' });
    return plain(decode(bytes, 'utf-16le'), 'utf-16le');
  }
  if (first === 0xfe && second === 0xff) return plain(decode(bytes, 'utf-16be'), 'utf-16be');
  return null;
}

/** Text in UTF-16 without a mark shows a zero in every other byte, as long as it has Latin letters. */
function wideWithoutMark(bytes: Buffer): string | null {
  const sample = bytes.subarray(0, 4096);
  if (sample.length < 8) return null;
  const zeros = [0, 0];
  for (const [index, byte] of sample.entries()) if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  const half = sample.length / 2;
  const [even = 0, odd = 0] = zeros;
  if (odd / half > 0.4 && even / half < 0.05) return 'utf-16le';
  if (even / half > 0.4 && odd / half < 0.05) return 'utf-16be';
  return null;
}

function looksBinary(bytes: Buffer): boolean {
  const sample = bytes.subarray(0, 65_536);
  let odd = 0;
  for (const byte of sample) {
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27) odd += 1;
  }
  return odd / Math.max(1, sample.length) > 0.02;
}

/** Characters that text in an encoding is mostly made of, apart from ASCII, and how large their part has to be. */
interface Candidate {
  readonly encoding: string;
  readonly usual: RegExp;
  readonly share: number;
}

/** The most frequent Chinese characters: simplified, then traditional where they differ. */
const hanzi = [
  '的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家',
  '种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十',
  '民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯',
  '月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女',
  '变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基',
  '眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今',
  '切院让识候带导争运笔快寄货订单退款谢谢满意您请帮送客服务公司产品价格发票收到购买邮件信息电话',
].join('');
const hanziTraditional = [
  '這個們來為國說時會對發後裡種經過學現當沒動還進樣開從實軍無與長機業將兩間問應戰頭體見產話門東聲員論處義認條氣題變',
  '總電數報結務場計資區隊統決馬書聽達強難權設記類據邊張該規萬確傳師觀識帶導爭運貨單買賣謝請幫價',
].join('');
const easternEncodings: readonly Candidate[] = [
  { encoding: 'shift_jis', usual: /[\u3041-\u30ff]/gu, share: 0.2 },
  { encoding: 'euc-jp', usual: /[\u3041-\u30ff]/gu, share: 0.2 },
  { encoding: 'euc-kr', usual: /[\uac00-\ud7a3]/gu, share: 0.6 },
  { encoding: 'gb18030', usual: new RegExp(`[${hanzi}，。！？、]`, 'gu'), share: 0.3 },
  { encoding: 'big5', usual: new RegExp(`[${hanzi}${hanziTraditional}，。！？、]`, 'gu'), share: 0.3 },
];
const westernEncodings: readonly Candidate[] = [
  {
    encoding: 'windows-1252',
    usual: /[äöüßÄÖÜéèêëàâáçîïíìôóòûùúñåæøœÅÆØÉÈÀÂÇÔÊÎÑÁÍÓÚãõ¡¿€–—“”„‚‘’…«»°§©®·\u00a0]/gu,
    share: 0.3,
  },
  {
    encoding: 'windows-1250',
    usual: /[ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰăîşţâđöüä€–—“”„‚‘’…«»\u00a0]/gu,
    share: 0.3,
  },
  { encoding: 'windows-1251', usual: /[а-яА-ЯёЁєіїґЄІЇҐ€–—“”„‚‘’…«»№\u00a0]/gu, share: 0.6 },
  { encoding: 'windows-1253', usual: /[α-ωά-ώΑ-Ω€–—“”„‚‘’…«»\u00a0]/gu, share: 0.6 },
  { encoding: 'windows-1254', usual: /[ğışİŞĞçöüÇÖÜâîû€–—“”„‚‘’…«»\u00a0]/gu, share: 0.3 },
];

/** The candidate that decodes the bytes without a fault and spells the largest part of usual characters. */
function bestOf(bytes: Buffer, candidates: readonly Candidate[]): string | null {
  let best: string | null = null;
  let bestScore = 0;
  const sample = linesWithHighBytes(bytes);
  for (const { encoding, usual, share } of candidates) {
    const text = strictly(sample, encoding);
    if (text === null) continue;
    const foreign = text.match(/[^\p{ASCII}]/gu)?.length ?? 0;
    if (foreign === 0) continue;
    const found = capitalsInside(text) ? 0 : (text.match(usual)?.length ?? 0) / foreign;
    if (found >= share && found > bestScore + 1e-9 && strictly(bytes, encoding) !== null) {
      best = encoding;
      bestScore = found;
    }
  }
  return best;
}

/** Cyrillic or Greek bytes read under a wrong table have capitals inside their words: `рбсЬдпуз`. */
function capitalsInside(text: string): boolean {
  const inside = text.match(/[а-яά-ώ][А-ЯΑ-Ω]/gu)?.length ?? 0;
  const letters = text.match(/[А-ЯΑ-Ωа-яά-ώ]/gu)?.length ?? 0;
  return inside > letters * 0.04;
}

function strictly(bytes: Buffer, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Up to 256 KiB of the lines that say something about the encoding. */
function linesWithHighBytes(bytes: Buffer): Buffer {
  const kept: Buffer[] = [];
  let size = 0;
  for (const line of lines(bytes)) {
    if (size > 262_144) break;
    if (line.some((byte) => byte > 127)) {
      kept.push(line);
      size += line.length;
    }
  }
  return Buffer.concat(kept);
}

/** Each line with its line end. */
function* lines(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length;) {
    const at = bytes.indexOf(10, start);
    const end = at < 0 ? bytes.length : at + 1;
    yield bytes.subarray(start, end);
    start = end;
  }
}

/** Two exports pasted together: lines in UTF-8 between lines in Windows-1252, each read as what it is. */
function mixedLines(bytes: Buffer): Decoded | null {
  const old: number[] = [];
  const pieces: string[] = [];
  let modern = 0;
  let number = 0;
  for (const line of lines(bytes)) {
    number += 1;
    if (isUtf8(line)) {
      const text = line.toString('utf8');
      if (text.length !== line.length) modern += 1;
      pieces.push(text);
    } else {
      old.push(number);
      pieces.push(decode(line, 'windows-1252'));
    }
  }
  if (modern === 0 || modern / (modern + old.length) < 0.1) return null;
  const data = { count: old.length, lines: listed(old), encoding: 'windows-1252' };
  return { text: pieces.join(''), encoding: 'utf-8', findings: [finding('mixed-encoding', 'care', data)] };
}
