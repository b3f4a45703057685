/** Tokenizers: ids, offsets, truncation, overflow, padding and decoding equal to Transformers' on every golden model. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openModel } from '../../../engine/checkpoint/model-folder.ts';
import { loadTokenizer } from '../../../engine/tokenizer/load.ts';
import { padRows } from '../../../engine/tokenizer/pad.ts';
import { streamText } from '../../../engine/tokenizer/stream.ts';
import { isExplosive } from '../../../engine/tokenizer/check.ts';
import type { EncodeOptions, Tokenizer } from '../../../engine/tokenizer/tokenizer.ts';

const shared = join(import.meta.dirname, '../../../../shared');
const golden = join(shared, 'golden/models');

type Offsets = readonly (readonly [number, number])[];
interface Single {
  readonly text: string;
  readonly add_special_tokens: boolean;
  readonly ids: number[];
  readonly offsets: Offsets;
  readonly tokens?: string[];
  readonly type_ids?: number[];
  readonly special_tokens_mask?: number[];
  readonly decoded?: string;
  readonly decoded_skip_special?: string;
}
interface Pair extends Omit<Single, 'add_special_tokens'> {
  readonly text_pair: string | null;
  readonly sequence_ids?: (number | null)[];
  readonly truncation?: EncodeOptions['truncation'];
  readonly truncation_side?: EncodeOptions['truncationSide'];
  readonly max_length?: number;
}
interface Rows {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly token_type_ids?: number[][];
  readonly offset_mapping: Offsets[];
  readonly special_tokens_mask: number[][];
}
interface Overflow extends Rows {
  readonly text: string;
  readonly text_pair: string | null;
  readonly truncation: EncodeOptions['truncation'];
  readonly max_length: number;
  readonly stride: number;
}
interface Padding extends Rows {
  readonly texts: string[];
  readonly padding_side: 'left' | 'right';
  readonly arguments: {
    readonly padding: true | 'max_length';
    readonly max_length?: number;
    readonly pad_to_multiple_of?: number;
    readonly truncation?: boolean;
  };
}
interface Golden {
  readonly single: Single[];
  readonly pairs: Pair[];
  readonly truncation: Pair[];
  readonly overflow: Overflow;
  readonly padding: Padding[];
}

const goldens = new Map(
  readdirSync(golden).map((name) => [
    name,
    JSON.parse(readFileSync(join(golden, name, 'tokenizer_golden.json'), 'utf8')) as Golden,
  ]),
);
const loaded = new Map<string, Promise<Tokenizer>>();
function tokenizerOf(name: string): Promise<Tokenizer> {
  const known = loaded.get(name) ?? loadTokenizer(join(golden, name)).then(({ tokenizer }) => tokenizer);
  loaded.set(name, known);
  return known;
}

describe.each([...goldens])('%s', (name, cases) => {
  test('single texts, forth and back', async () => {
    const tokenizer = await tokenizerOf(name);
    for (const one of cases.single) {
      const encoded = await tokenizer.encode(one.text, { addSpecialTokens: one.add_special_tokens });
      expect({ ids: encoded.ids, offsets: encoded.offsets }, one.text).toEqual({ ids: one.ids, offsets: one.offsets });
      if (one.tokens === undefined) continue;
      expect({
        tokens: encoded.ids.map((id) => tokenizer.idToToken(id)),
        type_ids: encoded.typeIds,
        special_tokens_mask: encoded.specialTokensMask,
        decoded: await tokenizer.decode(encoded.ids),
        decoded_skip_special: await tokenizer.decode(encoded.ids, { skipSpecialTokens: true }),
      }).toEqual({
        tokens: one.tokens,
        type_ids: one.type_ids,
        special_tokens_mask: one.special_tokens_mask,
        decoded: one.decoded,
        decoded_skip_special: one.decoded_skip_special,
      });
    }
  });

  test('pairs', async () => {
    const tokenizer = await tokenizerOf(name);
    const encoded = await tokenizer.encodeBatch(
      cases.pairs.map(({ text, text_pair }) => [text, text_pair ?? ''] as const),
    );
    expect(
      encoded.map(({ ids, offsets, typeIds, specialTokensMask, sequenceIds }) => ({
        ids,
        offsets,
        typeIds,
        specialTokensMask,
        sequenceIds,
      })),
    ).toEqual(
      cases.pairs.map(({ ids, offsets, type_ids, special_tokens_mask, sequence_ids }) => ({
        ids,
        offsets,
        typeIds: type_ids,
        specialTokensMask: special_tokens_mask,
        sequenceIds: sequence_ids,
      })),
    );
  });

  test('truncation', async () => {
    const tokenizer = await tokenizerOf(name);
    for (const one of cases.truncation) {
      const { ids, offsets, typeIds } = await tokenizer.encode(one.text, {
        pair: one.text_pair ?? undefined,
        maxLength: one.max_length,
        truncation: one.truncation,
        truncationSide: one.truncation_side,
      });
      expect({ ids, offsets, typeIds }).toEqual({ ids: one.ids, offsets: one.offsets, typeIds: one.type_ids });
    }
  });

  test('overflow', async () => {
    const tokenizer = await tokenizerOf(name);
    const { text, text_pair, max_length: maxLength, stride, truncation, ...rows } = cases.overflow;
    const first = await tokenizer.encode(text, { pair: text_pair ?? undefined, maxLength, stride, truncation });
    const pieces = [first, ...first.overflow];
    expect({
      input_ids: pieces.map(({ ids }) => ids),
      offset_mapping: pieces.map(({ offsets }) => offsets),
      special_tokens_mask: pieces.map(({ specialTokensMask }) => specialTokensMask),
    }).toEqual({
      input_ids: rows.input_ids,
      offset_mapping: rows.offset_mapping,
      special_tokens_mask: rows.special_tokens_mask,
    });
  });

  test('padding', async () => {
    const tokenizer = await tokenizerOf(name);
    for (const one of cases.padding) {
      const { max_length: length, pad_to_multiple_of: multipleOf, truncation } = one.arguments;
      const encoded = await tokenizer.encodeBatch(one.texts, { maxLength: truncation === true ? length : undefined });
      const rows = padRows(tokenizer, encoded, {
        length: one.arguments.padding === true ? undefined : length,
        multipleOf,
        side: one.padding_side,
      });
      expect({ ids: rows.map(({ ids }) => ids), mask: rows.map(({ attentionMask }) => attentionMask) }).toEqual({
        ids: one.input_ids,
        mask: one.attention_mask,
      });
      if (one.token_type_ids !== undefined) expect(rows.map(({ typeIds }) => typeIds)).toEqual(one.token_type_ids);
    }
  });

  test('ids that arrive one by one read as those that come together, without half characters', async () => {
    const tokenizer = await tokenizerOf(name);
    for (const { text, add_special_tokens: addSpecialTokens } of cases.single) {
      const { ids } = await tokenizer.encode(text, { addSpecialTokens });
      const stream = streamText(tokenizer);
      const pieces: string[] = [];
      for (const id of ids) pieces.push(await stream.push(id));
      expect(
        pieces.some((piece) => piece.endsWith('\ufffd')),
        text,
      ).toBe(false);
      pieces.push(await stream.end());
      expect(pieces.join('')).toBe(await tokenizer.decode(ids));
    }
  });
});

describe('MiniLM', () => {
  test("gives the reference's ids, whatever length its tokenizer.json was saved with", async () => {
    const { tokenizer } = await loadTokenizer(join(shared, 'models/minilm-l6'));
    const { cases } = JSON.parse(readFileSync(join(shared, 'models/minilm-l6/reference.json'), 'utf8')) as {
      cases: { text: string; max_length: number; input_ids: number[] }[];
    };
    for (const { text, max_length: maxLength, input_ids } of cases) {
      expect((await tokenizer.encode(text, { maxLength })).ids).toEqual(input_ids);
    }
    const long = 'word '.repeat(300);
    expect((await tokenizer.encode(long)).ids.length).toBe(302);
  });

  test('a long text in pieces: each token once, but for those shared', async () => {
    const { tokenizer } = await loadTokenizer(join(shared, 'models/minilm-l6'));
    const text = Array.from({ length: 100 }, (_, i) => String(i % 10)).join(' ');
    const whole = (await tokenizer.encode(text, { addSpecialTokens: false })).ids;
    for (const truncationSide of ['right', 'left'] as const) {
      const first = await tokenizer.encode(text, { maxLength: 10, stride: 3, truncationSide });
      const pieces = [first, ...first.overflow].map(({ ids }) => ids.slice(1, -1));
      const inOrder = truncationSide === 'right' ? pieces : pieces.toReversed();
      const joined = inOrder.flatMap((piece, i) =>
        truncationSide === 'right'
          ? piece.slice(i === 0 ? 0 : 3)
          : piece.slice(0, i === pieces.length - 1 ? undefined : -3),
      );
      expect(joined).toEqual(whole);
      expect(pieces.slice(0, -1).every((piece) => piece.length === 8)).toBe(true);
    }
  });

  test('calls with different limits at the same time do not disturb each other', async () => {
    const { tokenizer } = await loadTokenizer(join(shared, 'models/minilm-l6'));
    const limits = [8, undefined, 5, 64, undefined, 12];
    const long = 'one two three '.repeat(40);
    const all = await Promise.all(limits.map((maxLength) => tokenizer.encode(long, { maxLength })));
    expect(all.map(({ ids }) => ids.length)).toEqual([8, 122, 5, 64, 122, 12]);
    await expect(tokenizer.encode(long, { maxLength: 8, stride: 6 })).rejects.toThrow('leaves no room');
    expect((await tokenizer.encode('still here')).ids.length).toBe(4);
  });
});

describe('refusing', () => {
  test.each(['tokenizer-evil-regex', 'tokenizer-huge-ids', 'tokenizer-bad-merges'])('%s', async (name) => {
    const started = performance.now();
    await expect(loadTokenizer(join(shared, 'data/hostile/models', name))).rejects.toMatchObject({
      code: 'tokenizer.unsupported',
    });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('patterns that take exponential time, and no others', async () => {
    expect(['(a+)+$', '((a|b)*c?)*', '(?:x{2,})+', '(([a-z])+.)+'].map(isExplosive)).toEqual([true, true, true, true]);
    expect(['(a|a)*b', '(?:a|aa)+b', '(?:\\w|x)+$', '((?:ab|a)b?)*'].map(isExplosive)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    for (const name of goldens.keys()) await expect(tokenizerOf(name)).resolves.toBeDefined();
    expect(['(?:a|b)+c', "(?:'s|x)*", '(?:a|aa)b+'].map(isExplosive)).toEqual([false, false, false]);
    expect(['(?:a{3})*', '[(+]+\\)+', '\\p{N}{1,3}(?=(?:\\p{N}{3})*$)', '(ab?)+'].map(isExplosive)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  test('a folder without tokenizer.json', async () => {
    await expect(openModel(join(shared, 'data/hostile/models/missing-fields'))).rejects.toMatchObject({
      code: 'model.no-weights',
    });
    await expect(loadTokenizer(join(shared, 'data/hostile/models/missing-fields'))).rejects.toMatchObject({
      code: 'model.no-tokenizer',
    });
  });
});
