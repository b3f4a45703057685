/** Rows laid out by a template: text among words and virtual tokens, and the words that stand for labels. */
import type { Template } from '../methods/method.ts';
import type { Architecture } from '../models/model.ts';
import { StudioError } from '../spec/errors.ts';
import type { TaskModel } from './task.ts';
import { dealTokens, readTemplate } from '../spec/methods/template.ts';
import type { Encoded, Tokenizer } from '../tokenizer/tokenizer.ts';

/** A template whose virtual tokens have their numbers. */
export interface Layout {
  /** Words with `{text}` and `{pair}` in them, and ids of virtual tokens (`Sequence`), in their order. */
  readonly parts: readonly (string | readonly number[])[];
  /** A label's word is expected behind the row. */
  readonly asksForWord: boolean;
}

/** Errors: `recipe.field`, where the slots do not hold the method's virtual tokens. */
export function layoutOf({ text, virtualTokens }: Template): Layout {
  const { parts } = readTemplate(text);
  const counts = dealTokens(parts, virtualTokens);
  if (counts === null) {
    const legal = `slots that hold ${String(virtualTokens)} learned tokens in all`;
    throw new StudioError('recipe.field', { path: 'method.template', value: text, legal });
  }
  const left = [...counts];
  let next = 0;
  return {
    asksForWord: parts.some(({ kind }) => kind === 'label'),
    parts: parts.flatMap((part): Layout['parts'] => {
      if (part.kind === 'label') return [];
      if (part.kind === 'words') return [part.words];
      const first = next;
      next += left.shift() ?? 0;
      return [Array.from({ length: next - first }, (_, index) => -(first + index) - 1)];
    }),
  };
}

/**
 * The token that each label's word begins with where the template asks for it; null where it asks for none. Errors:
 * `method.label-words`, where two labels would answer with the same token.
 */
export async function labelTokens(
  { text, labelWords }: Template,
  { labels, tokenizer, kind }: LabelContext,
): Promise<readonly number[] | null> {
  const { parts } = readTemplate(text);
  const slot = parts.at(-1);
  if (slot?.kind !== 'label') return null;
  // The decoder beside an encoder begins with the word.
  const alone = kind === 'encoder-decoder';
  const before = alone ? '' : `${wordsBefore(text)}${slot.spaced ? ' ' : ''}`;
  const words = labels.map((label) => labelWords[label] ?? label);
  const encode = (all: readonly string[]): Promise<Encoded[]> =>
    tokenizer.encodeBatch(all, { addSpecialTokens: false });
  const [known] = await encode([before.trimEnd()]);
  const whole = await encode(words.map((word) => `${before}${word}`));
  const tokens = whole.map(({ ids }) => ids.find((id, at) => id !== known?.ids[at]) ?? -1);
  tokens.forEach((token, index) => {
    const other = tokens.indexOf(token);
    if (token >= 0 && other === index) return;
    const [word = '', otherWord = ''] = [words[index], words[other]];
    throw new StudioError('method.label-words', { word, other: otherWord, token: tokenizer.idToToken(token) ?? '' });
  });
  return tokens;
}

/** The template's own words right before the label, or any: tokenizers cut a word by what stands before it. */
function wordsBefore(template: string): string {
  const own = /([^{}]*)\{label\}$/.exec(template)?.[1]?.trim() ?? '';
  return own === '' ? 'a' : own;
}

interface LabelContext {
  readonly labels: readonly string[];
  readonly tokenizer: Tokenizer;
  readonly kind: Architecture['kind'];
}

export interface LaidOut {
  readonly ids: readonly number[];
  /** The text lost its end. */
  readonly cut: boolean;
}

export interface LayoutText {
  readonly text: string;
  readonly pair?: string;
}

/** `maxLength` counts no virtual tokens. */
export interface LayoutOptions extends Pick<TaskModel, 'tokenizer' | 'kind' | 'maxLength'> {
  readonly layout: Layout;
}

