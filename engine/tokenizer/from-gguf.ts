/** Rebuilds a tokenizer.json from the metadata of a GGUF file: byte-level BPE and SentencePiece BPE. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { splittings } from './gguf-splitting.ts';
import { tokenTypes } from './gguf-token-types.ts';

type Keys = ReadonlyMap<string, Json>;
type Fields = Readonly<Record<string, Json>>;

export interface RebuiltTokenizer {
  /** Text of tokenizer.json. */
  readonly json: string;
  /** Content of tokenizer_config.json, without the chat template. */
  readonly settings: Fields;
  readonly chatTemplate: string | null;
}

interface Vocabulary {
  readonly path: string;
  readonly keys: Keys;
  readonly tokens: readonly string[];
  readonly types: readonly number[];
}

/** Errors: `model.no-tokenizer`, `tokenizer.unsupported` with the kind that is not known. */
export function tokenizerFromGguf(path: string, keys: Keys): RebuiltTokenizer {
  const kind = keys.get('tokenizer.ggml.model');
  const tokens = texts(keys.get('tokenizer.ggml.tokens'));
  if (kind === undefined || tokens === null || tokens.length === 0)
    throw new StudioError('model.no-tokenizer', { path });
  const types = numbers(keys.get('tokenizer.ggml.token_type')) ?? [];
  const vocabulary: Vocabulary = { path, keys, tokens, types };
  const template = keys.get('tokenizer.chat_template');
  return {
    json: JSON.stringify(rootOf(kind, vocabulary)),
    settings: settingsFor(vocabulary),
    chatTemplate: typeof template === 'string' ? template : null,
  };
}

function rootOf(kind: Json, vocabulary: Vocabulary): Fields {
  if (kind === 'gpt2') return byteLevel(vocabulary);
  if (kind === 'llama') return sentencePiece(vocabulary);
  throw unsupported(vocabulary, `tokenizer.ggml.model is ${JSON.stringify(kind)}; gpt2 and llama are known`);
}

function unsupported({ path }: Vocabulary, reason: string): StudioError {
  return new StudioError('tokenizer.unsupported', { path, reason });
}

function texts(value: Json | undefined): readonly string[] | null {
  const list = listOf(value);
  return list?.every((item): item is string => typeof item === 'string') === true ? list : null;
}

function numbers(value: Json | undefined): readonly number[] | null {
  const list = listOf(value);
  return list?.every((item): item is number => typeof item === 'number') === true ? list : null;
}

function listOf(value: Json | undefined): readonly Json[] | null {
  return Array.isArray(value) ? (value as readonly Json[]) : null;
}

function byteLevel(vocabulary: Vocabulary): Fields {
  const { keys, tokens } = vocabulary;
  const name = keys.get('tokenizer.ggml.pre') ?? 'default';
  const splitting = typeof name === 'string' ? splittings.get(name) : undefined;
  if (splitting === undefined) {
    const known = [...splittings.keys()].join(', ');
    throw unsupported(vocabulary, `tokenizer.ggml.pre is ${JSON.stringify(name)}; known are ${known}`);
  }
  const merges = texts(keys.get('tokenizer.ggml.merges'));
  if (merges === null) throw unsupported(vocabulary, 'tokenizer.ggml.merges is missing');
  const ends = addedEnds(vocabulary, splitting.bos);
  const trim: Json = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(vocabulary),
    normalizer: splitting.normalizer,
    pre_tokenizer: splitting.preTokenizer,
    post_processor: ends === null ? trim : { type: 'Sequence', processors: [trim, ends] },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: splitting.ignoreMerges,
      vocab: vocabOf(tokens),
      merges,
    },
  };
}

/** SentencePiece's BPE: the merges are the splits of each piece into two others, best piece first. */
function sentencePiece(vocabulary: Vocabulary): Fields {
  const { keys, tokens } = vocabulary;
  const scores = numbers(keys.get('tokenizer.ggml.scores'));
  if (scores === null || scores.length !== tokens.length) {
    throw unsupported(vocabulary, 'tokenizer.ggml.scores is missing or of another length than the tokens');
  }
  const prefixed = keys.get('tokenizer.ggml.add_space_prefix') !== false;
  const toMark: Json = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const toSpace: Json = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
  const decoders: Json[] = [toSpace, { type: 'ByteFallback' }, { type: 'Fuse' }];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(vocabulary),
    normalizer: {
      type: 'Sequence',
      normalizers: prefixed ? [{ type: 'Prepend', prepend: '▁' }, toMark] : [toMark],
    },
    pre_tokenizer: null,
    post_processor: addedEnds(vocabulary, true),
    decoder: {
      type: 'Sequence',
      decoders: prefixed ? [...decoders, { type: 'Strip', content: ' ', start: 1, stop: 0 }] : decoders,
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: tokenAt(vocabulary, 'unknown'),
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: vocabOf(tokens),
      merges: mergesByScore(tokens, scores),
    },
  };
}

