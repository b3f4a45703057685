/** What a model's own files say of its answers, in token ids: what ends them, what they may not hold, what they must begin with. */
import type { BaseModel } from '../checkpoint/model-folder.ts';
import type { Json } from '../spec/json.ts';

export interface TokenRules {
  /** Tokens that end a row. */
  readonly eos: readonly number[];
  /** Sequences that may not occur. */
  readonly badWords?: readonly (readonly number[])[];
  /** The first token of a decoder that starts with one token. */
  readonly forcedBos?: number;
  /** The last token of a row that reaches its limit. */
  readonly forcedEos?: readonly number[];
  readonly suppressed?: readonly number[];
}

/** From generation_config.json; where a model has none, from config.json, as older models do. End tokens: from everywhere. */
export function tokenRules(base: Pick<BaseModel, 'config' | 'generationConfig' | 'tokenizer'>): TokenRules {
  const { config, tokenizer } = base;
  const generation = asObject(base.generationConfig);
  const field = (name: string): Json | undefined => (base.generationConfig === null ? config : generation)[name];
  const badWords = lists(field('bad_words_ids'));
  const [forcedBos] = ids(field('forced_bos_token_id'));
  const forcedEos = ids(field('forced_eos_token_id'));
  const suppressed = ids(field('suppress_tokens'));
  const eos = [config['eos_token_id'], generation['eos_token_id'], tokenizer.special.eos?.id].flatMap(ids);
  return {
    eos: [...new Set(eos)],
    ...(badWords.length > 0 ? { badWords } : {}),
    ...(forcedBos === undefined ? {} : { forcedBos }),
    ...(forcedEos.length > 0 ? { forcedEos } : {}),
    ...(suppressed.length > 0 ? { suppressed } : {}),
  };
}

/** What a model reads before anything else: the token that begins texts, or where it has none, one that ends them. */
export function beginningToken({ config, tokenizer: { special } }: Pick<BaseModel, 'config' | 'tokenizer'>): number {
  const candidates = [special.bos?.id, config['bos_token_id'], special.eos?.id, config['eos_token_id'], 0];
  return candidates.flatMap(ids)[0] ?? 0;
}

function asObject(value: Json | null): Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json>>)
    : {};
}

/** A token id or several; anything else is none. */
function ids(value: Json | undefined): readonly number[] {
  return [value].flat().filter((id): id is number => Number.isInteger(id) && Number(id) >= 0);
}

function lists(value: Json | undefined): readonly (readonly number[])[] {
  return Array.isArray(value) ? value.map((entry: Json) => ids(entry)).filter(({ length }) => length > 0) : [];
}
