/** Renders chats by a model's own Jinja template, as Transformers does, and marks which tokens the assistant said. */
import { Template } from '@huggingface/jinja';
import { StudioError, asOurs } from '../spec/errors.ts';
import type { Encoded, Tokenizer } from './tokenizer.ts';
import { ranOutOfTime, withinTime } from './within-time.ts';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface ChatOptions {
  /** Ends with what the assistant's answer begins after. False unless said otherwise. */
  readonly addGenerationPrompt?: boolean | undefined;
  readonly bosToken?: string | undefined;
  readonly eosToken?: string | undefined;
  readonly unkToken?: string | undefined;
  readonly padToken?: string | undefined;
  /** Other variables that the template knows. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

/** Numbers that one rendering may take from `range`: a template has no use for more than a few messages' worth. */
const mostRangeSteps = 10_000;
const longestText = 64 * 2 ** 20;

/** Errors: `template.failed` with what the template or its interpreter said. */
export function renderChat(template: string, messages: readonly ChatMessage[], options: ChatOptions = {}): string {
  try {
    // The library cuts line breaks and indentation around blocks as Transformers does.
    const values = {
      messages,
      add_generation_prompt: options.addGenerationPrompt ?? false,
      bos_token: options.bosToken ?? '',
      eos_token: options.eosToken ?? '',
      unk_token: options.unkToken ?? '',
      pad_token: options.padToken ?? '',
      tools: null,
      documents: null,
      ...options.variables,
      atelier_range: boundedRange(),
      atelier_strftime: (format: unknown) => formatTime(new Date(), String(format)),
    };
    const text = inTime(() => new Template(ownFunctions + template).render(values));
    if (text.length > longestText) throw new Error(`the template gave ${text.length} characters`);
    return text;
  } catch (thrown) {
    const error = asOurs(thrown);
    if (error instanceof StudioError) throw error;
    throw new StudioError('template.failed', { reason: error.message }, { cause: thrown });
  }
}

/** What renders once or several times. Errors: `template.failed` where the time is over. */
function inTime<T>(work: () => T): T {
  try {
    return withinTime(work);
  } catch (cause) {
    if (!ranOutOfTime(cause)) throw cause;
    throw new StudioError('template.failed', { reason: 'its loops do not come to an end in time' }, { cause });
  }
}

/** In place of the library's: its range has no bound, its strftime_now knows few fields. Leaves no text of its own. */
const ownFunctions = '{% set range = atelier_range %}{% set strftime_now = atelier_strftime %}\n';

/** Python's range, for one rendering. */
function boundedRange(): (first: number, end?: number | null, step?: number | null) => number[] {
  let steps = 0;
  return (first, end, step) => {
    const [start, stop] = typeof end === 'number' ? [first, end] : [0, first];
    const stride = step ?? 1;
    if (stride === 0) throw new Error('range() with step 0');
    const count = Math.max(0, Math.ceil((stop - start) / stride));
    steps += count;
    if (!(steps <= mostRangeSteps)) throw new Error(`the template loops over ${count} numbers`);
    return Array.from({ length: count }, (_, i) => start + i * stride);
  };
}

/** Python's strftime for the fields that templates use, in English. */
function formatTime(time: Date, format: string): string {
  const padded = (value: number): string => String(value).padStart(2, '0');
  const named = (options: Intl.DateTimeFormatOptions): string => time.toLocaleDateString('en-US', options);
  const fields: Readonly<Record<string, string>> = {
    Y: String(time.getFullYear()),
    y: padded(time.getFullYear() % 100),
    m: padded(time.getMonth() + 1),
    d: padded(time.getDate()),
    H: padded(time.getHours()),
    I: padded(time.getHours() % 12 || 12),
    M: padded(time.getMinutes()),
    S: padded(time.getSeconds()),
    p: time.getHours() < 12 ? 'AM' : 'PM',
    B: named({ month: 'long' }),
    b: named({ month: 'short' }),
    A: named({ weekday: 'long' }),
    a: named({ weekday: 'short' }),
    '%': '%',
  };
  return format.replace(/%(.)/gs, (whole, field: string) => fields[field] ?? whole);
}

export interface Chat {
  readonly tokenizer: Tokenizer;
  readonly template: string;
}

/** A chat as a model trains on it. */
export interface TrainingChat {
  readonly text: string;
  readonly ids: readonly number[];
  /** 1 for the tokens of the assistant's content and the token that ends its turn, 0 for all others. */
  readonly assistantMask: readonly number[];
}

/** The chat's text with the model's own special tokens in it. Errors: `template.failed`. */
export function renderFor(
  { tokenizer, template }: Chat,
  messages: readonly ChatMessage[],
  addGenerationPrompt: boolean,
): string {
  const { bos, eos, unk, pad } = tokenizer.special;
  return renderChat(template, messages, {
    addGenerationPrompt,
    bosToken: bos?.token,
    eosToken: eos?.token,
    unkToken: unk?.token,
    padToken: pad?.token,
  });
}

/** Token ids of the prompt whose continuation is the assistant's next answer. Errors: `template.failed`. */
export async function renderPrompt(chat: Chat, messages: readonly ChatMessage[]): Promise<number[]> {
  const text = renderFor(chat, messages, true);
  return (await chat.tokenizer.encode(text, { addSpecialTokens: false })).ids;
}

/**
 * Token ids of a whole chat and which of them the assistant said.
 * Errors: `template.failed`, also where the template leaves an answer out.
 */
export async function renderTraining(chat: Chat, messages: readonly ChatMessage[]): Promise<TrainingChat> {
  const text = renderFor(chat, messages, false);
  const turns = messages.flatMap(({ role }, turn) =>
    role === 'assistant' ? [inTime(() => findTurn(chat, messages, { turn, text }))] : [],
  );
  const encoded = await chat.tokenizer.encode(text, { addSpecialTokens: false });
  return { text, ids: encoded.ids, assistantMask: maskOf(encoded, turns.map(inCodePoints(text)), chat.tokenizer) };
}

/** Positions in the text. */
interface Turn {
  /** Where the assistant takes over. */
  readonly start: number;
  readonly contentEnd: number;
  /** Where the template has written all of the turn; `contentEnd` where that cannot be told. */
  readonly end: number;
}

/** A character of no language: where two renderings begin to differ by it, there the content begins or ends. */
const marker = '\ue000';

function findTurn(
  chat: Chat,
  messages: readonly ChatMessage[],
  at: { readonly turn: number; readonly text: string },
): Turn {
  const { turn, text } = at;
  const content = messages[turn]?.content ?? '';
  const withContent = (changed: string): string =>
    renderFor(
      chat,
      messages.map((message, i) => (i === turn ? { ...message, content: changed } : message)),
      false,
    );
  const contentStart = commonPrefix(text, withContent(marker + content));
  const contentEnd = commonPrefix(text, withContent(content + marker));
  if (contentStart > contentEnd || (contentEnd === text.length && contentStart === contentEnd && content !== '')) {
    throw new StudioError('template.failed', { reason: `the template leaves the answer of message ${turn + 1} out` });
  }
  const prompt = rendered(chat, messages.slice(0, turn), true);
  const whole = rendered(chat, messages.slice(0, turn + 1), false);
  // Some prompts are not how the finished turn begins, for instance those that open a space for thoughts.
  const start =
    prompt !== null && prompt.length <= contentStart && text.startsWith(prompt) ? prompt.length : contentStart;
  const end = whole !== null && text.startsWith(whole) ? Math.max(whole.length, contentEnd) : contentEnd;
  return { start, contentEnd, end };
}

/** Null where the template refuses a chat that ends there. */
function rendered(chat: Chat, messages: readonly ChatMessage[], addGenerationPrompt: boolean): string | null {
  if (messages.length === 0) return null;
  try {
    return renderFor(chat, messages, addGenerationPrompt);
  } catch (thrown) {
    if (thrown instanceof StudioError) return null;
    throw thrown;
  }
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

/** From UTF-16 positions, which JavaScript counts in, to code points, which tokenizers count in. */
function inCodePoints(text: string): (turn: Turn) => Turn {
  const before = (end: number): number => {
    let count = 0;
    for (let i = 0; i < end; count += 1) i += (text.codePointAt(i) ?? 0) > 0xffff ? 2 : 1;
    return count;
  };
  return ({ start, contentEnd, end }) => ({ start: before(start), contentEnd: before(contentEnd), end: before(end) });
}

function maskOf({ ids, offsets }: Encoded, turns: readonly Turn[], { specialIds }: Tokenizer): number[] {
  const mask = ids.map(() => 0);
  const firstAt = (position: number, from: number): number => {
    const index = offsets.findIndex(([start], i) => i >= from && start >= position);
    return index < 0 ? ids.length : index;
  };
  for (const { start, contentEnd, end } of turns) {
    const first = firstAt(start, 0);
    const stop = firstAt(contentEnd, first);
    // The token that ends the turn is the assistant's too; a line break behind it is the template's.
    const closing = ids.findIndex((id, i) => i >= stop && specialIds.has(id));
    const closes = closing >= 0 && (closing === stop || (offsets[closing]?.[0] ?? 0) < end);
    mask.fill(1, first, closes ? closing + 1 : firstAt(end, stop));
  }
  return mask;
}
