/** DistilBERT (Sanh et al., 2019, arXiv 1910.01108). */
import { maskedLmTies, storedElsewhere } from '../masked-lm.ts';
import { countedPositions, withOrWithout, type Architecture } from '../model.ts';
import { parseDistilBertConfig, type DistilBertConfig } from './config.ts';
import { distilBertForward, distilBertHead } from './forward.ts';
import { distilBertHeadModules, distilBertMaskedLm, distilBertModules } from './weights.ts';

const table = 'distilbert.embeddings.word_embeddings';

export const distilbert: Architecture<DistilBertConfig> = {
  type: 'distilbert',
  kind: 'encoder',
  taskClasses: {
    'sequence-classification': 'DistilBertForSequenceClassification',
    'token-classification': 'DistilBertForTokenClassification',
    'question-answering': 'DistilBertForQuestionAnswering',
    'multiple-choice': 'DistilBertForMultipleChoice',
    'masked-lm': 'DistilBertForMaskedLM',
  },
  wordEmbeddings: () => table,
  takesPast: false,
  tokenTypes: false,
  parseConfig: parseDistilBertConfig,
  modules: distilBertModules,
  headModules: distilBertHeadModules,
  ties: ({ tied }, { name }) => (name === 'masked-lm' ? maskedLmTies(distilBertMaskedLm, { table, tied }) : new Map()),
  stored: (name) => [
    ...withOrWithout(name, 'distilbert.'),
    ...storedElsewhere(distilBertMaskedLm, name, withOrWithout(`${table}.weight`, 'distilbert.')),
  ],
  positions: (_config, mask, options) => countedPositions(mask, options),
  pooled: () => 0,
  decoderInput: () => 'none',
  forward: distilBertForward,
  head: distilBertHead,
};
