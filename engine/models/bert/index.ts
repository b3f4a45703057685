/** BERT (Devlin et al., 2019, arXiv 1810.04805); MiniLM-L6 is one. */
import { maskedLmTies, storedElsewhere } from '../masked-lm.ts';
import { countedPositions, withOrWithout, type Architecture } from '../model.ts';
import { parseBertConfig, type BertConfig } from './config.ts';
import { bertForward, bertHead } from './forward.ts';
import { bertHeadModules, bertMaskedLm, bertModules } from './weights.ts';

const table = 'bert.embeddings.word_embeddings';

export const bert: Architecture<BertConfig> = {
  type: 'bert',
  kind: 'encoder',
  taskClasses: {
    'sequence-classification': 'BertForSequenceClassification',
    'token-classification': 'BertForTokenClassification',
    'question-answering': 'BertForQuestionAnswering',
    'multiple-choice': 'BertForMultipleChoice',
    'masked-lm': 'BertForMaskedLM',
  },
  wordEmbeddings: () => table,
  takesPast: true,
  tokenTypes: true,
  parseConfig: parseBertConfig,
  modules: bertModules,
  headModules: bertHeadModules,
  ties: ({ tied }, { name }) => (name === 'masked-lm' ? maskedLmTies(bertMaskedLm, { table, tied }) : new Map()),
  stored: (name) => [
    ...withOrWithout(name, 'bert.'),
    ...storedElsewhere(bertMaskedLm, name, withOrWithout(`${table}.weight`, 'bert.')),
  ],
  positions: (_config, mask, options) => countedPositions(mask, options),
  pooled: () => 0,
  decoderInput: () => 'none',
  forward: bertForward,
  head: bertHead,
};
