/** Brings encoded texts to one length, as Transformers pads a batch. */
import { BugError } from '../spec/errors.ts';
import type { Encoded, Tokenizer } from './tokenizer.ts';

export interface PaddedRow {
  readonly ids: number[];
  readonly attentionMask: number[];
  readonly typeIds: number[];
}

export interface PadOptions {
  /** The longest row's length unless said otherwise; rows that are longer stay as they are. */
  readonly length?: number | undefined;
  readonly multipleOf?: number | undefined;
  /** The tokenizer's own side unless said otherwise. */
  readonly side?: 'left' | 'right' | undefined;
}

/** The tokenizer must have a padding token. */
export function padRows(
  tokenizer: Tokenizer,
  rows: readonly Pick<Encoded, 'ids' | 'typeIds'>[],
  options: PadOptions = {},
): PaddedRow[] {
  const pad = tokenizer.special.pad?.id;
  if (pad === undefined) throw new BugError('rows cannot be padded: the tokenizer has no padding token');
  const wanted = options.length ?? rows.reduce((longest, { ids }) => Math.max(longest, ids.length), 0);
  const multiple = options.multipleOf ?? 1;
  const length = Math.ceil(wanted / multiple) * multiple;
  const left = (options.side ?? tokenizer.paddingSide) === 'left';
  return rows.map(({ ids, typeIds }) => {
    const missing = Math.max(0, length - ids.length);
    const fill = (values: readonly number[], value: number): number[] => {
      const filling = new Array<number>(missing).fill(value);
      return left ? [...filling, ...values] : [...values, ...filling];
    };
    return {
      ids: fill(ids, pad),
      attentionMask: fill(
        ids.map(() => 1),
        0,
      ),
      typeIds: fill(typeIds, 0),
    };
  });
}
