/** The room of a prompt in words and lengths: what the question and each example take, and how many fit. */
import type { PromptBudget } from '../../../engine/spec/metrics.ts';
import { count, counted, countedInWords, capital, inWords } from '../lib/format.ts';
import type { Segment } from './fit-words.ts';

/** "All four examples fit: the longest prompt takes 312 of 2,048 tokens." */
export function budgetSentence({ tokensPerExample, fits, used, limit }: PromptBudget): string {
  const shown = tokensPerExample.length;
  const room = `${count(used)} of ${counted(limit, 'token', 'tokens')}`;
  if (shown === 0) return `No examples are shown; the longest question takes ${room}.`;
  if (fits === 0) return 'Beside the longest question there is no room for an example: it is asked without.';
  if (fits < shown) {
    const lost = shown - fits;
    return `Beside the longest question there is room for ${inWords(fits)} of ${countedInWords(shown, 'example', 'examples')}: it loses the first${lost === 1 ? '' : ` ${inWords(lost)}`}.`;
  }
  const all = shown === 1 ? 'The example fits' : `All ${countedInWords(shown, 'example', 'examples')} fit`;
  return `${all}: the longest prompt takes ${room}.`;
}

export interface BudgetRow {
  readonly label: string;
  readonly tokens: string;
  readonly fits: boolean;
}

/** What each part costs, as it stands in the prompt. */
export function budgetRows({ tokensPerExample, question, fits }: PromptBudget): readonly BudgetRow[] {
  const lost = tokensPerExample.length - fits;
  return [
    ...tokensPerExample.map((tokens, index) => ({
      label: `Example ${count(index + 1)}`,
      tokens: count(tokens),
      fits: index >= lost,
    })),
    { label: 'The longest question', tokens: count(question), fits: true },
  ];
}

/** The same as lengths on one scale. */
export function budgetSegments({ tokensPerExample, question }: PromptBudget): readonly Segment[] {
  return [
    ...tokensPerExample.map((value, index): Segment => ({ label: `example ${count(index + 1)}`, value, fill: 'work' })),
    { label: 'the longest question', value: question, fill: 'base' },
  ];
}

/** "312 tokens: 1,736 left over", or how many too many. */
export function budgetEnd({ tokensPerExample, question, limit }: PromptBudget): {
  readonly words: string;
  readonly over: number;
} {
  const wanted = tokensPerExample.reduce((sum, tokens) => sum + tokens, question);
  const over = Math.max(0, wanted - limit);
  const rest = over > 0 ? `${count(over)} too many` : `${count(limit - wanted)} left over`;
  return { words: `${capital(counted(wanted, 'token', 'tokens'))}: ${rest}`, over };
}
