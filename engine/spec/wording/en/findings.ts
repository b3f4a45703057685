/** The dataset doctor's findings in English, by code: what stands in the file, then what was done or is to be done. */
import type { Finding } from '../../dataset.ts';
import { count, counted, quoted } from '../format.ts';

type Data = Finding['data'];
const text = (data: Data, name: string): string => String(data[name] ?? '');
const amount = (data: Data, name = 'count'): number => Number(data[name] ?? 0);
const rows = (data: Data, name = 'count'): string => counted(amount(data, name), 'row');
const lines = (data: Data): string => counted(amount(data), 'line');
const cells = (data: Data): string => counted(amount(data), 'cell');
/** "stands" or "stand", by a number of the finding. */
const verb = (data: Data, one: string, many: string): string => (amount(data) === 1 ? one : many);
const parts = { validation: 'check', test: 'test' } as const;

function personal(data: Data): string {
  const kinds = {
    email: 'e-mail address',
    phone: 'telephone number',
    card: 'card number',
    iban: 'bank account',
  } as const;
  return Object.entries(kinds)
    .filter(([name]) => amount(data, name) > 0)
    .map(([name, kind]) =>
      counted(amount(data, name), kind, kind === 'e-mail address' ? 'e-mail addresses' : `${kind}s`),
    )
    .join(', ');
}

/** The rows a finding names, and what is the matter with them. */
const where = (data: Data): string =>
  `row ${text(data, 'rows')}${text(data, 'reasons') === '' ? '' : ` (${text(data, 'reasons')})`}`;