/** The texts in the template. What does not fit loses the end of its text. Errors: `recipe.field`, where the words alone do not fit. */
export async function layOut(texts: readonly LayoutText[], options: LayoutOptions): Promise<readonly LaidOut[]> {
  const { layout, tokenizer } = options;
  const frame = await frameOf(options);
  const words = layout.parts.filter((part) => typeof part === 'string').map((part, at) => trimmed(part, at === 0));
  const pieces = texts.map((text) => words.map((part) => fill(part, text)));
  const encoded = await tokenizer.encodeBatch(
    pieces.flatMap((row) => row.map(({ whole }) => whole)),
    { addSpecialTokens: false },
  );
  return pieces.map((row, index) => {
    const parts = row.map((piece, at) => tokensOf(encoded[index * words.length + at], piece.own));
    return joined(parts, { ...options, frame });
  });
}

/** No blank stands alone before a virtual token or the label's word, nor at the beginning. */
function trimmed(words: string, isFirst: boolean): string {
  return isFirst ? words.trim() : words.trimEnd();
}

interface Piece {
  readonly whole: string;
  /** Where the row's own texts stand in it, in Unicode code points. */
  readonly own: readonly (readonly [number, number])[];
}

function fill(words: string, { text, pair = '' }: LayoutText): Piece {
  const own: (readonly [number, number])[] = [];
  let whole = '';
  for (const part of words.split(/(\{text\}|\{pair\})/)) {
    const value = part === '{text}' ? text : part === '{pair}' ? pair : null;
    const start = [...whole].length;
    whole += value ?? part;
    if (value !== null) own.push([start, [...whole].length]);
  }
  return { whole, own };
}

interface Token {
  readonly id: number;
  /** Part of the row's own text, which may be cut. */
  readonly own: boolean;
}

function tokensOf(encoded: Encoded | undefined, own: Piece['own']): readonly Token[] {
  const { ids = [], offsets = [] } = encoded ?? {};
  return ids.map((id, at) => {
    const [, end = 0] = offsets[at] ?? [];
    return { id, own: own.some(([first, last]) => end > first && end <= last) };
  });
}

/** Special tokens around a row. */
interface Frame {
  readonly before: readonly number[];
  readonly behind: readonly number[];
}

async function frameOf({ layout, tokenizer, kind }: LayoutOptions): Promise<Frame> {
  const { ids, specialTokensMask } = await tokenizer.encode('a');
  const first = specialTokensMask.indexOf(0);
  const last = specialTokensMask.lastIndexOf(0);
  // What ends a row must not stand before the word that is asked for.
  const open = layout.asksForWord && kind !== 'encoder-decoder';
  return { before: ids.slice(0, Math.max(0, first)), behind: open ? [] : ids.slice(last + 1) };
}

function joined(
  words: readonly (readonly Token[])[],
  { layout, maxLength, frame }: LayoutOptions & { readonly frame: Frame },
): LaidOut {
  const used = frame.before.length + frame.behind.length + words.flat().length;
  let excess = Math.max(0, used - maxLength);
  const cut = excess > 0;
  const left = words
    .toReversed()
    .map((part) =>
      part.toReversed().filter(({ own }) => {
        const drop = own && excess > 0;
        if (drop) excess -= 1;
        return !drop;
      }),
    )
    .map((part) => part.toReversed().map(({ id }) => id))
    .toReversed();
  if (excess > 0) {
    const value = layout.parts.filter((part) => typeof part === 'string').join(' … ');
    throw new StudioError('recipe.field', {
      path: 'method.template',
      value,
      legal: `words of fewer than the ${String(maxLength)} tokens of the longest row`,
    });
  }
  const body = layout.parts.flatMap((part) => (typeof part === 'string' ? (left.shift() ?? []) : part));
  return { ids: [...frame.before, ...body, ...frame.behind], cut };
}
