/** Rows laid out by a template: text among words and virtual tokens, and the words that stand for labels. */
import type { Template } from '../methods/method.ts';
import type { Architecture } from '../models/model.ts';
import { StudioError } from '../spec/errors.ts';
import type { TaskModel } from './task.ts';
import { dealTokens, readTemplate, wordFor } from '../spec/methods/template.ts';
import type { Encoded, Tokenizer } from '../tokenizer/tokenizer.ts';

/** A template whose virtual tokens have their numbers. */
export interface Layout {
  /** Words with `{text}`, `{pair}` and `{mask}` in them, and ids of virtual tokens (`Sequence`), in their order. */
  readonly parts: readonly (string | readonly number[])[];
  /** A label's word is expected: behind the row, or where its mask stands. */
  readonly asksForWord: boolean;
}

/** Errors: `recipe.field`, where the slots do not hold the method's virtual tokens, or a gap stands where the model fills none. */
export function layoutOf({ text, virtualTokens }: Template, kind: Architecture['kind']): Layout {
  const { parts } = readTemplate(text);
  const refuse = (legal: string): never => {
    throw new StudioError('recipe.field', { path: 'method.template', value: text, legal });
  };
  if (virtualTokens === 0 && parts.some((part) => part.kind === 'virtual'))
    refuse('a text without {virtual}: this method puts no learned tokens among the words');
  const counts = dealTokens(parts, virtualTokens);
  if (counts === null) return refuse(`slots that hold ${String(virtualTokens)} learned tokens in all`);
  const label = parts.findIndex((part) => part.kind === 'label');
  if (kind !== 'encoder' && label >= 0 && label < parts.length - 1)
    refuse('a text that ends in {label}: only encoders fill a {mask} inside of a text');
  const left = [...counts];
  let next = 0;
  const laid = parts.flatMap((part): Layout['parts'] => {
    if (part.kind === 'label') return kind === 'encoder' ? [mask] : [];
    if (part.kind === 'words') return [part.words];
    const first = next;
    next += left.shift() ?? 0;
    return [Array.from({ length: next - first }, (_, index) => -(first + index) - 1)];
  });
  return { asksForWord: label >= 0, parts: withMask(laid) };
}

const mask = '{mask}';

/** The mask among the words beside it: tokenizers read it with the blank before it. */
function withMask(parts: Layout['parts']): Layout['parts'] {
  const joined: Layout['parts'][number][] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
    else joined.push(part);
  }
  return joined;
}

/**
 * The token that each label's word begins with where the template asks for it; null where it asks for none. Errors:
 * `method.label-words`, where two labels would answer with the same token; `recipe.field`, where a word is no label's.
 */
export async function labelTokens(
  { text, labelWords }: Template,
  { labels, tokenizer, kind }: LabelContext,
): Promise<readonly number[] | null> {
  const { parts } = readTemplate(text);
  const slot = parts.find((part) => part.kind === 'label');
  if (slot?.kind !== 'label') return null;
  // The decoder beside an encoder begins with the word; in place of a mask it stands by itself.
  const own = { encoder: '', decoder: wordsBefore(text), 'encoder-decoder': null }[kind];
  const before = own === null ? '' : `${own}${slot.spaced ? ' ' : ''}`;
  const stray = Object.entries(labelWords).find(([label]) => !labels.includes(label));
  if (stray) {
    const [label, value] = stray;
    const legal = `a word for one of the labels: ${labels.join(', ')}`;
    throw new StudioError('recipe.field', { path: `method.labelWords.${label}`, value, legal });
  }
  const words = labels.map((label) => wordFor(label, labelWords));
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
  const own = /([^{}]*)\{(?:label|mask)\}$/.exec(template)?.[1]?.trim() ?? '';
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
  /** Where the mask stands; null: the row has none. */
  readonly mask: number | null;
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
  const gap = words.some((part) => part.includes(mask)) ? maskOf(tokenizer, words) : null;
  const pieces = texts.map((text) => words.map((part) => fill(part, text, gap?.token ?? '')));
  const encoded = await tokenizer.encodeBatch(
    pieces.flatMap((row) => row.map(({ whole }) => whole)),
    { addSpecialTokens: false },
  );
  return pieces.map((row, index) => {
    const parts = row.map((piece, at) => tokensOf(encoded[index * words.length + at], piece.own, gap?.id ?? null));
    return joined(parts, { ...options, frame });
  });
}

function maskOf({ special }: Tokenizer, words: readonly string[]): NonNullable<Tokenizer['special']['mask']> {
  if (special.mask) return special.mask;
  const legal = 'a text without {mask} and {label}: this model’s tokenizer has no token for a gap';
  throw new StudioError('recipe.field', { path: 'method.template', value: words.join(' … '), legal });
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

function fill(words: string, { text, pair = '' }: LayoutText, gap: string): Piece {
  const own: (readonly [number, number])[] = [];
  let whole = '';
  for (const part of words.split(/(\{(?:text|pair|mask)\})/)) {
    const value = part === '{text}' ? text : part === '{pair}' ? pair : null;
    const start = [...whole].length;
    whole += value ?? (part === mask ? gap : part);
    if (value !== null) own.push([start, [...whole].length]);
  }
  return { whole, own };
}

interface Token {
  readonly id: number;
  /** Part of the row's own text, which may be cut. */
  readonly own: boolean;
  /** The template's mask, not one that a row's text spells out. */
  readonly gap: boolean;
}

function tokensOf(encoded: Encoded | undefined, texts: Piece['own'], mask: number | null): readonly Token[] {
  const { ids = [], offsets = [] } = encoded ?? {};
  return ids.map((id, at) => {
    const [, end = 0] = offsets[at] ?? [];
    const own = texts.some(([first, last]) => end > first && end <= last);
    return { id, own, gap: id === mask && !own };
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
  const open = layout.asksForWord && kind === 'decoder';
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
    .map((part) => part.toReversed())
    .toReversed();
  if (excess > 0) {
    const value = layout.parts.filter((part) => typeof part === 'string').join(' … ');
    throw new StudioError('recipe.field', {
      path: 'method.template',
      value,
      legal: `words of fewer than the ${String(maxLength)} tokens of the longest row`,
    });
  }
  const body = layout.parts.flatMap((part): readonly Token[] =>
    typeof part === 'string' ? (left.shift() ?? []) : part.map((id) => ({ id, own: false, gap: false })),
  );
  const at = body.findIndex(({ gap }) => gap);
  return {
    ids: [...frame.before, ...body.map(({ id }) => id), ...frame.behind],
    cut,
    mask: at < 0 ? null : frame.before.length + at,
  };
}
