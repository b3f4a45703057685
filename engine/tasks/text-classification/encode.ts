/** Texts and pairs of texts to rows: one answer a row, at the position the model pools. */
import type { TokenRow, TokenRows } from '../rows.ts';
import type { TaskModel } from '../task.ts';
import { layOut } from '../template.ts';

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
    for (const { ids: own, types, cut, mask } of await encodeBlock(texts.slice(start, start + block), model)) {
      if (cut) truncated += 1;
      // Some tokenizers make nothing of an empty text; the model must read something to answer.
      const ids = own.length > 0 ? own : [nothing];
      const { label = 0, values } = target(rows.length);
      rows.push({
        ids,
        types: own.length > 0 ? types : [0],
        ...answerOf({ ids, mask }, label, model),
        ...(values ? { values } : {}),
      });
    }
  }
  return { rows, truncated };
}

interface EncodedText {
  readonly ids: readonly number[];
  readonly types: readonly number[];
  readonly cut: boolean;
  readonly mask: number | null;
}

async function encodeBlock(texts: readonly Text[], model: TaskModel): Promise<readonly EncodedText[]> {
  const { layout, tokenizer, maxLength } = model;
  if (layout) {
    const laid = await layOut(texts, { ...model, layout });
    return laid.map(({ ids, cut, mask }) => ({ ids, types: ids.map(() => 0), cut, mask }));
  }
  const pairs = texts.map(({ text, pair }) => (pair === undefined ? text : ([text, pair] as const)));
  const encoded = await tokenizer.encodeBatch(pairs, { maxLength });
  return encoded.map(({ ids, typeIds, overflow }) => ({ ids, types: typeIds, cut: overflow.length > 0, mask: null }));
}

/** Where the row is answered: where the model pools, at its mask, or where the next token would be the label's word. */
function answerOf(
  { ids, mask }: Pick<EncodedText, 'ids' | 'mask'>,
  label: number,
  model: TaskModel,
): Pick<TokenRow, 'answers' | 'decoder'> {
  const { layout, kind, config } = model;
  if (!layout?.asksForWord) return { answers: [{ position: model.pooled(ids), label }] };
  if (kind !== 'encoder-decoder') return { answers: [{ position: mask ?? ids.length - 1, label }] };
  return { answers: [{ position: 0, label }], decoder: [config.decoderStartTokenId ?? config.padTokenId ?? 0] };
}
