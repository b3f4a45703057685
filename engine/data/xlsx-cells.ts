/** Numbers of a workbook as their cells show them: dates, percentages, fixed decimals, leading zeros. */

/** Format codes that Excel numbers without writing them down (ECMA-376, 18.8.30). */
const builtIn: Readonly<Record<number, string>> = {
  1: '0',
  2: '0.00',
  9: '0%',
  10: '0.00%',
  14: 'yyyy-mm-dd',
  15: 'd-mmm-yy',
  16: 'd-mmm',
  17: 'mmm-yy',
  18: 'h:mm AM/PM',
  19: 'h:mm:ss AM/PM',
  20: 'h:mm',
  21: 'h:mm:ss',
  22: 'yyyy-mm-dd h:mm',
  45: 'mm:ss',
  46: '[h]:mm:ss',
  47: 'mm:ss.0',
};

export function builtInFormat(id: number): string {
  return builtIn[id] ?? (id >= 27 && id <= 36 ? 'yyyy-mm-dd' : id >= 50 && id <= 58 ? 'yyyy-mm-dd' : 'General');
}

interface Shown {
  readonly text: string;
  readonly kind: 'number' | 'date';
}

/** A stored number as text. Dates and times are written in ISO order, whatever order the workbook's country has. */
export function showNumber(stored: string, format: string, date1904: boolean): Shown {
  const value = Number(stored);
  if (stored.trim() === '' || !Number.isFinite(value)) return { text: stored, kind: 'number' };
  const code = (format.split(';')[0] ?? '').replace(/"[^"]*"|\\.|_.|\*./g, '');
  if (isDateCode(code)) return { text: showDate(value, code, date1904), kind: 'date' };
  return { text: showPlain(value, code), kind: 'number' };
}

function isDateCode(code: string): boolean {
  const bare = code.replace(/\[(?!h|m|s)[^\]]*\]/gi, '');
  return bare.toLowerCase() !== 'general' && /[ymdhs]/i.test(bare) && !/[#?]/.test(bare);
}

function showDate(serial: number, code: string, date1904: boolean): string {
  const lower = code.toLowerCase();
  const hasDay = /[yd]/.test(lower) || (lower.includes('mmm') && !/[hs]/.test(lower));
  const hasTime = /[hs]/.test(lower);
  // Day 60 is the 29 February 1900 that Excel believes in; days before it are one later than they say.
  const days = date1904 ? serial + 1462 : serial < 60 ? serial + 1 : serial;
  const seconds = Math.round(days * 86_400);
  const moment = new Date((seconds - 25_569 * 86_400) * 1000);
  if (Number.isNaN(moment.getTime())) return String(serial);
  const iso = moment.toISOString();
  const clock = lower.includes('s') || seconds % 60 !== 0 ? iso.slice(11, 19) : iso.slice(11, 16);
  return [hasDay || !hasTime ? iso.slice(0, 10) : '', hasTime ? clock : ''].filter((part) => part !== '').join(' ');
}

function showPlain(value: number, code: string): string {
  if (/^0+$/.test(code) && code.length > 1) {
    return (value < 0 ? '-' : '') + String(Math.abs(Math.round(value))).padStart(code.length, '0');
  }
  const fixed = /^[#,]*0(?:\.(0+))?(%?)$/.exec(code);
  if (fixed)
    return (value * (fixed[2] === '%' ? 100 : 1)).toFixed(Math.min(20, fixed[1]?.length ?? 0)) + (fixed[2] ?? '');
  // Excel keeps 15 digits; sums in binary show more.
  return String(Number.isSafeInteger(value) ? value : Number(value.toPrecision(15)));
}
