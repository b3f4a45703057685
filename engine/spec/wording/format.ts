/** Numbers in sentences: separators, decimal units after a hard space, shares to one decimal. */

/** No-break space: stands before every unit. */
const space = '\u00a0';
const minus = '\u2212';
const units = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

export function count(value: number): string {
  return signed(value, (size) => size.toLocaleString('en', { maximumFractionDigits: 3 }));
}

/** "1 row", "2,100 rows". */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : plural}`;
}

/** Decimal units: 4.6 GB. */
export function bytes(value: number): string {
  let size = Math.abs(value);
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || size >= 100 ? 0 : 1;
  return `${size.toFixed(digits)}${space}${units[unit] ?? 'bytes'}`;
}

/** 0.9829 → 98.3 %. */
export function percent(share: number, digits = 1): string {
  return `${signed(share * 100, (size) => size.toFixed(digits))}${space}%`;
}

/** A difference of shares: +12.5 points. */
export function points(difference: number): string {
  const text = signed(difference * 100, (size) => size.toFixed(1));
  return `${difference > 0 ? '+' : ''}${text}${space}points`;
}

/** Three significant digits, for losses and perplexities. */
export function figure(value: number): string {
  return signed(value, (size) =>
    size >= 1000 ? size.toLocaleString('en', { maximumFractionDigits: 0 }) : size.toPrecision(3),
  );
}

/** The last part of a path, whichever way its slashes lean. */
export function fileName(path: string): string {
  return (
    path
      .split(/[/\\]/)
      .filter((part) => part !== '')
      .at(-1) ?? path
  );
}

export function quoted(text: string): string {
  return `“${text.length > 80 ? `${text.slice(0, 79)}…` : text}”`;
}

function signed(value: number, show: (size: number) => string): string {
  return value < 0 ? `${minus}${show(-value)}` : show(value);
}
