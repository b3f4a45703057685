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
  let truncated = 0;
  for (let start = 0; start < texts.length; start += block) {
    const encoded = await model.tokenizer.encodeBatch(texts.slice(start, start + block), {
      maxLength: model.maxLength,
    });
    for (const { ids, typeIds, overflow } of encoded) {
      if (overflow.length > 0) truncated += 1;
      const position = model.causal ? ids.length - 1 : 0;
      rows.push({ ids, types: typeIds, answers: [{ position, label: label(rows.length) }] });
    }
  }
  return { rows, truncated };
}
