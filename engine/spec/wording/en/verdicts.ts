/** Verdicts and phases in English. */
import type { Phase } from '../../events.ts';
import { count, counted, figure, percent, points } from '../format.ts';
import type { VerdictCode, VerdictData } from '../../verdict.ts';
import { metricWords, scoreText } from './metrics.ts';

export const verdictSentences = {
  'share.helped': ({ tuned, untrained, gain, n }) =>
    `Yes, training helped: ${percent(tuned)} against ${percent(untrained)} untrained, ${points(gain)} on ${counted(n, 'row')}.`,
  'share.hurt': ({ tuned, untrained, n }) =>
    `No, training made it worse: ${percent(tuned)} against ${percent(untrained)} untrained, on ${counted(n, 'row')}.`,
  'share.chance': ({ tuned, untrained, n }) =>
    `No, training did not help: ${percent(tuned)} against ${percent(untrained)} untrained, on ${counted(n, 'row')}. The difference may be chance.`,
  'share.below-majority': ({ tuned, majority, n }) =>
    `No: ${percent(tuned)} right, and always answering the most frequent category is right in ${percent(majority)} of the ${counted(n, 'row')}.`,
  'share.alone': ({ tuned, n }) =>
    `${percent(tuned)} of ${counted(n, 'row')} are right. There is no untrained model to compare with.`,
  'score.helped': ({ metric, tuned, untrained, n }) =>
    `Yes, training helped: ${metricWords[metric]} ${scoreText(metric, tuned)} against ${scoreText(metric, untrained)} untrained, on ${counted(n, 'row')}.`,
  'score.hurt': ({ metric, tuned, untrained, n }) =>
    `No, training made it worse: ${metricWords[metric]} ${scoreText(metric, tuned)} against ${scoreText(metric, untrained)} untrained, on ${counted(n, 'row')}.`,
  'score.chance': ({ metric, tuned, untrained, n }) =>
    `No, training did not help: ${metricWords[metric]} ${scoreText(metric, tuned)} against ${scoreText(metric, untrained)} untrained, on ${counted(n, 'row')}. The difference may be chance.`,
  'score.alone': ({ metric, tuned, n }) =>
    `${sentenceStart(metricWords[metric])}: ${scoreText(metric, tuned)} on ${counted(n, 'row')}. There is no untrained model to compare with.`,
  'loss.helped': ({ tuned, untrained, n }) =>
    `Yes, training helped: perplexity ${figure(tuned)} against ${figure(untrained)} untrained, on ${counted(n, 'row')}.`,
  'loss.hurt': ({ tuned, untrained, n }) =>
    `No, training made it worse: perplexity ${figure(tuned)} against ${figure(untrained)} untrained, on ${counted(n, 'row')}.`,
  'loss.chance': ({ tuned, untrained, n }) =>
    `No, training did not help: perplexity ${figure(tuned)} against ${figure(untrained)} untrained, on ${counted(n, 'row')}. The difference may be chance.`,
  'loss.alone': ({ tuned, n }) =>
    `Perplexity ${figure(tuned)} on ${counted(n, 'row')}. There is no untrained model to compare with.`,
  unmeasured: ({ steps }) => `It learned for ${counted(steps, 'step')}, and nothing was held back to measure it with.`,
} satisfies { readonly [C in VerdictCode]: (data: VerdictData[C]) => string };

export const phaseSentences = {
  loading: () => 'Reading the model.',
  reading: () => 'Reading the rows.',
  tokenizing: ({ done, total }) => `Cutting the rows into tokens${progress(done, total)}.`,
  baseline: ({ done, total }) => `Asking the untrained model first${progress(done, total)}.`,
  training: () => 'Learning.',
  evaluating: ({ done, total }) => `Measuring the check rows${progress(done, total)}.`,
  testing: ({ done, total }) => `Measuring the test rows${progress(done, total)}.`,
  saving: () => 'Writing the kept version.',
} satisfies { readonly [P in Phase]: (data: { done: number; total: number }) => string };

function sentenceStart(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function progress(done: number, total: number): string {
  return total > 0 ? `: ${count(done)} of ${count(total)}` : '';
}
