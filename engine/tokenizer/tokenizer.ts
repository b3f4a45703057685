/** Text to token ids and back, by the native `tokenizers` library from the text of a tokenizer.json. */
import { Tokenizer as Native, type Encoding, type TruncationStrategy } from 'tokenizers';
import { BugError, StudioError, asOurs } from '../spec/errors.ts';
import { checkTokenizerJson } from './check.ts';

export type SpecialName = 'bos' | 'eos' | 'unk' | 'sep' | 'pad' | 'cls' | 'mask';

export interface EncodeOptions {
  readonly pair?: string | undefined;
  /** True unless said otherwise. */
  readonly addSpecialTokens?: boolean | undefined;
  /** Tokens, special ones included; no truncation without it. */
  readonly maxLength?: number | undefined;
  /** Which text gives way; `longest_first` unless said otherwise. */
  readonly truncation?: 'longest_first' | 'only_first' | 'only_second' | undefined;
  /** Which end is cut off; the tokenizer's own side unless said otherwise. */
  readonly truncationSide?: 'left' | 'right' | undefined;
  /** Tokens that a piece of `overflow` shares with the piece before it. */
  readonly stride?: number | undefined;
}

/** One encoded text or pair. All lists have one entry a token. */
export interface Encoded {
  readonly ids: number[];
  readonly typeIds: number[];
  /** Start and end of each token in its text, in Unicode code points. */
  readonly offsets: (readonly [number, number])[];
  /** 1 where the tokenizer added the token. */
  readonly specialTokensMask: number[];
  /** 0 for the text, 1 for its pair, null for added tokens. */
  readonly sequenceIds: (number | null)[];
  /** What truncation cut off, in pieces of at most `maxLength` tokens. */
  readonly overflow: readonly Encoded[];
}

export interface Tokenizer {
  encode(text: string, options?: EncodeOptions): Promise<Encoded>;
  /** Each item alone (`pair` goes with every one; give pairs as tuples instead). */
  encodeBatch(texts: readonly (string | readonly [string, string])[], options?: EncodeOptions): Promise<Encoded[]>;
  decode(ids: readonly number[], options?: { readonly skipSpecialTokens?: boolean }): Promise<string>;
  /** Entries of the vocabulary, added tokens included. */
  readonly vocabSize: number;
  tokenToId(token: string): number | null;
  idToToken(id: number): string | null;
  /** The tokens that have a part to play, as text and id; null where the model has none. */
  readonly special: Readonly<Record<SpecialName, { readonly token: string; readonly id: number } | null>>;
  /** Ids of all tokens that `skipSpecialTokens` leaves out. */
  readonly specialIds: ReadonlySet<number>;
  readonly paddingSide: 'left' | 'right';
  /** The longest input the model was made for, where the tokenizer says so. */
  readonly modelMaxLength: number | null;
  /** Text of the tokenizer.json it was made from. */
  readonly json: string;
}

/** What tokenizer_config.json adds to tokenizer.json. */
export interface TokenizerSettings {
  readonly special: Readonly<Partial<Record<SpecialName, string>>>;
  readonly paddingSide: 'left' | 'right';
  readonly truncationSide: 'left' | 'right';
  readonly modelMaxLength: number | null;
  readonly cleanUpSpaces: boolean;
}

/** `path` is named in errors. Errors: `tokenizer.unsupported`. */
export async function createTokenizer(path: string, json: string, settings: TokenizerSettings): Promise<Tokenizer> {
  const { specialIds } = checkTokenizerJson(path, json);
  const native = loadNative(path, json);
  const added = {
    single: (await native.encode('', null, { addSpecialTokens: true })).getLength(),
    pair: (await native.encode('', '', { addSpecialTokens: true })).getLength(),
  };
  // Truncation is a state of the native object, so one call has it at a time.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };

  const withTruncation = (options: EncodeOptions, paired: boolean): void => {
    const { maxLength, stride = 0, addSpecialTokens = true } = options;
    if (maxLength === undefined) {
      native.disableTruncation();
      return;
    }
    const room = maxLength - (addSpecialTokens ? (paired ? added.pair : added.single) : 0);
    // The native library ends the process on what it cannot fit.
    if (!Number.isInteger(maxLength) || room < 1 || stride >= room || stride < 0) {
      throw new BugError(`truncation to ${maxLength} tokens with stride ${stride} leaves no room for text`);
    }
    native.setTruncation(maxLength, {
      stride,
      direction: options.truncationSide ?? settings.truncationSide,
      strategy: nativeStrategies[options.truncation ?? 'longest_first'] as TruncationStrategy,
    });
  };

  const specialOf = (name: SpecialName): { token: string; id: number } | null => {
    const token = settings.special[name];
    const id = token === undefined ? null : native.tokenToId(token);
    return token === undefined || id === null ? null : { token, id };
  };

  return {
    encode(text, options = {}) {
      return inTurn(async () => {
        withTruncation(options, options.pair !== undefined);
        const { addSpecialTokens = true } = options;
        return plain(await native.encode(text, options.pair ?? null, { addSpecialTokens }));
      });
    },
    encodeBatch(texts, options = {}) {
      return inTurn(async () => {
        const { pair, addSpecialTokens = true } = options;
        const items = texts.map((item): [string, string] | string => {
          if (typeof item !== 'string') return [item[0], item[1]];
          return pair === undefined ? item : [item, pair];
        });
        withTruncation(options, items.some((item) => typeof item !== 'string'));
        return (await native.encodeBatch(items, { addSpecialTokens })).map(plain);
      });
    },
    async decode(ids, { skipSpecialTokens = false } = {}) {
      const text = await native.decode([...ids], skipSpecialTokens);
      return settings.cleanUpSpaces ? cleanUp(text) : text;
    },
    vocabSize: native.getVocabSize(true),
    tokenToId: (token) => native.tokenToId(token),
    idToToken: (id) => native.idToToken(id),
    special: {
      bos: specialOf('bos'),
      eos: specialOf('eos'),
      unk: specialOf('unk'),
      sep: specialOf('sep'),
      pad: specialOf('pad'),
      cls: specialOf('cls'),
      mask: specialOf('mask'),
    },
    specialIds,
    paddingSide: settings.paddingSide,
    modelMaxLength: settings.modelMaxLength,
    json,
  };
}

function loadNative(path: string, json: string): Native {
  try {
    const native = Native.fromString(json);
    // Some files carry the truncation and padding of the person who saved them.
    native.disableTruncation();
    native.disablePadding();
    return native;
  } catch (thrown) {
    throw new StudioError('tokenizer.unsupported', { path, reason: asOurs(thrown).message }, { cause: thrown });
  }
}

// The values of the library's ambient enum, which erasable syntax cannot import.
const nativeStrategies = {
  longest_first: 'LongestFirst',
  only_first: 'OnlyFirst',
  only_second: 'OnlySecond',
} as const satisfies Record<NonNullable<EncodeOptions['truncation']>, string>;

function plain(encoding: Encoding): Encoded {
  return {
    ids: encoding.getIds(),
    typeIds: encoding.getTypeIds(),
    offsets: encoding.getOffsets() as [number, number][],
    specialTokensMask: encoding.getSpecialTokensMask(),
    sequenceIds: encoding.getSequenceIds().map((id) => id ?? null),
    overflow: encoding.getOverflowing().map(plain),
  };
}

/** Transformers' `clean_up_tokenization`, for the models whose settings ask for it. */
function cleanUp(text: string): string {
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}
