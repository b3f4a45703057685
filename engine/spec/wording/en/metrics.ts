/** Measures in English. */
import type { MetricName } from '../../metrics.ts';
import { figure, percent } from '../format.ts';

/** What a measure is called where it is shown. */
export const metricWords = {
  accuracy: 'right',
  perplexity: 'perplexity',
  'micro-f1': 'labels found (micro F1)',
  pearson: 'agreement with the numbers (Pearson’s r)',
  'entity-f1': 'spans found (entity F1)',
  'tag-accuracy': 'words tagged right',
  'answer-f1': 'overlap with the true answers (F1)',
  chrf: 'likeness to the references (chrF)',
  'rouge-l': 'likeness to the references (ROUGE-L)',
} as const satisfies Record<MetricName, string>;

/** A correlation is no share. */
export function scoreText(metric: MetricName, score: number): string {
  return metric === 'pearson' ? figure(score) : percent(score);
}

/** Other measures of the same answers, by their names in metrics.json, with whether they are shares. */
const measures: Readonly<Record<string, { readonly words: string; readonly isShare: boolean }>> = {
  accuracy: { words: 'Right', isShare: true },
  macroF1: { words: 'F1, mean of the classes', isShare: true },
  mcc: { words: 'Correlation with the truth (MCC)', isShare: false },
  auroc: { words: 'Area under the ROC curve', isShare: true },
  subsetAccuracy: { words: 'Rows with exactly the right labels', isShare: true },
  hammingLoss: { words: 'Labels wrongly given or left out', isShare: true },
  spearman: { words: 'Agreement of the order (Spearman’s ρ)', isShare: false },
  rmse: { words: 'Usual error (RMSE)', isShare: false },
  mae: { words: 'Mean error (MAE)', isShare: false },
  r2: { words: 'Variance explained (R²)', isShare: false },
  precision: { words: 'Of the marked spans, right (precision)', isShare: true },
  recall: { words: 'Of the true spans, found (recall)', isShare: true },
  tagAccuracy: { words: 'Words tagged right', isShare: true },
  exactMatch: { words: 'Exactly the true answer', isShare: true },
  bleu: { words: 'BLEU', isShare: true },
  rouge1: { words: 'ROUGE-1', isShare: true },
  rouge2: { words: 'ROUGE-2', isShare: true },
  rougeLsum: { words: 'ROUGE-L of the sentences', isShare: true },
};

export function measureWords(name: string): string {
  return measures[name]?.words ?? name;
}

export function measureText(name: string, value: number): string {
  return measures[name]?.isShare === true ? percent(value) : figure(value);
}
