/** BART (Lewis et al., 2020, arXiv 1910.13461). */
import { countedPositions, pooledAtEnd, type Architecture } from '../model.ts';
import { parseBartConfig, type BartConfig } from './config.ts';
import { bartForward, bartHead } from './forward.ts';
import { bartHeadModules, bartModules, bartStored, positionOffset } from './weights.ts';

export const bart: Architecture<BartConfig> = {
  type: 'bart',
  kind: 'encoder-decoder',
  taskClasses: {
    'seq2seq-lm': 'BartForConditionalGeneration',
    'sequence-classification': 'BartForSequenceClassification',
    'question-answering': 'BartForQuestionAnswering',
  },
  wordEmbeddings: () => 'model.shared',
  takesPast: true,
  tokenTypes: false,
  parseConfig: parseBartConfig,
  // False would untie the stacks' tables too; a head with values of its own is read as it is.
  savedConfig: () => ({ tie_word_embeddings: true }),
  modules: bartModules,
  headModules: bartHeadModules,
  ties: ({ tied }, { name }) =>
    new Map(tied && name === 'seq2seq-lm' ? [['lm_head.weight', 'model.shared.weight']] : []),
  stored: bartStored,
  positions: (_config, mask, options) => countedPositions(mask, options).map((position) => position + positionOffset),
  pooled: pooledAtEnd,
  decoderInput: (head) => (head === 'seq2seq-lm' ? 'answer' : 'shifted-input'),
  forward: bartForward,
  head: bartHead,
};
