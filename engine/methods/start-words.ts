/** Real words that learned tokens start from (Lester et al., 2021, section 3.2; PEFT's PromptEmbedding, peft/tuners/prompt_tuning/model.py). */
import type { StartContext } from './method.ts';

/** Ids of a text with its special tokens, repeated or cut to `count`; none for a text without tokens. */
export async function textIds(text: string, count: number, { tokenizer }: StartContext): Promise<readonly number[]> {
  const { ids } = await tokenizer.encode(text);
  return Array.from({ length: ids.length > 0 ? count : 0 }, (_, index) => ids[index % ids.length] ?? 0);
}

/** Ids drawn uniformly from the whole vocabulary. */
export function drawnIds(count: number, { uniform, target }: StartContext): readonly number[] {
  return Array.from({ length: count }, (_, index) => Math.floor(uniform(index) * target.config.vocabulary));
}

/** Ids of each label's name, without special tokens; a name without tokens is left out. */
export async function labelIds({ labels, tokenizer }: StartContext): Promise<readonly (readonly number[])[]> {
  const encoded = await tokenizer.encodeBatch(labels, { addSpecialTokens: false });
  return encoded.map(({ ids }) => ids).filter((ids) => ids.length > 0);
}

/** `count` ids to start from: of the text, else of the labels' names, else drawn. */
export async function wordsToStartFrom(
  text: string | null,
  count: number,
  context: StartContext,
): Promise<readonly number[]> {
  const ids = await textIds(text ?? context.labels.join(' '), count, context);
  return ids.length > 0 ? ids : drawnIds(count, context);
}
