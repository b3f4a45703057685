/** Numbers as the window writes them: the locale's separators, a no-break space before each unit, a true minus. */

const space = '\u00a0';
const minus = '\u2212';
const spans = { minute: 60, hour: 3600, day: 86_400 } as const;

/** Undefined takes the system's locale. */
export type Locale = string | undefined;

function decimal(value: number, digits: number, locale: Locale): string {
  const text = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(
    Math.abs(value),
  );
  const isZero = Number(Math.abs(value).toFixed(digits)) === 0;
  return value < 0 && !isZero ? `${minus}${text}` : text;
}

/** A whole number with thousands separated. */
export function count(value: number, locale?: Locale): string {
  return decimal(Math.round(value), 0, locale);
}

/** A count with its noun: "1 row", "1,923 rows". */
export function counted(value: number, one: string, many: string): string {
  return `${count(value)}${space}${value === 1 ? one : many}`;
}

const words = [
  'no',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
] as const;

/** Up to twelve in words, as in running text. */
export function inWords(value: number, locale?: Locale): string {
  return words[value] ?? count(value, locale);
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "six categories", "one category". */
export function countedInWords(value: number, one: string, many: string): string {
  return `${inWords(value)} ${value === 1 ? one : many}`;
}

/** Decimal units: 14 kB, 2.2 MB, 988 MB, 5.9 GB. */
export function bytes(value: number, locale?: Locale): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
  let size = Math.abs(value);
  let unit = 0;
  while (unit < units.length - 1 && size >= 999.5) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit >= 2 && size < 99.95 ? 1 : 0;
  return `${decimal(value < 0 ? -size : size, digits, locale)}${space}${units[unit]}`;
}

/** What a computer has, in whole units: 16 GB. */
export function capacity(value: number, locale?: Locale): string {
  return value < 999.5e6 ? `${count(value / 1e6, locale)}${space}MB` : `${count(value / 1e9, locale)}${space}GB`;
}

