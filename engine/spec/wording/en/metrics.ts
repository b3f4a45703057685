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
