/** BERT (Devlin et al., 2019, arXiv 1810.04805); MiniLM-L6 is one. */
import { countedPositions, withOrWithout, type Architecture } from '../model.ts';
import { parseBertConfig, type BertConfig } from './config.ts';
import { bertForward, bertHead } from './forward.ts';
import { bertHeadModules, bertModules } from './weights.ts';

export const bert: Architecture<BertConfig> = {
  type: 'bert',
  kind: 'encoder',
  taskClasses: {
    'sequence-classification': 'BertForSequenceClassification',
    'token-classification': 'BertForTokenClassification',
    'question-answering': 'BertForQuestionAnswering',
    'multiple-choice': 'BertForMultipleChoice',
  },
  wordEmbeddings: () => 'bert.embeddings.word_embeddings',
  takesPast: true,
  tokenTypes: true,
  parseConfig: parseBertConfig,
  modules: bertModules,
  headModules: bertHeadModules,
  ties: () => new Map(),
  stored: (name) => withOrWithout(name, 'bert.'),
  positions: (_config, mask, options) => countedPositions(mask, options),
  pooled: () => 0,
  decoderInput: () => 'none',
  forward: bertForward,
  head: bertHead,
};
