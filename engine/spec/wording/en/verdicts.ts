/** Verdicts and phases in English. */
import type { Phase } from '../../events.ts';
import { count, counted, figure, percent, points } from '../format.ts';
import type { Cause, VerdictCode, VerdictData } from '../../verdict.ts';
import { metricWords, scoreText } from './metrics.ts';

const causes = {
  training: { helper: 'training', without: 'untrained', alone: 'There is no untrained model to compare with.' },
  examples: {
    helper: 'the examples',
    without: 'without them',
    alone: 'It was asked as it came, without examples: there is nothing to compare it with.',
  },
} as const satisfies Record<Cause, unknown>;

export const verdictSentences = {
  'share.helped': ({ by, tuned, untrained, gain, n }) =>
    `Yes, ${causes[by].helper} helped: ${percent(tuned)} against ${percent(untrained)} ${causes[by].without}, ${points(gain)} on ${counted(n, 'row')}.`,
  'share.hurt': ({ by, tuned, untrained, n }) =>
    `No, ${causes[by].helper} made it worse: ${percent(tuned)} against ${percent(untrained)} ${causes[by].without}, on ${counted(n, 'row')}.`,
  'share.chance': ({ by, tuned, untrained, n }) =>
    `No, ${causes[by].helper} did not help: ${percent(tuned)} against ${percent(untrained)} ${causes[by].without}, on ${counted(n, 'row')}. The difference may be chance.`,
  'share.below-majority': ({ tuned, majority, n }) =>
    `No: ${percent(tuned)} right, and always answering the most frequent category is right in ${percent(majority)} of the ${counted(n, 'row')}.`,
  'share.alone': ({ by, tuned, n }) => `${percent(tuned)} of ${counted(n, 'row')} are right. ${causes[by].alone}`,
  'share.above-majority': ({ tuned, majority, n }) =>
    `Yes, the prompt alone beats a guess: ${percent(tuned)} of ${counted(n, 'row')} are right; always answering the most frequent category is right in ${percent(majority)}.`,
  'share.near-majority': ({ tuned, majority, n }) =>
    `No, the prompt alone does no better than a guess: ${percent(tuned)} of ${counted(n, 'row')} are right; always answering the most frequent category is right in ${percent(majority)}. The difference may be chance.`,
  'score.helped': ({ by, metric, tuned, untrained, n }) =>
    `Yes, ${causes[by].helper} helped: ${metricWords[metric]} ${scoreText(metric, tuned)} against ${scoreText(metric, untrained)} ${causes[by].without}, on ${counted(n, 'row')}.`,
  'score.hurt': ({ by, metric, tuned, untrained, n }) =>
    `No, ${causes[by].helper} made it worse: ${metricWords[metric]} ${scoreText(metric, tuned)} against ${scoreText(metric, untrained)} ${causes[by].without}, on ${counted(n, 'row')}.`,
  'score.chance': ({ by, metric, tuned, untrained, n }) =>
    `No, ${causes[by].helper} did not help: ${metricWords[metric]} ${scoreText(metric, tuned)} against ${scoreText(metric, untrained)} ${causes[by].without}, on ${counted(n, 'row')}. The difference may be chance.`,
  'score.alone': ({ by, metric, tuned, n }) =>
    `${sentenceStart(metricWords[metric])}: ${scoreText(metric, tuned)} on ${counted(n, 'row')}. ${causes[by].alone}`,
  'loss.helped': ({ by, tuned, untrained, n }) =>
    `Yes, ${causes[by].helper} helped: perplexity ${figure(tuned)} against ${figure(untrained)} ${causes[by].without}, on ${counted(n, 'row')}.`,
  'loss.hurt': ({ by, tuned, untrained, n }) =>
    `No, ${causes[by].helper} made it worse: perplexity ${figure(tuned)} against ${figure(untrained)} ${causes[by].without}, on ${counted(n, 'row')}.`,
  'loss.chance': ({ by, tuned, untrained, n }) =>
    `No, ${causes[by].helper} did not help: perplexity ${figure(tuned)} against ${figure(untrained)} ${causes[by].without}, on ${counted(n, 'row')}. The difference may be chance.`,
  'loss.alone': ({ by, tuned, n }) => `Perplexity ${figure(tuned)} on ${counted(n, 'row')}. ${causes[by].alone}`,
  unmeasured: ({ by, steps }) =>
    by === 'examples'
      ? 'It is asked in a prompt, and nothing was held back to measure it with.'
      : `It learned for ${counted(steps, 'step')}, and nothing was held back to measure it with.`,
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
