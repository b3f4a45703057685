/** RoBERTa (Liu et al., 2019, arXiv 1907.11692) and XLM-R, which differs in nothing but its vocabulary. */
import type { BertConfig } from '../bert/config.ts';
import type { Architecture } from '../model.ts';
import { parseRobertaConfig } from './config.ts';
import { robertaForward, robertaHead } from './forward.ts';
import { robertaHeadWeights, robertaWeights } from './weights.ts';

function classesOf(family: string): Architecture['taskClasses'] {
  return {
    'sequence-classification': `${family}ForSequenceClassification`,
    'token-classification': `${family}ForTokenClassification`,
    'question-answering': `${family}ForQuestionAnswering`,
  };
}

export const roberta: Architecture<BertConfig> = {
  type: 'roberta',
  prefix: 'roberta',
  causal: false,
  heads: ['sequence-classification', 'token-classification', 'question-answering'],
  taskClasses: classesOf('Roberta'),
  aliases: new Map(),
  parseConfig: parseRobertaConfig,
  weights: robertaWeights,
  headWeights: robertaHeadWeights,
  // Counted from the mask behind the padding index; padding itself stands at the padding index.
  positions: (config, mask) => {
    const padding = config.padTokenId ?? 1;
    let seen = 0;
    return mask.map((kept) => {
      seen += kept;
      return kept === 0 ? padding : padding + seen;
    });
  },
  forward: robertaForward,
  head: robertaHead,
};

export const xlmRoberta: Architecture<BertConfig> = {
  ...roberta,
  type: 'xlm-roberta',
  taskClasses: classesOf('XLMRoberta'),
};
