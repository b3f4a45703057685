/** DistilBERT (Sanh et al., 2019, arXiv 1910.01108). */
import { countedPositions, withOrWithout, type Architecture } from '../model.ts';
import { parseDistilBertConfig, type DistilBertConfig } from './config.ts';
import { distilBertForward, distilBertHead } from './forward.ts';
import { distilBertHeadModules, distilBertModules } from './weights.ts';

export const distilbert: Architecture<DistilBertConfig> = {
  type: 'distilbert',
  kind: 'encoder',
  taskClasses: {
    'sequence-classification': 'DistilBertForSequenceClassification',
    'token-classification': 'DistilBertForTokenClassification',
    'question-answering': 'DistilBertForQuestionAnswering',
    'multiple-choice': 'DistilBertForMultipleChoice',
  },
  wordEmbeddings: () => 'distilbert.embeddings.word_embeddings',
  takesPast: false,
  tokenTypes: false,
  parseConfig: parseDistilBertConfig,
  modules: distilBertModules,
  headModules: distilBertHeadModules,
  ties: () => new Map(),
  stored: (name) => withOrWithout(name, 'distilbert.'),
  positions: (_config, mask, options) => countedPositions(mask, options),
  pooled: () => 0,
  decoderInput: () => 'none',
  forward: distilBertForward,
  head: distilBertHead,
};
