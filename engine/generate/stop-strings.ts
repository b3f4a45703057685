/** Texts that end an answer, wherever the borders of tokens lie. */
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** Whether new tokens have brought the answer to one of these texts. */
export function endsAt(strings: readonly string[], tokenizer: Tokenizer): (ids: readonly number[]) => Promise<boolean> {
  if (strings.length === 0) return () => Promise.resolve(false);
  // A token is a byte at least, and what was there before has been looked at before.
  const reach = Math.max(...strings.map((string) => Buffer.byteLength(string))) + 8;
  return async (ids) => {
    const text = await tokenizer.decode(ids.slice(-reach), { skipSpecialTokens: true });
    return strings.some((string) => text.includes(string));
  };
}

export interface Cutter {
  /** What may be shown once this text has come: nothing that may turn out to be a stop string. */
  push(text: string): string;
  /** What was held back and is none. */
  end(): string;
}

/** Lets an answer's text through up to the first of these texts. */
export function cutAt(strings: readonly string[]): Cutter {
  let held = '';
  let cut = false;
  return {
    push: (text) => {
      if (cut) return '';
      held += text;
      const starts = strings.map((string) => held.indexOf(string)).filter((start) => start >= 0);
      cut = starts.length > 0;
      const safe = cut ? Math.min(...starts) : held.length - longestStart(held, strings);
      const shown = held.slice(0, safe);
      held = cut ? '' : held.slice(safe);
      return shown;
    },
    end: () => held,
  };
}

/** Length of the longest end of `text` that is the start of one of the strings. */
function longestStart(text: string, strings: readonly string[]): number {
  const most = Math.max(0, ...strings.map((string) => string.length - 1));
  for (let length = Math.min(most, text.length); length > 0; length -= 1)
    if (strings.some((string) => string.startsWith(text.slice(-length)))) return length;
  return 0;
}
