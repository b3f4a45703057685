/** Tagged words to rows: the first piece of each word answers with its tag (Devlin et al., 2019, section 5.3). */
import type { TokenExample } from '../../data/examples.ts';
import { StudioError } from '../../spec/errors.ts';
import type { TokenRow, TokenRows } from '../rows.ts';
import type { TaskModel } from '../task.ts';

export interface TaggedRows extends TokenRows {
  /** For each row, the words that its answers are of. */
  readonly words: readonly (readonly number[])[];
}

/** A text longer than the model's longest row loses its end, and its words there their answers. */
export async function encodeTagged(
  examples: readonly TokenExample[],
  model: TaskModel,
  { labels, path }: { readonly labels: readonly string[]; readonly path: string },
): Promise<TaggedRows> {
  const classes = new Map(labels.map((label, index) => [label, index]));
  const rows: TokenRow[] = [];
  const words: (readonly number[])[] = [];
  let truncated = 0;
  for (const example of examples) {
    const encoded = await model.tokenizer.encode(example.text, { maxLength: model.maxLength });
    if (encoded.overflow.length > 0) truncated += 1;
    const answers: { position: number; label: number }[] = [];
    const answered: number[] = [];
    let next = 0;
    example.words.forEach(({ start, end, tag }, word) => {
      const position = encoded.offsets.findIndex(
        ([from, to], at) => at >= next && encoded.specialTokensMask[at] === 0 && to > start && from < end && to > from,
      );
      if (position === -1) return;
      const label = classes.get(tag);
      if (label === undefined)
        throw new StudioError('data.unseen-label', { path, row: example.row, label: tag, known: labels.join(', ') });
      next = position + 1;
      answers.push({ position, label });
      answered.push(word);
    });
    rows.push({ ids: encoded.ids, types: encoded.typeIds, answers });
    words.push(answered);
  }
  return { rows, words, truncated };
}
