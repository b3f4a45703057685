/** RoBERTa (Liu et al., 2019, arXiv 1907.11692) and XLM-R, which differs in nothing but its vocabulary. */
import type { BertConfig } from '../bert/config.ts';
import { maskedLmTies, storedElsewhere } from '../masked-lm.ts';
import { withOrWithout, type Architecture, type PositionOptions } from '../model.ts';
import { parseRobertaConfig } from './config.ts';
import { robertaForward, robertaHead } from './forward.ts';
import { robertaHeadModules, robertaMaskedLm, robertaModules } from './weights.ts';

const table = 'roberta.embeddings.word_embeddings';

function classesOf(family: string): Architecture['taskClasses'] {
  return {
    'sequence-classification': `${family}ForSequenceClassification`,
    'token-classification': `${family}ForTokenClassification`,
    'question-answering': `${family}ForQuestionAnswering`,
    'multiple-choice': `${family}ForMultipleChoice`,
    'masked-lm': `${family}ForMaskedLM`,
  };
}

/**
 * Counted from the mask behind the padding index; padding itself stands at the padding index. Given embeddings,
 * Transformers cannot see padding and counts all alike.
 */
function robertaPositions(
  config: BertConfig,
  mask: readonly number[],
  { before, embedded }: PositionOptions,
): readonly number[] {
  const padding = config.padTokenId ?? 1;
  if (embedded) return mask.map((_, position) => padding + 1 + position);
  let seen = before;
  return mask.map((kept) => {
    seen += kept;
    return kept === 0 ? padding : padding + seen;
  });
}

export const roberta: Architecture<BertConfig> = {
  type: 'roberta',
  kind: 'encoder',
  taskClasses: classesOf('Roberta'),
  wordEmbeddings: () => table,
  takesPast: true,
  tokenTypes: true,
  parseConfig: parseRobertaConfig,
  modules: robertaModules,
  headModules: robertaHeadModules,
  ties: ({ tied }, { name }) => (name === 'masked-lm' ? maskedLmTies(robertaMaskedLm, { table, tied }) : new Map()),
  stored: (name) => [
    ...withOrWithout(name, 'roberta.'),
    ...storedElsewhere(robertaMaskedLm, name, withOrWithout(`${table}.weight`, 'roberta.')),
  ],
  positions: robertaPositions,
  pooled: () => 0,
  decoderInput: () => 'none',
  forward: robertaForward,
  head: robertaHead,
};

export const xlmRoberta: Architecture<BertConfig> = {
  ...roberta,
  type: 'xlm-roberta',
  taskClasses: classesOf('XLMRoberta'),
};
