/**
 * Cuts an encoded text or pair to a length, by the rules of Transformers' fast tokenizers.
 * Ours, because the native library's own loses pieces of overflow, miscounts pairs and ends the process on what it
 * cannot fit (seen in tokenizers 0.23.2).
 */
import { BugError } from '../spec/errors.ts';
import type { Encoded } from './tokenizer.ts';

export type Side = 'left' | 'right';

export interface Truncation {
  /** Tokens, special ones included. */
  readonly maxLength: number;
  readonly strategy: 'longest_first' | 'only_first' | 'only_second';
  readonly side: Side;
  /** Tokens that a piece shares with the one before it. */
  readonly stride: number;
}

/** What is cut off follows as `overflow`, except for pairs under `longest_first`, where no single text gives way. */
export function truncate(full: Encoded, truncation: Truncation): Encoded {
  const { maxLength, strategy, side, stride } = truncation;
  if (full.ids.length <= maxLength) return full;
  const first = positionsOf(full, 0);
  const second = positionsOf(full, 1);
  const room = maxLength - (full.ids.length - first.length - second.length);
  if (strategy === 'longest_first' && second.length > 0) {
    const [keepFirst, keepSecond] = shares(first.length, second.length, room);
    return pick(full, keepEnd(first, keepFirst, side), keepEnd(second, keepSecond, side));
  }
  const cutsSecond = strategy === 'only_second';
  const [cut, whole] = cutsSecond ? [second, first] : [first, second];
  const length = room - whole.length;
  if (length < 1 || stride < 0 || stride >= length) {
    throw new BugError(`truncation to ${maxLength} tokens with stride ${stride} leaves no room for text`);
  }
  const [kept, ...rest] = windows(cut, { length, stride, side }).map((window) =>
    cutsSecond ? pick(full, whole, window) : pick(full, window, whole),
  );
  if (kept === undefined) throw new BugError(`the text to cut by ${strategy} is empty`);
  return { ...kept, overflow: rest };
}

function positionsOf({ sequenceIds }: Encoded, sequence: number): number[] {
  return sequenceIds.flatMap((id, position) => (id === sequence ? [position] : []));
}

/** The shorter text stays whole where it leaves the longer one at least as much; else both get half. */
function shares(first: number, second: number, room: number): readonly [number, number] {
  if (room < 0) throw new BugError(`truncation leaves ${room} tokens for two texts`);
  const short = Math.min(first, second);
  const half = Math.floor(room / 2);
  const [shorter, longer] = 2 * short > room ? [half, room - half] : [short, room - short];
  return first > second ? [longer, shorter] : [shorter, longer];
}

function keepEnd(positions: readonly number[], count: number, side: Side): readonly number[] {
  return side === 'right' ? positions.slice(0, count) : positions.slice(positions.length - count);
}

interface WindowOptions {
  readonly length: number;
  readonly stride: number;
  readonly side: Side;
}

/** Pieces of at most `length` positions from the kept end on, the last one where the text is used up. */
function windows(positions: readonly number[], { length, stride, side }: WindowOptions): (readonly number[])[] {
  const pieces: (readonly number[])[] = [];
  const total = positions.length;
  for (let done = 0; ; done += length - stride) {
    const far = Math.min(done + length, total);
    pieces.push(side === 'right' ? positions.slice(done, far) : positions.slice(total - far, total - done));
    if (far === total) return pieces;
  }
}

/** The added tokens and those positions of the two texts. */
function pick(full: Encoded, first: readonly number[], second: readonly number[]): Encoded {
  const wanted = new Set([...first, ...second]);
  const chosen = <T>(list: readonly T[]): T[] =>
    list.filter((_, position) => full.sequenceIds[position] === null || wanted.has(position));
  return {
    ids: chosen(full.ids),
    typeIds: chosen(full.typeIds),
    offsets: chosen(full.offsets),
    specialTokensMask: chosen(full.specialTokensMask),
    sequenceIds: chosen(full.sequenceIds),
    overflow: [],
  };
}
