/** What can be told of a table's cells before anyone says what they mean. */
import type { Finding } from '../spec/dataset.ts';
import { countPersonalData, type PersonalData } from './personal-data.ts';
import type { RoleTable } from './reader.ts';
import { finding, type Table } from './table.ts';

/** UTF-8 that was once read as Windows-1252: `Ã©` for `é`. */
const mojibake = /Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€[\u0080-\u00bf™œ¦“”˜¢\u009d]|Â[\u00a0-\u00bf]/;
const html = /<\/?[a-z][a-z0-9]*(\s[^<>]*)?\/?>|&(nbsp|amp|lt|gt|quot|#\d{1,6});/i;
const control = /(?!\s)\p{Cc}/u;
const invisible = /[\u200b\u2060\ufeff\u00ad\u2028\u2029\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u;
const formula = /^[\t\r ]?[=+\-@]\S/;
const number = /^[+-]?[\d.,:/-]+$/;
const exponent = /^\d[.,]\d+E\+\d{2}$/;
const decimalComma = /^-?(\d{1,3}(\.\d{3})+|\d+),\d+$/;
/** Only cells with one of these characters need a closer look. */
const suspicious = /[<&@=+\-\d\p{Cc}\u{80}-\u{10ffff}]/u;

/**
 * Findings about a table's cells: broken or unseen characters, markup, formulas, numbers that Excel has shortened,
 * addresses.
 */
export function tableFindings(table: Table): Finding[] {
  const rowCounts = { mojibake: 0, html: 0, 'control-characters': 0, 'invisible-characters': 0 };
  const personal: PersonalData = { email: 0, phone: 0, card: 0, iban: 0 };
  const columns = new Map(table.columns.map((name) => [name, { exponents: 0, commas: 0, filled: 0 }]));
  let formulas = 0;
  for (const row of table.rows) {
    const seen = { mojibake: false, html: false, control: false, invisible: false };
    for (const [name, counts] of columns) {
      const cell = row[name];
      if (typeof cell !== 'string' || cell === '') continue;
      counts.filled += 1;
      if (!suspicious.test(cell)) continue;
      seen.mojibake ||= mojibake.test(cell);
      seen.html ||= html.test(cell);
      seen.control ||= control.test(cell);
      seen.invisible ||= invisible.test(cell);
      if (formula.test(cell) && !number.test(cell)) formulas += 1;
      if (exponent.test(cell)) counts.exponents += 1;
      if (decimalComma.test(cell)) counts.commas += 1;
      countPersonalData(cell, personal);
    }
    rowCounts.mojibake += Number(seen.mojibake);
    rowCounts.html += Number(seen.html);
    rowCounts['control-characters'] += Number(seen.control);
    rowCounts['invisible-characters'] += Number(seen.invisible);
  }
  const findings: Finding[] = [];
  for (const [code, count] of Object.entries(rowCounts)) {
    const everywhere = code === 'html' && count * 2 >= table.rows.length;
    if (count > 0) findings.push(finding(code, everywhere ? 'care' : 'note', { count }));
  }
  if (formulas > 0) findings.push(finding('formula-like-cells', 'note', { count: formulas }));
  for (const [column, { exponents, commas, filled }] of columns) {
    if (exponents > 1) findings.push(finding('ids-in-exponent-form', 'note', { column, count: exponents }));
    if (table.delimiter !== null && table.delimiter !== ',' && commas > 1 && commas >= filled * 0.8) {
      findings.push(finding('decimal-comma', 'note', { column, count: commas }));
    }
  }
  if (Object.values(personal).some((count) => count > 0))
    findings.push(finding('personal-data', 'care', { ...personal }));
  return findings;
}

/** Fewer rows than these to learn from are worth a word. */
const enoughRows = 20;

/** Of the learning files together: a file to test with may be small. */
export function fewRows(tables: readonly RoleTable[]): readonly Finding[] {
  const learning = tables.flatMap(({ table, role }) => (role === 'train' ? [table.rows.length] : []));
  const count = learning.reduce((sum, rows) => sum + rows, 0);
  return count < enoughRows ? [finding('few-rows', 'note', { count })] : [];
}
