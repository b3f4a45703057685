/** Texts to rows: one answer a row, at the position the model pools. */
import type { TaskModel } from '../task.ts';
import type { TokenRow, TokenRows } from '../rows.ts';

/** Texts tokenised at a time. */
const block = 512;

/** Truncates at the model's longest row; `label` gives the class index of a text. */
export async function encodeTexts(
  texts: readonly string[],
  model: TaskModel,
  label: (index: number) => number,
): Promise<TokenRows> {
  const rows: TokenRow[] = [];
  const nothing = model.config.padTokenId ?? model.tokenizer.special.eos?.id ?? 0;
  let truncated = 0;
  for (let start = 0; start < texts.length; start += block) {
    const encoded = await model.tokenizer.encodeBatch(texts.slice(start, start + block), {
      maxLength: model.maxLength,
    });
    for (const { ids: own, typeIds, overflow } of encoded) {
      if (overflow.length > 0) truncated += 1;
      // Some tokenizers make nothing of an empty text; the model must read something to answer.
      const ids = own.length > 0 ? own : [nothing];
      const position = model.pooled(ids);
      rows.push({ ids, types: own.length > 0 ? typeIds : [0], answers: [{ position, label: label(rows.length) }] });
    }
  }
  return { rows, truncated };
}
