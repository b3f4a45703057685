/** A tokenizer as the metadata of a GGUF file: byte-level BPE, and BPE as SentencePiece has it. */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import { splittingName } from './gguf-splitting.ts';
import { tokenTypes } from './gguf-token-types.ts';

type Fields = Readonly<Record<string, Json>>;

/** Under the names of GGUF's keys, without `tokenizer.ggml.`. */
export interface GgufTokenizer {
  readonly model: 'gpt2' | 'llama';
  readonly pre: string;
  /** One for each row of the embedding table. */
  readonly tokens: readonly string[];
  readonly token_type: readonly number[];
  /** Byte-level alone. */
  readonly merges: readonly string[] | null;
  /** SentencePiece alone. */
  readonly scores: readonly number[] | null;
  readonly add_bos_token: boolean;
  readonly add_eos_token: boolean;
  /** SentencePiece alone. */
  readonly add_space_prefix: boolean | null;
}

export interface TokenizerToWrite {
  /** Named in errors. */
  readonly path: string;
  /** Text of tokenizer.json. */
  readonly json: string;
  /** Rows of the embedding table: ids without a token are filled up. */
  readonly rows: number;
  /** The text of the token that begins a sequence, and of the one that ends it, where there is one. */
  readonly bos: string | null;
  readonly eos: string | null;
}

interface Root {
  readonly path: string;
  readonly root: Fields;
  readonly model: Fields;
}

/** Errors: `tokenizer.unsupported` with what GGUF has no place for. */
export function tokenizerToGguf({ path, json, rows, bos, eos }: TokenizerToWrite): GgufTokenizer {
  const root = fieldsOf(JSON.parse(json) as Json);
  const model = fieldsOf(root['model']);
  const source: Root = { path, root, model };
  if (model['type'] !== 'BPE') throw refusal(source, `its model is ${shown(model['type'])}; only BPE can be written`);
  const merges = mergesOf(model);
  const tokens = tokensOf(source, rows);
  const pieces = isSentencePiece(source);
  const types = typesOf(source, tokens, pieces);
  const common = {
    tokens: tokens.map((token, id) => shownToken(token ?? `[PAD${id}]`, types[id])),
    token_type: types,
    add_bos_token: bos !== null && edge(root, 0) === bos,
    add_eos_token: eos !== null && edge(root, -1) === eos,
  };
  if (pieces) {
    const scores = scoresOf({ tokens, types }, merges);
    return { ...common, model: 'llama', pre: 'default', merges: null, scores, add_space_prefix: hasPrefix(root) };
  }
  return {
    ...common,
    model: 'gpt2',
    pre: splittingOf(source),
    // A space would end the first part of a merge.
    merges: merges.map((pair) => pair.map((part) => part.replaceAll(' ', 'Ġ')).join(' ')),
    scores: null,
    add_space_prefix: null,
  };
}

function refusal({ path }: Root, reason: string): StudioError {
  return new StudioError('tokenizer.unsupported', { path, reason });
}

function fieldsOf(value: Json | undefined): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function shown(value: Json | undefined): string {
  return JSON.stringify(value ?? null);
}

/** Pairs, best first; older files join the two by a space. */
function mergesOf(model: Fields): readonly (readonly string[])[] {
  return listOf(model['merges']).map((merge) =>
    typeof merge === 'string' ? merge.split(' ') : listOf(merge).map(textOf),
  );
}

/** Null for an id without a token. */
function tokensOf(source: Root, rows: number): readonly (string | null)[] {
  const tokens = Array<string | null>(rows).fill(null);
  const added = listOf(source.root['added_tokens']).map(fieldsOf);
  const named = [
    ...Object.entries(fieldsOf(source.model['vocab'])),
    ...added.map(({ content, id }) => [textOf(content), id] as const),
  ];
  for (const [token, id] of named) {
    if (typeof id !== 'number' || id >= rows) {
      throw refusal(source, `token ${JSON.stringify(token)} has the id ${shown(id)}, and the model has ${rows} rows`);
    }
    tokens[id] = token;
  }
  return tokens;
}

/** SentencePiece marks spaces with ▁ and spells what it does not know in bytes. */
function isSentencePiece({ root, model }: Root): boolean {
  return model['byte_fallback'] === true || stepsOf(root['normalizer']).some(({ content }) => content === '▁');
}

