/** What the Data page says of a dataset: its sentence, where the rows come from, and what stands in the way. */
import { findingSentence } from '../../../engine/spec/wording/index.ts';
import type { DatasetView, Finding } from '../../../main/contract/views.ts';
import { capital, count, counted, countedInWords, firstSentence, wholePercent } from '../lib/format.ts';
import { contentWords } from '../lib/mapping.ts';
import { rowsOf } from '../lib/rows.ts';

export interface FindingLine {
  readonly severity: Finding['severity'];
  readonly title: string;
  readonly detail: string;
}

const rank = { fault: 0, care: 1, note: 2 } as const;

/** Findings in words, those that need the user first. */
export function findingLines(dataset: DatasetView): readonly FindingLine[] {
  return dataset.findings
    .toSorted((a, b) => rank[a.severity] - rank[b.severity])
    .map((finding) => {
      const { first, rest } = firstSentence(findingSentence(finding));
      return { severity: finding.severity, title: first, detail: rest };
    });
}

export function faultsOf(dataset: DatasetView): number {
  return dataset.findings.filter((finding) => finding.severity === 'fault').length;
}

/** "2,332 rows in 19 categories; two findings are worth a look." */
export function dataTitle(dataset: DatasetView): string {
  const rows = counted(rowsOf(dataset), 'row', 'rows');
  if (dataset.mapping === null)
    return `${rows} in ${countedInWords(dataset.columns.length, 'column', 'columns')}; say what each column is for.`;
  const what = `${rows} ${contentWords(dataset.mapping, dataset.labels.length)}`;
  const faults = faultsOf(dataset);
  const cares = dataset.findings.filter((finding) => finding.severity === 'care').length;
  if (faults > 0) return `${what}; ${countedInWords(faults, 'finding needs', 'findings need')} you.`;
  return cares > 0
    ? `${what}; ${countedInWords(cares, 'finding is', 'findings are')} worth a look.`
    : `${what}; nothing stands in the way.`;
}

/** Each file with its rows and what they are for, for the line under the title. */
export function fileWords(dataset: DatasetView): readonly { readonly name: string; readonly note: string }[] {
  return dataset.files.map((file) => ({
    name: file.name,
    note:
      file.role === 'train'
        ? counted(file.rows, 'row', 'rows')
        : `${counted(file.rows, 'row', 'rows')}, for the ${file.role === 'test' ? 'test' : 'checks'}`,
  }));
}

/** "Split 1,731 / 192 / 409". */
export function splitWords(dataset: DatasetView): string {
  const { train, validation, test } = dataset.counts;
  return [train, validation, test].map((rows) => count(rows)).join(' / ');
}

export function hasTestFile(dataset: DatasetView): boolean {
  return dataset.files.some((file) => file.role === 'test');
}

/** The seed and shares behind a split, for its editor. */
export function shareWords(share: number, rows: number): string {
  return `${wholePercent(share)}, ${counted(rows, 'row', 'rows')}`;
}

export function lengthSentence(dataset: DatasetView): string {
  const { buckets, longest } = dataset.lengths;
  const total = buckets.reduce((sum, bucket) => sum + bucket.rows, 0);
  if (total === 0) return '';
  let seen = 0;
  const middle = buckets.find((bucket) => (seen += bucket.rows) >= total / 2);
  if (middle === undefined || middle.upTo >= longest)
    return `No row has more than ${counted(longest, 'word', 'words')}.`;
  return `Half of the rows have at most ${counted(middle.upTo, 'word', 'words')}; the longest has ${count(longest)}.`;
}

/** Few lengths as bars: "up to 8", "9 to 16". */
export function lengthBars(
  dataset: DatasetView,
): readonly { readonly label: string; readonly value: number; readonly words: string }[] {
  const { buckets, longest } = dataset.lengths;
  return buckets.map(({ upTo, rows }, index) => {
    const from = (buckets[index - 1]?.upTo ?? 0) + 1;
    const to = count(Math.min(upTo, longest));
    return { label: index === 0 ? `up to ${to}` : `${count(from)} to ${to}`, value: rows, words: count(rows) };
  });
}

/** Bars of the categories; one with less than a tenth of the largest, or under ten rows, is marked. */
export function labelBars(
  dataset: DatasetView,
): readonly { readonly label: string; readonly value: number; readonly words: string; readonly care: boolean }[] {
  const largest = dataset.labels[0]?.count ?? 0;
  return dataset.labels.map(({ name, count: rows }) => ({
    label: name,
    value: rows,
    words: count(rows),
    care: rows < Math.max(10, largest / 10),
  }));
}

export function labelSentence(dataset: DatasetView): string {
  const weak = labelBars(dataset).filter((bar) => bar.care);
  const least = weak.at(-1);
  if (!least) return '';
  const others = weak.length > 1 ? ` and ${countedInWords(weak.length - 1, 'other has', 'others have')}` : ' has';
  return `${capital(least.label)}${others} few rows (${least.words} at least): expect the weakest results there.`;
}
