/** How much of a prompt's length its examples take, and how many of them fit. */
import { StudioError } from '../../spec/errors.ts';
import type { PromptBudget } from '../../spec/metrics.ts';
import { showDemonstration, type Demonstration } from '../../methods/in-context/prompt.ts';
import type { TaskModel } from '../task.ts';
import { formatOf, shownDemonstrations, type PromptContext } from './context.ts';

/** `rows`: those that are asked, with their answers. Throws `prompt.no-room` where not even one question fits without examples. */
export async function promptBudget(
  rows: readonly Demonstration[],
  { tokenizer, maxLength }: Pick<TaskModel, 'tokenizer' | 'maxLength'>,
  prompt: PromptContext,
): Promise<PromptBudget> {
  const { settings } = prompt;
  const format = formatOf(settings);
  const lengths = async (texts: readonly string[]): Promise<readonly number[]> => {
    const encoded = await tokenizer.encodeBatch([...texts], { addSpecialTokens: false });
    return encoded.map(({ ids }) => ids.length);
  };
  const questions = await lengths(rows.map((row) => showDemonstration(format, row)));
  const shortest = questions.reduce((least, length) => Math.min(least, length), Infinity);
  if (questions.length > 0 && shortest > maxLength)
    throw new StudioError('prompt.no-room', { needed: shortest, limit: maxLength });
  const question = questions.reduce((most, length) => Math.max(most, length), 0);
  const all = await lengths(shownDemonstrations(prompt));
  // Of the nearest, which differ from row to row, the longest that could be chosen.
  const shown = settings.selection === 'nearest' ? all.toSorted((a, b) => b - a) : all;
  const tokensPerExample = shown.slice(0, settings.shots);
  let left = Math.max(0, maxLength - question);
  let fits = 0;
  // A prompt that is too long loses its beginning.
  for (const tokens of tokensPerExample.toReversed()) {
    if (tokens > left) break;
    left -= tokens;
    fits += 1;
  }
  const wanted = question + tokensPerExample.reduce((sum, tokens) => sum + tokens, 0);
  return { tokensPerExample, question, fits, used: Math.min(wanted, maxLength), limit: maxLength };
}
