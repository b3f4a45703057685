/** Makes an architecture of a family of rotary pre-norm decoders. */
import { countedPositions, type Architecture, type HeadName } from '../model.ts';
import type { DecoderConfig } from './config.ts';
import { decoderForward, softCap } from './forward.ts';
import { decoderHeads, lastWord } from './heads.ts';
import { decoderModules } from './weights.ts';

export interface Family extends Pick<Architecture<DecoderConfig>, 'type' | 'taskClasses' | 'parseConfig'> {
  /** The base model's attribute in the task model of a head. */
  readonly prefix: (head: HeadName) => string;
  /** Prefixes under which files hold the base model besides `model.`. */
  readonly storedPrefixes?: readonly string[];
}

const heads = decoderHeads();

export function rotaryDecoder({ prefix, storedPrefixes = [], ...family }: Family): Architecture<DecoderConfig> {
  const wordEmbeddings = (head: HeadName): string => `${prefix(head)}.embed_tokens`;
  const storedAs = [...storedPrefixes, 'model.', ''];
  return {
    ...family,
    kind: 'decoder',
    wordEmbeddings,
    takesPast: true,
    tokenTypes: false,
    modules: (config, head) => decoderModules(config, prefix(head.name)),
    headModules: heads.modules,
    ties: ({ tied }, { name }) =>
      new Map(tied && name === 'causal-lm' ? [['lm_head.weight', `${wordEmbeddings(name)}.weight`]] : []),
    stored: (name, head) => {
      // A tied head is the embedding, which files of an untied task model may still hold alone.
      if (name === 'lm_head.weight') return [name, ...storedAs.map((own) => `${own}embed_tokens.weight`)];
      const own = `${prefix(head)}.`;
      return name.startsWith(own) ? [own, ...storedAs].map((start) => start + name.slice(own.length)) : [name];
    },
    positions: (_config, mask, options) => countedPositions(mask, options),
    pooled: lastWord,
    decoderInput: () => 'none',
    forward: (scope, config, inputs) => decoderForward(scope, config, { ...inputs, prefix: prefix(inputs.head) }),
    head: (scope, { config, ...head }, hidden) => {
      const logits = heads.apply(scope, head, hidden);
      return head.name === 'causal-lm' && config.logitCap !== null ? softCap(logits, config.logitCap) : logits;
    },
  };
}

/** The base model's attribute, which the oldest families call otherwise for question answering. */
export function modelOrTransformer(head: HeadName): string {
  return head === 'question-answering' ? 'transformer' : 'model';
}

/** Transformers' classes of a family. */
export function taskClasses(family: string, heads: readonly (keyof typeof suffixes)[]): Architecture['taskClasses'] {
  return Object.fromEntries(heads.map((head) => [head, `${family}${suffixes[head]}`]));
}

const suffixes = {
  'causal-lm': 'ForCausalLM',
  'sequence-classification': 'ForSequenceClassification',
  'token-classification': 'ForTokenClassification',
  'question-answering': 'ForQuestionAnswering',
} as const satisfies Partial<Record<HeadName, string>>;

export const allDecoderHeads = Object.keys(suffixes) as readonly (keyof typeof suffixes)[];