function mergesByScore(tokens: readonly string[], scores: readonly number[]): Json {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const merges: { readonly left: string; readonly right: string; readonly score: number }[] = [];
  tokens.forEach((token, id) => {
    const splits: { left: string; right: string; leftId: number; rightId: number }[] = [];
    const characters = [...token];
    for (let cut = 1; cut < characters.length; cut += 1) {
      const left = characters.slice(0, cut).join('');
      const right = characters.slice(cut).join('');
      const leftId = ids.get(left);
      const rightId = ids.get(right);
      if (leftId !== undefined && rightId !== undefined) splits.push({ left, right, leftId, rightId });
    }
    splits.sort((a, b) => a.leftId - b.leftId || a.rightId - b.rightId);
    for (const { left, right } of splits) merges.push({ left, right, score: scores[id] ?? 0 });
  });
  merges.sort((a, b) => b.score - a.score || b.left.length - a.left.length || b.right.length - a.right.length);
  return merges.map(({ left, right }) => [left, right]);
}

/** A null prototype: tokens may be called `__proto__`. */
function vocabOf(tokens: readonly string[]): Fields {
  const vocab = Object.create(null) as Record<string, number>;
  tokens.forEach((token, id) => {
    vocab[token] = id;
  });
  return vocab;
}

function addedTokens({ tokens, types }: Vocabulary): Json {
  return tokens.flatMap((content, id): Json[] => {
    const type = types[id];
    const special = type === tokenTypes.control || type === tokenTypes.unknown;
    if (!special && type !== tokenTypes.userDefined) return [];
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
}

function tokenAt({ keys, tokens }: Vocabulary, name: string): string | null {
  const id = keys.get(`tokenizer.ggml.${name}_token_id`);
  return typeof id === 'number' ? (tokens[id] ?? null) : null;
}

/** The post-processor that puts BOS before and EOS after a text, or null where neither belongs there. */
function addedEnds(vocabulary: Vocabulary, bosUnsaid: boolean): Json {
  const { keys, tokens } = vocabulary;
  const bos = (keys.get('tokenizer.ggml.add_bos_token') ?? bosUnsaid) === true ? tokenAt(vocabulary, 'bos') : null;
  const eos = keys.get('tokenizer.ggml.add_eos_token') === true ? tokenAt(vocabulary, 'eos') : null;
  if (bos === null && eos === null) return null;
  const template = (id: 'A' | 'B', typeId: number): Json[] => [
    ...(bos === null ? [] : [{ SpecialToken: { id: bos, type_id: typeId } }]),
    { Sequence: { id, type_id: typeId } },
    ...(eos === null ? [] : [{ SpecialToken: { id: eos, type_id: typeId } }]),
  ];
  const used = [bos, eos].filter((token) => token !== null);
  return {
    type: 'TemplateProcessing',
    single: template('A', 0),
    pair: [...template('A', 0), ...template('B', 1)],
    special_tokens: Object.fromEntries(
      used.map((token) => [token, { id: token, ids: [tokens.indexOf(token)], tokens: [token] }]),
    ),
  };
}

function settingsFor(vocabulary: Vocabulary): Fields {
  const { keys } = vocabulary;
  const names = { bos_token: 'bos', eos_token: 'eos', unk_token: 'unknown', pad_token: 'padding' };
  const special = Object.entries(names).flatMap(([field, name]) => {
    const token = tokenAt(vocabulary, name);
    return token === null ? [] : [[field, token] as const];
  });
  const architecture = keys.get('general.architecture');
  const longest = typeof architecture === 'string' ? keys.get(`${architecture}.context_length`) : undefined;
  return {
    ...Object.fromEntries(special),
    clean_up_tokenization_spaces: false,
    ...(typeof longest === 'number' ? { model_max_length: longest } : {}),
    tokenizer_class: 'PreTrainedTokenizerFast',
  };
}
