/** How a text is split before the merges, by llama.cpp's names (`tokenizer.ggml.pre`), both ways. */
import type { Json } from '../spec/json.ts';

type Fields = Readonly<Record<string, Json>>;

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const words = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';
const rest = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const lowerEnd = '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+';
const upperStart = '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*';
const restWithSlash = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

const byteLevelAlone: Json = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const digitsFirst: Json = {
  type: 'Sequence',
  pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevelAlone],
};

function splitBy(pattern: string): Json {
  return {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  };
}

export interface Splitting {
  readonly preTokenizer: Json;
  readonly normalizer: Json;
  /** A word that is a token is that token, whatever the merges say. */
  readonly ignoreMerges: boolean;
  /** Whether texts begin with BOS where the file does not say. */
  readonly bos: boolean;
}

const gpt2: Splitting = { preTokenizer: byteLevelAlone, normalizer: null, ignoreMerges: false, bos: false };
const smollm: Splitting = { ...gpt2, preTokenizer: digitsFirst };
const llama3: Splitting = {
  preTokenizer: splitBy(`${contractions}|${words}|\\p{N}{1,3}|${rest}`),
  normalizer: null,
  ignoreMerges: true,
  bos: true,
};
/** Llama 3's splitting, with merges that are followed to the letter. */
const dbrx: Splitting = { ...llama3, ignoreMerges: false, bos: false };
const qwen2: Splitting = {
  ...gpt2,
  preTokenizer: splitBy(`${contractions}|${words}|\\p{N}|${rest}`),
  normalizer: { type: 'NFC' },
};
const tekken: Splitting = {
  ...llama3,
  preTokenizer: splitBy(`${lowerEnd}|${upperStart}|\\p{N}|${restWithSlash}`),
};
const gpt4o: Splitting = {
  ...gpt2,
  preTokenizer: splitBy(`${lowerEnd}${contractions}?|${upperStart}${contractions}?|\\p{N}{1,3}|${restWithSlash}`),
};

/** The first name of each splitting is the one that is written. */
export const splittings: ReadonlyMap<string, Splitting> = new Map([
  ['gpt-2', gpt2],
  ['default', gpt2],
  ['gpt2', gpt2],
  ['phi-2', gpt2],
  ['olmo', gpt2],
  ['mpt', gpt2],
  ['smollm', smollm],
  ['starcoder', smollm],
  ['refact', smollm],
  ['command-r', smollm],
  ['codeshell', smollm],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['falcon3', llama3],
  ['pixtral', llama3],
  ['smaug-bpe', dbrx],
  ['dbrx', dbrx],
  ['qwen2', qwen2],
  ['deepseek-r1-qwen', qwen2],
  ['megrez', qwen2],
  ['tekken', tekken],
  ['gpt-4o', gpt4o],
  ['llama4', gpt4o],
]);

/** llama.cpp's name for how that tokenizer.json splits, or null where it has none that we know. */
export function splittingName(preTokenizer: Json, ignoreMerges: boolean): string | null {
  const wanted = signature(preTokenizer);
  if (wanted === null) return null;
  const named = [...splittings].filter(([, splitting]) => signature(splitting.preTokenizer) === wanted);
  const exact = named.find(([, splitting]) => splitting.ignoreMerges === ignoreMerges);
  return exact?.[0] ?? null;
}

/** What the steps of a pre-tokenizer do, whatever else is written in them; null where a step is of another kind. */
function signature(preTokenizer: Json): string | null {
  if (!isFields(preTokenizer)) return null;
  const inner = preTokenizer['type'] === 'Sequence' ? preTokenizer['pretokenizers'] : [preTokenizer];
  const steps = Array.isArray(inner) ? (inner as readonly Json[]).map(stepSignature) : [null];
  return steps.includes(null) ? null : steps.join('\n');
}

function stepSignature(step: Json): string | null {
  if (!isFields(step)) return null;
  if (step['type'] === 'ByteLevel' && step['add_prefix_space'] !== true) {
    return step['use_regex'] === false ? 'bytes' : 'words, then bytes';
  }
  if (step['type'] === 'Digits' && step['individual_digits'] === true) return 'digits';
  const pattern = isFields(step['pattern']) ? step['pattern']['Regex'] : undefined;
  const isolates = step['type'] === 'Split' && step['behavior'] === 'Isolated' && step['invert'] !== true;
  return isolates && typeof pattern === 'string' ? `split ${pattern}` : null;
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
