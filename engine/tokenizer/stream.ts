/** Turns ids that arrive one by one into text, never showing half a character. */
import type { Tokenizer } from './tokenizer.ts';

export interface TextStream {
  /** The text that this id completes; often empty. */
  push(id: number): Promise<string>;
  /** What was held back, as far as it can be read. */
  end(): Promise<string>;
}

const incomplete = '\ufffd';

/** All pieces together are the text that decoding all ids at once gives. */
export function streamText(tokenizer: Tokenizer, options: { readonly skipSpecialTokens?: boolean } = {}): TextStream {
  // The ids whose text was shown last, kept because a token's text can depend on the one before it, and the new ones.
  let ids: number[] = [];
  let shown = 0;

  const advance = async (last: boolean): Promise<string> => {
    const known = await tokenizer.decode(ids.slice(0, shown), options);
    const all = await tokenizer.decode(ids, options);
    if (all.length <= known.length || (!last && all.endsWith(incomplete))) return '';
    ids = ids.slice(shown);
    shown = ids.length;
    return all.slice(known.length);
  };

  return {
    push(id) {
      ids.push(id);
      return advance(false);
    },
    end: () => advance(true),
  };
}