/** "50 s", "31 min", "1 h 50 min", "2 d 3 h". */
export function duration(seconds: number, locale?: Locale): string {
  const whole = Math.max(0, seconds);
  if (whole < 1) return `under${space}1${space}s`;
  if (whole < 59.5) return `${count(whole, locale)}${space}s`;
  const minutes = Math.round(whole / spans.minute);
  if (minutes < 60) return `${minutes}${space}min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48)
    return minutes % 60 === 0 ? `${hours}${space}h` : `${hours}${space}h${space}${minutes % 60}${space}min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days}${space}d` : `${days}${space}d${space}${hours % 24}${space}h`;
}

/** An estimate: "about 31 min", "under 1 s". */
export function aboutDuration(seconds: number, locale?: Locale): string {
  return seconds < 1 ? duration(seconds, locale) : `about ${duration(seconds, locale)}`;
}

/** A share as percent: one decimal up to 1,000 rows, two beyond. */
export function percent(share: number, rows = 1000, locale?: Locale): string {
  return `${decimal(share * 100, rows > 1000 ? 2 : 1, locale)}${space}%`;
}

/** A share as a whole percent, for splits and settings. */
export function wholePercent(share: number, locale?: Locale): string {
  return `${decimal(share * 100, 0, locale)}${space}%`;
}

/** A difference of two shares: "+23.4 points". */
export function points(difference: number, locale?: Locale): string {
  const text = decimal(difference * 100, 1, locale);
  const sign = difference > 0 && Number((difference * 100).toFixed(1)) > 0 ? '+' : '';
  return `${sign}${text}${space}points`;
}

/** "+1.9 GB", "−2 min": a difference with its sign. */
export function signed(value: number, write: (size: number) => string): string {
  return value < 0 ? `${minus}${write(-value)}` : `+${write(value)}`;
}

/** Any figure, short: three significant digits, thousands separated. */
export function figure(value: number, locale?: Locale): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 0.001 || size >= 1e9) return scientific(value);
  const text = new Intl.NumberFormat(
    locale,
    size >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 },
  ).format(size);
  return value < 0 ? `${minus}${text}` : text;
}

/** Learning rates: 2e-4. */
export function scientific(value: number): string {
  return Number(value.toPrecision(3)).toExponential().replace('e+', 'e');
}

/** A setting as it stands in its field: small numbers as 2e-4, the rest plain. */
export function setting(value: number, locale?: Locale): string {
  if (value !== 0 && Math.abs(value) < 0.01) return scientific(value);
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 6, useGrouping: false })
    .format(value)
    .replace('-', minus);
}

/** "135 M", "22.7 M", "1.2 B": weights of a model. */
export function parameters(value: number, locale?: Locale): string {
  const [size, unit] = value >= 1e9 ? [value / 1e9, 'billion'] : value >= 1e6 ? [value / 1e6, 'million'] : [value, ''];
  const digits = unit !== '' && size < 100 ? 1 : 0;
  return unit === '' ? count(size, locale) : `${decimal(size, digits, locale)}${space}${unit}`;
}

/** Clock time: 15:13. */
export function clock(time: Date | string, locale?: Locale): string {
  return new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' }).format(new Date(time));
}

/** "today, 15:08", "yesterday, 15:08", "4 November". */
export function day(time: Date | string, now = new Date(), locale?: Locale): string {
  const then = new Date(time);
  const startOf = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((startOf(now) - startOf(then)) / (spans.day * 1000));
  if (days === 0) return `today, ${clock(then, locale)}`;
  if (days === 1) return `yesterday, ${clock(then, locale)}`;
  const sameYear = then.getFullYear() === now.getFullYear();
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(then);
}

/** True for a time of the day it is now. */
export function isToday(time: Date | string, now = new Date()): boolean {
  return new Date(time).toDateString() === now.toDateString();
}

/** Reads a number with either decimal mark; null when it is none. Both marks: the last one is the decimal. */
export function parseNumber(text: string, locale?: Locale): number | null {
  const plain = text.replace(/[\s\u00a0\u202f']/g, '').replace(minus, '-');
  const group = new Intl.NumberFormat(locale).formatToParts(1000).find((part) => part.type === 'group')?.value ?? ',';
  const lastComma = plain.lastIndexOf(',');
  const lastPoint = plain.lastIndexOf('.');
  let normal = plain;
  if (lastComma >= 0 && lastPoint >= 0) {
    const thousands = lastComma > lastPoint ? '.' : ',';
    normal = plain.replaceAll(thousands, '').replace(',', '.');
  } else if (lastComma >= 0) {
    normal = isGrouped(plain, ',', group) ? plain.replaceAll(',', '') : plain.replace(',', '.');
  } else if (isGrouped(plain, '.', group)) {
    normal = plain.replaceAll('.', '');
  }
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(normal)) return null;
  const value = Number(normal);
  return Number.isFinite(value) ? value : null;
}

/** One mark is a thousands mark where it stands twice, or where the locale groups with it and three digits follow. */
function isGrouped(text: string, mark: ',' | '.', group: string): boolean {
  const parts = text.split(mark);
  const isShaped = /^[+-]?[1-9]\d{0,2}$/.test(parts[0] ?? '') && parts.slice(1).every((part) => /^\d{3}$/.test(part));
  return isShaped && (parts.length > 2 || (parts.length === 2 && mark === group));
}

/** Splits text after its first sentence: what is found, and what is said about it. */
export function firstSentence(text: string): { readonly first: string; readonly rest: string } {
  const end = /[.:?](?=\s)/.exec(text);
  if (end === null) return { first: text, rest: '' };
  const first = text.slice(0, end.index);
  return { first: end[0] === ':' ? `${first}.` : first + end[0], rest: text.slice(end.index + 1).trim() };
}
