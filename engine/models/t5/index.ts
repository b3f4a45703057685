/** T5 and Flan-T5 (Raffel et al., 2020, arXiv 1910.10683; Chung et al., 2022, arXiv 2210.11416), and mT5 (arXiv 2010.11934). */
import { countedPositions, pooledAtEnd, type Architecture } from '../model.ts';
import { parseMt5Config, parseT5Config, type T5Config } from './config.ts';
import { t5Forward, t5Head } from './forward.ts';
import { hasDecoder, t5HeadModules, t5Modules, t5Prefix, t5Stored } from './weights.ts';

function classesOf(family: string): Architecture['taskClasses'] {
  return {
    'seq2seq-lm': `${family}ForConditionalGeneration`,
    'sequence-classification': `${family}ForSequenceClassification`,
    'token-classification': `${family}ForTokenClassification`,
    'question-answering': `${family}ForQuestionAnswering`,
  };
}

export const t5: Architecture<T5Config> = {
  type: 't5',
  kind: 'encoder-decoder',
  taskClasses: classesOf('T5'),
  wordEmbeddings: (head) => `${t5Prefix(head)}shared`,
  takesPast: true,
  tokenTypes: false,
  parseConfig: parseT5Config,
  // What scales the decoder's states is not what ties the head, once a head has learned.
  savedConfig: ({ tied, scaled }) => ({ tie_word_embeddings: tied, scale_decoder_outputs: scaled }),
  modules: t5Modules,
  headModules: t5HeadModules,
  ties: ({ tied }, { name }) => new Map(tied && name === 'seq2seq-lm' ? [['lm_head.weight', 'shared.weight']] : []),
  stored: t5Stored,
  positions: (_config, mask, options) => countedPositions(mask, options),
  pooled: pooledAtEnd,
  decoderInput: (head) => (head === 'seq2seq-lm' ? 'answer' : hasDecoder(head) ? 'shifted-input' : 'none'),
  forward: t5Forward,
  head: t5Head,
};

export const mt5: Architecture<T5Config> = {
  ...t5,
  type: 'mt5',
  taskClasses: classesOf('MT5'),
  parseConfig: parseMt5Config,
  savedConfig: ({ tied }) => ({ tie_word_embeddings: tied }),
};
