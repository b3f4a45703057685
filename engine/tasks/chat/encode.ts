/** Conversations to rows: an answer for each token that the assistant said; the loss reads no other. */
import type { ChatExample } from '../../data/examples.ts';
import { renderPrompt, renderTraining, type Chat } from '../../tokenizer/chat-template.ts';
import type { TokenRow, TokenRows } from '../rows.ts';

/** A row longer than `maxLength` loses its end. */
export async function encodeChats(examples: readonly ChatExample[], chat: Chat, maxLength: number): Promise<TokenRows> {
  const rows: TokenRow[] = [];
  let truncated = 0;
  for (const { messages } of examples) {
    const { ids, assistantMask } = await renderTraining(chat, messages);
    if (ids.length > maxLength) truncated += 1;
    const kept = ids.slice(0, maxLength);
    const answers = kept.flatMap((label, at) =>
      at > 0 && assistantMask[at] === 1 ? [{ position: at - 1, label }] : [],
    );
    rows.push({ ids: kept, types: null, answers });
  }
  return { rows, truncated };
}

/** The turns before the last answer, ready to be continued; a prompt that leaves no room loses its beginning. */
export async function encodePrompt(example: ChatExample, chat: Chat, room: number): Promise<readonly number[]> {
  const ids = await renderPrompt(chat, example.messages.slice(0, -1));
  return ids.slice(Math.max(0, ids.length - room));
}
