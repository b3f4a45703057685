/** The dataset doctor's findings in English, by code. */
import type { Finding } from '../../dataset.ts';

type Data = Finding['data'];

const number = (value: string | number | undefined): string => Number(value ?? 0).toLocaleString('en-US');
const many = (count: string | number | undefined, one: string, more: string): string =>
  `${number(count)} ${Number(count) === 1 ? one : more}`;
const rows = (count: string | number | undefined): string => many(count, 'row', 'rows');
const text = (value: string | number | undefined): string => String(value ?? '');
const inFile = (data: Data): string => (data.file === undefined ? '' : ` in ${text(data.file)}`);

export const findingSentences: Readonly<Record<string, (data: Data) => string>> = {
  // The file and its letters
  'encoding-guessed': (d) =>
    `The letters${inFile(d)} were read as ${text(d.encoding)}. Does this look right: “${text(d.sample)}”?`,
  'mixed-encoding': (d) =>
    `${many(d.count, 'line', 'lines')}${inFile(d)} had another encoding than the rest and were read as ${text(d.encoding)}: lines ${text(d.lines)}.`,
  'extension-differs': (d) => `${text(d.file)} is really ${text(d.format).toUpperCase()} and was read as that.`,
  'nul-bytes': (d) =>
    `${many(d.count, 'empty byte stands', 'empty bytes stand')} inside the texts${inFile(d)}; the file may be damaged.`,
  mojibake: (d) =>
    `${rows(d.count)}${inFile(d)} have broken letters such as “Ã©” for “é”. Save the file again from its source as UTF-8.`,
  'control-characters': (d) => `${rows(d.count)}${inFile(d)} have control characters.`,
  'invisible-characters': (d) => `${rows(d.count)}${inFile(d)} have characters that cannot be seen.`,
  // The table
  'lines-before-header': (d) => `${many(d.count, 'line', 'lines')} above the table${inFile(d)} were passed over.`,
  'no-header': (d) => `The first line${inFile(d)} looks like data, so the columns have no names yet.`,
  'header-trimmed': (d) => `Blanks around column names${inFile(d)} were taken off: ${text(d.names)}.`,
  'duplicate-column-names': (d) => `Two columns${inFile(d)} share a name: ${text(d.names)}. Check which one is read.`,
  'empty-column': (d) => `Column ${number(d.column)}${inFile(d)} has no name and nothing in it.`,
  'many-columns': (d) => `There are ${number(d.count)} columns${inFile(d)}.`,
  'ragged-rows': (d) => `${rows(d.count)}${inFile(d)} have too many or too few cells: lines ${text(d.lines)}.`,
  'bad-quoting': (d) =>
    `Quotation marks${inFile(d)} do not match on lines ${text(d.lines)}. They were read line by line; check them.`,
  'bad-json-line': (d) =>
    `${many(d.count, 'line is', 'lines are')} not whole${inFile(d)} and were left out: ${text(d.lines)}.`,
  'json-trailing-comma': (d) => `A comma too many on line ${text(d.lines)}${inFile(d)} was passed over.`,
  'instruction-joined': (d) => `Instruction and input were joined in the column “${text(d.column)}”.`,
  'several-sheets': (d) =>
    `The workbook has ${number(d.count)} sheets (${text(d.sheets)}). “${text(d.used)}” is read, because it has the most rows.`,
  'merged-cells': (d) =>
    `${many(d.count, 'merged cell stands', 'merged cells stand')} for several rows${inFile(d)}; their value was given to each of them.`,
  'hidden-rows': (d) => `${rows(d.count)}${inFile(d)} are hidden in Excel. They are read all the same.`,
  'hidden-columns': (d) => `Hidden in Excel${inFile(d)}: ${text(d.names)}.`,
  'formula-without-value': (d) =>
    `${many(d.count, 'formula', 'formulas')} in “${text(d.column)}” have no stored result. Open the file in Excel and save it.`,
  'error-values': (d) =>
    `${many(d.count, 'cell', 'cells')} in “${text(d.column)}” hold an error such as #N/A and count as empty.`,
  'mixed-types': (d) => `“${text(d.column)}” mixes text with numbers or dates.`,
  'non-text-cells': (d) => `${many(d.count, 'cell', 'cells')} in “${text(d.column)}” are no text.`,
  'totals-row': (d) => `Row ${number(d.row)}${inFile(d)} is a total and was left out.`,
  'looks-like-chat-export': (d) =>
    `${text(d.file)} looks like a messenger export. Dates and names would be learned too.`,
  'formula-like-cells': (d) =>
    `${many(d.count, 'cell', 'cells')}${inFile(d)} look like a formula; they are read as text.`,
  'ids-in-exponent-form': (d) =>
    `${many(d.count, 'number', 'numbers')} in “${text(d.column)}” were shortened by Excel.`,
  'decimal-comma': (d) => `“${text(d.column)}” has numbers with a decimal comma.`,
  html: (d) => `${rows(d.count)}${inFile(d)} have web page code in them.`,
  'personal-data': (d) =>
    `Looks personal${inFile(d)}: ${many(d.email, 'e-mail address', 'e-mail addresses')}, ${many(d.phone, 'phone number', 'phone numbers')}, ${many(d.card, 'card number', 'card numbers')}, ${many(d.iban, 'account number', 'account numbers')}. A model may repeat what it has learned.`,
  // The rows
  'few-rows': (d) => `Only ${rows(d.count)}${inFile(d)}. A result on so few is mostly chance.`,
  'empty-text': (d) => `${rows(d.count)} have no text.`,
  'very-short-text': (d) => `${rows(d.count)} have neither a letter nor a digit.`,
  'very-long-text': (d) =>
    `The text of row ${number(d.row)} has ${number(d.characters)} characters; its end will be cut off.`,
  duplicates: (d) => `${rows(d.count)} repeat another row exactly.`,
  'near-duplicates': (d) => `${rows(d.count)} repeat another row up to case, punctuation or a word.`,
  'other-language': (d) => `${rows(d.count)} seem to be in another language than the rest.`,
  leak: (d) =>
    `${number(d.exact)} of ${number(d.of)} ${d.role === 'test' ? 'test' : 'check'} rows stand among the rows to learn from, and ${number(d.near)} more almost. The result would look better than it is.`,
  'missing-values': (d) =>
    `“${text(d.column)}” has ${many(d.count, 'missing value', 'missing values')}, written as ${text(d.spellings)}.`,
  // Categories
  'empty-label': (d) => `${rows(d.count)} have no category and are left out: ${text(d.rows)}.`,
  'one-class': (d) => `Every row has the same category, “${text(d.label)}”. There is nothing to tell apart.`,
  'label-is-id': (d) =>
    `“${text(d.column)}” has ${number(d.unique)} different values in ${rows(d.rows)}: more likely a number of the row than a category.`,
  'label-only-in-test': (d) =>
    `${d.role === 'test' ? 'Test' : 'Check'} rows have categories that no row to learn from has: ${text(d.labels)}.`,
  'label-variants': (d) => `Some categories look like one, spelled differently: ${text(d.groups)}.`,
  'rare-class': (d) => `${many(d.count, 'category has', 'categories have')} fewer than five rows: ${text(d.labels)}.`,
  imbalanced: (d) =>
    `“${text(d.largest)}” has ${rows(d.largestCount)}, “${text(d.smallest)}” only ${number(d.smallestCount)}.`,
  'numeric-labels': (d) =>
    `The categories are numbers (${text(d.values)}). Each is learned as a name, not as an amount.`,
  'multi-label': (d) =>
    `${rows(d.count)} seem to have several categories in one cell, parted by ${text(d.separators)}. Each combination counts as one category.`,
  'conflicting-labels': (d) => `${many(d.texts, 'text has', 'texts have')} different categories in ${rows(d.rows)}.`,
  // Conversations
  'bad-conversation': (d) =>
    `${many(d.count, 'conversation', 'conversations')}${inFile(d)} cannot be used and are left out (rows ${text(d.rows)}): ${text(d.reasons)}.`,
  'tool-calls': (d) => `${many(d.count, 'turn', 'turns')}${inFile(d)} only called a tool and were left out.`,
};

/** A finding that has no sentence yet is still told with its evidence. */
export function unknownFinding(code: string): (data: Data) => string {
  return (data) => {
    const evidence = Object.entries(data)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ');
    const title = code.replaceAll('-', ' ');
    return `${title.charAt(0).toUpperCase()}${title.slice(1)}${evidence === '' ? '' : `: ${evidence}`}.`;
  };
}
