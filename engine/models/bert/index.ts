/** BERT (Devlin et al., 2019, arXiv 1810.04805); MiniLM-L6 is one. */
import type { Architecture } from '../model.ts';
import { parseBertConfig, type BertConfig } from './config.ts';
import { bertForward, bertHead } from './forward.ts';
import { bertHeadWeights, bertWeights } from './weights.ts';

export const bert: Architecture<BertConfig> = {
  type: 'bert',
  prefix: 'bert',
  causal: false,
  heads: ['sequence-classification', 'token-classification', 'question-answering', 'multiple-choice'],
  taskClasses: {
    'sequence-classification': 'BertForSequenceClassification',
    'token-classification': 'BertForTokenClassification',
    'question-answering': 'BertForQuestionAnswering',
    'multiple-choice': 'BertForMultipleChoice',
  },
  aliases: new Map(),
  parseConfig: parseBertConfig,
  weights: bertWeights,
  headWeights: bertHeadWeights,
  positions: (_config, mask) => mask.map((_, position) => position),
  forward: bertForward,
  head: bertHead,
};
