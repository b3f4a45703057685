/** Text to token ids and back, by the native `tokenizers` library from the text of a tokenizer.json. */
import { Tokenizer as Native, type Encoding } from 'tokenizers';
import { StudioError, asOurs } from '../spec/errors.ts';
import { checkTokenizerJson } from './check.ts';
import { truncate, type Side, type Truncation } from './truncate.ts';

export type SpecialName = 'bos' | 'eos' | 'unk' | 'sep' | 'pad' | 'cls' | 'mask';

export interface EncodeOptions {
  /** An empty one counts as none, as in Transformers. */
  readonly pair?: string | undefined;
  /** True unless said otherwise. */
  readonly addSpecialTokens?: boolean | undefined;
  /** Tokens, special ones included; no truncation without it. */
  readonly maxLength?: number | undefined;
  /** Which text gives way; `longest_first` unless said otherwise. */
  readonly truncation?: Truncation['strategy'] | undefined;
  /** Which end is cut off; the tokenizer's own side unless said otherwise. */
  readonly truncationSide?: Side | undefined;
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
  /** What truncation cut off, in pieces of at most `maxLength` tokens; none where both texts of a pair gave way. */
  readonly overflow: readonly Encoded[];
}

export interface Tokenizer {
  encode(text: string, options?: EncodeOptions): Promise<Encoded>;
  /** Each text, or pair of texts, by itself. */
  encodeBatch(
    texts: readonly (string | readonly [string, string])[],
    options?: Omit<EncodeOptions, 'pair'>,
  ): Promise<Encoded[]>;
  decode(ids: readonly number[], options?: { readonly skipSpecialTokens?: boolean }): Promise<string>;
  /** Entries of the vocabulary, added tokens included. */
  readonly vocabSize: number;
  tokenToId(token: string): number | null;
  idToToken(id: number): string | null;
  /** The tokens that have a part to play, as text and id; null where the model has none. */
  readonly special: Readonly<Record<SpecialName, { readonly token: string; readonly id: number } | null>>;
  /** Ids of all tokens that `skipSpecialTokens` leaves out. */
  readonly specialIds: ReadonlySet<number>;
  readonly paddingSide: Side;
  /** The longest input the model was made for, where the tokenizer says so. */
  readonly modelMaxLength: number | null;
  /** Text of the tokenizer.json it was made from. */
  readonly json: string;
}

/** What tokenizer_config.json adds to tokenizer.json. */
export interface TokenizerSettings {
  readonly special: Readonly<Partial<Record<SpecialName, string>>>;
  readonly paddingSide: Side;
  readonly truncationSide: Side;
  readonly modelMaxLength: number | null;
  readonly cleanUpSpaces: boolean;
}

/** `path` is named in errors. Errors: `tokenizer.unsupported`. */
export function createTokenizer(path: string, json: string, settings: TokenizerSettings): Tokenizer {
  const { specialIds } = checkTokenizerJson(path, json);
  const native = loadNative(path, json);
  const cut = (encoding: Encoding, options: EncodeOptions): Encoded => {
    const { maxLength, truncation = 'longest_first', truncationSide = settings.truncationSide, stride = 0 } = options;
    const full = plain(encoding);
    if (maxLength === undefined) return full;
    return truncate(full, { maxLength, strategy: truncation, side: truncationSide, stride });
  };

  const encodeOne = (text: string, { pair = '', addSpecialTokens = true }: EncodeOptions): Promise<Encoding> =>
    native.encode(text, pair === '' ? null : pair, { addSpecialTokens });

  const specialOf = (name: SpecialName): { token: string; id: number } | null => {
    const token = settings.special[name];
    const id = token === undefined ? null : native.tokenToId(token);
    return token === undefined || id === null ? null : { token, id };
  };

  return {
    async encode(text, options = {}) {
      return cut(await encodeOne(text, options), options);
    },
    async encodeBatch(texts, options = {}) {
      const { addSpecialTokens = true } = options;
      const encodings = texts.every((item) => typeof item === 'string')
        ? await native.encodeBatch([...texts], { addSpecialTokens })
        : await Promise.all(
            texts.map((item) => {
              const [text, pair] = typeof item === 'string' ? [item, undefined] : item;
              return encodeOne(text, { ...options, pair });
            }),
          );
      return encodings.map((encoding) => cut(encoding, options));
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

function plain(encoding: Encoding): Encoded {
  return {
    ids: encoding.getIds(),
    typeIds: encoding.getTypeIds(),
    offsets: encoding.getOffsets() as [number, number][],
    specialTokensMask: encoding.getSpecialTokensMask(),
    sequenceIds: encoding.getSequenceIds().map((id) => id ?? null),
    overflow: [],
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