/** The steps of a normalizer or pre-tokenizer, whether it is one or a sequence. */
function stepsOf(part: Json | undefined): readonly Fields[] {
  const fields = fieldsOf(part);
  const inner = fields['normalizers'] ?? fields['pretokenizers'];
  return fields['type'] === 'Sequence' ? listOf(inner).map(fieldsOf) : [fields];
}

function hasPrefix(root: Fields): boolean {
  const prepends = stepsOf(root['normalizer']).some(({ type }) => type === 'Prepend');
  const metaspace = stepsOf(root['pre_tokenizer']).find(({ type }) => type === 'Metaspace');
  if (metaspace === undefined) return prepends;
  return prepends || (metaspace['prepend_scheme'] ?? 'always') !== 'never';
}

function splittingOf(source: Root): string {
  const { root, model } = source;
  const name = splittingName(root['pre_tokenizer'] ?? null, model['ignore_merges'] === true);
  if (name === null) throw refusal(source, 'llama.cpp has no name for how it splits texts (pre_tokenizer)');
  const other = stepsOf(root['normalizer']).find(({ type }) => type !== undefined && type !== 'NFC');
  if (other !== undefined) throw refusal(source, `its normalizer ${shown(other['type'])} has no place in GGUF`);
  return name;
}

function typesOf({ root, model }: Root, tokens: readonly (string | null)[], pieces: boolean): readonly number[] {
  const special = new Map(
    listOf(root['added_tokens']).map((token) => {
      const { content, special: isSpecial } = fieldsOf(token);
      return [textOf(content), isSpecial === true] as const;
    }),
  );
  return tokens.map((token) => {
    if (token === null) return tokenTypes.unused;
    if (pieces && token === model['unk_token']) return tokenTypes.unknown;
    const isSpecial = special.get(token);
    if (isSpecial === undefined) return pieces && /^<0x[0-9A-F]{2}>$/.test(token) ? tokenTypes.byte : tokenTypes.normal;
    return isSpecial || looksSpecial(token) ? tokenTypes.control : tokenTypes.userDefined;
  });
}

/** As llama.cpp's converter: some models do not mark tokens as special that steer them. */
function looksSpecial(token: string): boolean {
  return /^(?:<pad>|<mask>|<2mass>|\[@BOS@\]|<\|.*\|>|<｜.*｜>|<unused.*>)$/s.test(token);
}

/** Tokens that the user writes are looked for in the text as it is, where spaces are spaces. */
function shownToken(token: string, type: number | undefined): string {
  return type === tokenTypes.userDefined ? token.replaceAll('▁', ' ') : token;
}

/** SentencePiece joins the pair whose piece scores highest: the earlier a merge, the higher its piece. */
function scoresOf(
  { tokens, types }: { readonly tokens: readonly (string | null)[]; readonly types: readonly number[] },
  merges: readonly (readonly string[])[],
): readonly number[] {
  const ranks = new Map<string, number>();
  for (const [rank, pair] of merges.entries()) {
    const piece = pair.join('');
    if (!ranks.has(piece)) ranks.set(piece, rank);
  }
  return tokens.map((token, id) => {
    if (types[id] === tokenTypes.unused) return -10000;
    if (types[id] === tokenTypes.userDefined) return -1000;
    if (types[id] !== tokenTypes.normal) return 0;
    return -(ranks.get(token ?? '') ?? merges.length);
  });
}

/** Whether every sequence begins with that token. */
export function beginsWith(json: string, token: string | null): boolean {
  return token !== null && edge(fieldsOf(JSON.parse(json) as Json), 0) === token;
}

/** The text of the token that every sequence begins (0) or ends (−1) with, or null. */
function edge(root: Fields, at: 0 | -1): string | null {
  const processor = fieldsOf(root['post_processor']);
  const steps = processor['type'] === 'Sequence' ? listOf(processor['processors']).map(fieldsOf) : [processor];
  const template = steps.find(({ type }) => type === 'TemplateProcessing');
  const piece = fieldsOf(listOf(template?.['single']).at(at));
  const { id } = fieldsOf(piece['SpecialToken']);
  return typeof id === 'string' ? id : null;
}