export const findingSentences: Readonly<Record<string, (data: Data) => string>> = {
  'answer-ambiguous': (data) =>
    `The answer of ${rows(data)} stands several times in its passage: ${where(data)}. I take the first place.`,
  'answer-not-in-context': (data) =>
    `The answer of ${rows(data)} does not stand in its passage; ${verb(data, 'it is', 'they are')} left out: ${where(data)}.`,
  'answer-offset': (data) =>
    `The answer of ${rows(data)} stands elsewhere in its passage than the file says: ${where(data)}. I take the place where it stands.`,
  'bad-choice': (data) =>
    `${rows(data)} of ${text(data, 'file')} ${verb(data, 'has', 'have')} no right answer among the choices and ${verb(data, 'is', 'are')} left out: ${where(data)}.`,
  'bad-conversation': (data) =>
    `${rows(data)} of ${text(data, 'file')} ${verb(data, 'is', 'are')} no conversation and ${verb(data, 'is', 'are')} left out: ${text(data, 'rows')}. ${text(data, 'reasons')}`,
  'bad-json-line': (data) =>
    `${lines(data)} cannot be read as JSON and ${verb(data, 'is', 'are')} left out: ${text(data, 'lines')}.`,
  'bad-mark': (data) =>
    `${rows(data)} of ${text(data, 'file')} ${verb(data, 'has', 'have')} something else than 0 or 1 in a column of a category and ${verb(data, 'is', 'are')} left out: ${where(data)}.`,
  'bad-span': (data) =>
    `${rows(data)} of ${text(data, 'file')} ${verb(data, 'has', 'have')} a span that does not fit its text and ${verb(data, 'is', 'are')} left out: ${where(data)}.`,
  'bad-tags': (data) =>
    text(data, 'rows') === ''
      ? `${lines(data)} ${verb(data, 'has', 'have')} a tag that does not fit: ${text(data, 'lines')}. ${text(data, 'reasons')}`
      : `${rows(data)} of ${text(data, 'file')} ${verb(data, 'has', 'have')} tags that do not fit: ${where(data)}.`,
  'bad-quoting': (data) =>
    `${lines(data)} ${verb(data, 'has', 'have')} a quotation mark that does not close: ${text(data, 'lines')}. I read ${verb(data, 'it', 'them')} as plain text.`,
  'conflicting-labels': (data) =>
    `${counted(amount(data, 'texts'), 'text')} ${amount(data, 'texts') === 1 ? 'stands' : 'stand'} there with different answers, in ${rows(data, 'rows')}. The model cannot learn both.`,
  'control-characters': (data) =>
    `${rows(data)} ${verb(data, 'holds', 'hold')} control characters that cannot be seen. They are read as they are.`,
  'decimal-comma': (data) =>
    `${quoted(text(data, 'column'))} writes ${counted(amount(data), 'number')} with a decimal comma. They stay as they are written.`,
  'duplicate-column-names': (data) =>
    `${counted(amount(data), 'column name')} ${verb(data, 'occurs', 'occur')} more than once: ${text(data, 'names')}. I numbered the later ones.`,
  duplicates: (data) =>
    `${rows(data)} ${verb(data, 'repeats', 'repeat')} an earlier one exactly. Repeats weigh more in learning.`,
  'empty-column': (data) => `Column ${count(amount(data, 'column'))} is empty; I left it out.`,
  'empty-label': (data) =>
    `${rows(data)} ${verb(data, 'has', 'have')} no answer in ${quoted(text(data, 'column'))} and ${verb(data, 'is', 'are')} left out: ${text(data, 'rows')}.`,
  'empty-side': (data) =>
    `${rows(data)} of ${text(data, 'file')} ${verb(data, 'lacks', 'lack')} a text to read or to write and ${verb(data, 'is', 'are')} left out: ${where(data)}.`,
  'empty-text': (data) => `${rows(data)} ${verb(data, 'has', 'have')} no text.`,
  'encoding-guessed': (data) =>
    `The file does not say its encoding; I read it as ${text(data, 'encoding')}.${text(data, 'sample') === '' ? '' : ` Check that this reads well: ${quoted(text(data, 'sample'))}.`}`,
  'error-values': (data) =>
    `${cells(data)} in ${quoted(text(data, 'column'))} ${verb(data, 'holds', 'hold')} a spreadsheet error such as #N/A.`,
  'extension-differs': (data) =>
    `The name ends in ${text(data, 'extension')}, the content is ${text(data, 'format')}. I read the content.`,
  'few-rows': (data) =>
    `${rows(data)} ${verb(data, 'is', 'are')} few to learn from; a hundred or more give a result one can trust.`,
  'formula-like-cells': (data) =>
    `${cells(data)} ${verb(data, 'begins', 'begin')} like a formula. I read ${verb(data, 'it', 'them')} as text and run nothing.`,
  'formula-without-value': (data) =>
    `${cells(data)} in ${quoted(text(data, 'column'))} ${verb(data, 'is a formula', 'are formulas')} without a saved value. Open the file in its program, save it, and add it again.`,
  'header-trimmed': (data) =>
    `${counted(amount(data), 'column name')} had blanks or invisible signs around ${verb(data, 'it', 'them')}: ${text(data, 'names')}. I removed them.`,
  'hidden-columns': (data) =>
    `${counted(amount(data), 'hidden column')}: ${text(data, 'names')}. Hidden columns are read like the others.`,
  'hidden-rows': (data) =>
    `${counted(amount(data), 'hidden row')}. Hidden rows are read like the others; delete them in the file if they should not be learned.`,
  'ids-in-exponent-form': (data) =>
    `${cells(data)} in ${quoted(text(data, 'column'))} ${verb(data, 'was', 'were')} shortened by a spreadsheet, like 1.23E+11. The digits are lost in the file.`,
  html: (data) => `${rows(data)} ${verb(data, 'contains', 'contain')} HTML tags, which are learned as text.`,
  imbalanced: (data) =>
    `${quoted(text(data, 'largest'))} has ${rows(data, 'largestCount')}, ${quoted(text(data, 'smallest'))} has ${count(amount(data, 'smallestCount'))}. Rare categories are learned less well.`,
  'instruction-joined': (data) =>
    `The instruction and ${quoted(text(data, 'column'))} are read together as the question.`,
  'invisible-characters': (data) =>
    `${rows(data)} ${verb(data, 'holds', 'hold')} invisible characters, such as a zero-width blank. They are read as they are.`,
  'json-trailing-comma': (data) =>
    `${counted(amount(data), 'comma')} too many before a closing bracket, in line ${text(data, 'lines')}. I read the file without ${verb(data, 'it', 'them')}.`,
  'label-is-id': (data) =>
    `${quoted(text(data, 'column'))} has ${count(amount(data, 'unique'))} values in ${rows(data, 'rows')}: a name or number for each row, not a category.`,
  'label-only-in-test': (data) =>
    `${counted(amount(data), 'category', 'categories')} of the ${parts[text(data, 'role') as keyof typeof parts] ?? 'held-out'} rows ${verb(data, 'is', 'are')} in no learning row: ${text(data, 'labels')}. They cannot be learned.`,
  'label-variants': (data) =>
    `${counted(amount(data), 'category seems', 'categories seem')} to be written in several ways: ${text(data, 'groups')}. Each spelling is learned as a category of its own.`,
  leak: (data) =>
    `${count(amount(data, 'exact') + amount(data, 'near'))} of ${count(amount(data, 'of'))} ${parts[text(data, 'role') as keyof typeof parts] ?? 'held-out'} rows also stand in the learning rows (${count(amount(data, 'exact'))} exactly). The result will look better than it is.`,
  'lines-before-header': (data) => `${lines(data)} before the column names ${verb(data, 'is', 'are')} skipped.`,
  'looks-like-chat-export': (data) =>
    `This looks like an exported chat with ${counted(amount(data), 'message')}; I read it line by line.`,
  'many-columns': (data) => `${counted(amount(data), 'column')}. Choose those that matter.`,
  'merged-cells': (data) =>
    `${counted(amount(data), 'merged cell')} filled down with ${verb(data, 'its value', 'their values')}.`,
  'missing-values': (data) =>
    `${cells(data)} in ${quoted(text(data, 'column'))} ${verb(data, 'says', 'say')} that nothing is known: ${text(data, 'spellings')}.`,
  'mixed-columns': (data) =>
    `${lines(data)} ${verb(data, 'has', 'have')} another number of columns than the rest: ${text(data, 'lines')}. The first is read as the word, the last as its tag.`,
  'mixed-encoding': (data) =>
    `Parts of the file are in another encoding${text(data, 'lines') === '' ? '' : `, in line ${text(data, 'lines')}`}. Save it again as UTF-8 if letters look wrong there.`,
  'mixed-types': (data) =>
    `${cells(data)} in ${quoted(text(data, 'column'))} ${verb(data, 'is', 'are')} of another kind than the rest.`,
  mojibake: (data) =>
    `${rows(data)} ${verb(data, 'shows', 'show')} letters that were saved in the wrong encoding, like “Ã¼” for “ü”. Save the file again from its source as UTF-8.`,
  'multi-label': (data) =>
    `${rows(data)} ${verb(data, 'names', 'name')} several categories at once, separated by ${text(data, 'separators')}. Each combination is learned as a category of its own.`,
  'near-duplicates': (data) => `${rows(data)} ${verb(data, 'is', 'are')} almost the same as an earlier one.`,
  'no-answer': (data) =>
    `${rows(data)} of ${text(data, 'file')} ${verb(data, 'has', 'have')} no answer; the model learns to say that the passage has none: ${where(data)}.`,
  'not-a-number': (data) =>
    `${rows(data)} of ${text(data, 'file')} ${verb(data, 'has', 'have')} no number to predict and ${verb(data, 'is', 'are')} left out: ${where(data)}.`,
  'no-header': (data) =>
    `Line ${count(amount(data, 'line'))} looks like a row, not like column names. I numbered the columns.`,
  'non-text-cells': (data) =>
    `${cells(data)} in ${quoted(text(data, 'column'))} ${verb(data, 'is', 'are')} numbers or dates; I read ${verb(data, 'it', 'them')} as written.`,
  'nul-bytes': (data) => `${counted(amount(data), 'NUL byte')} in the file; I removed ${verb(data, 'it', 'them')}.`,
  'numeric-labels': (data) =>
    `The categories are numbers: ${text(data, 'values')}. They are learned as names; that 4 lies between 3 and 5 is not known to the model.`,
  'offset-unit': (data) =>
    `${rows(data)} of ${text(data, 'file')} ${verb(data, 'has', 'have')} signs such as emoji before a span: ${where(data)}. I count them as one character each.`,
  'offset-utf16': (data) =>
    `The spans of ${rows(data)} of ${text(data, 'file')} fit the words only if signs such as emoji count twice: ${where(data)}. I count them once, as Python does; check these rows.`,
  'one-class': (data) =>
    `Every row is ${quoted(text(data, 'label'))}: ${quoted(text(data, 'column'))} has one value in ${rows(data, 'rows')}. There is nothing to tell apart.`,
  'other-language': (data) => `${rows(data)} ${verb(data, 'seems', 'seem')} to be in another language than the rest.`,
  'personal-data': (data) =>
    `The rows hold what looks like personal data: ${personal(data)}. A model can repeat what it learned; nothing leaves this computer.`,
  'ragged-rows': (data) =>
    `${rows(data)} ${verb(data, 'has', 'have')} more or fewer cells than the header: line ${text(data, 'lines')}.`,
  'rare-class': (data) =>
    `${counted(amount(data), 'category has', 'categories have')} fewer than five rows: ${text(data, 'labels')}. They are hardly learned.`,
  'several-sheets': (data) =>
    `The workbook has ${counted(amount(data), 'sheet')}: ${text(data, 'sheets')}. I read ${quoted(text(data, 'used'))}.`,
  'tool-calls': (data) =>
    `${counted(amount(data), 'turn')} in ${text(data, 'file')} ${verb(data, 'calls', 'call')} a tool; ${verb(data, 'it is', 'they are')} left out.`,
  'totals-row': (data) => `Row ${count(amount(data, 'row'))} is a total; I left it out.`,
  'very-long-text': (data) =>
    `Row ${count(amount(data, 'row'))} has ${counted(amount(data, 'characters'), 'character')}. What is longer than the model takes is cut off.`,
  'very-short-text': (data) => `${rows(data)} ${verb(data, 'has', 'have')} neither a letter nor a digit.`,
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
