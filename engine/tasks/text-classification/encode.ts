/** Texts and pairs of texts to rows: one answer a row, at the position the model pools. */
import type { TokenRow, TokenRows } from '../rows.ts';
import type { TaskModel } from '../task.ts';

/** Texts tokenised at a time. */
const block = 512;

export interface Text {
  readonly text: string;
  readonly pair?: string;
}

/** Truncates at the model's longest row; `target` gives what a row should answer. */
export async function encodeTexts(
  texts: readonly Text[],
  model: TaskModel,
  target: (index: number) => { readonly label?: number; readonly values?: readonly number[] },
): Promise<TokenRows> {
  const rows: TokenRow[] = [];
  const nothing = model.config.padTokenId ?? model.tokenizer.special.eos?.id ?? 0;
  let truncated = 0;
  for (let start = 0; start < texts.length; start += block) {
    const encoded = await model.tokenizer.encodeBatch(
      texts.slice(start, start + block).map(({ text, pair }) => (pair === undefined ? text : ([text, pair] as const))),
      { maxLength: model.maxLength },
    );
    for (const { ids: own, typeIds, overflow } of encoded) {
      if (overflow.length > 0) truncated += 1;
      // Some tokenizers make nothing of an empty text; the model must read something to answer.
      const ids = own.length > 0 ? own : [nothing];
      const { label = 0, values } = target(rows.length);
      rows.push({
        ids,
        types: own.length > 0 ? typeIds : [0],
        answers: [{ position: model.pooled(ids), label }],
        ...(values ? { values } : {}),
      });
    }
  }
  return { rows, truncated };
}
