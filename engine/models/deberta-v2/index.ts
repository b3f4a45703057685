/** DeBERTa-v2 and -v3 (He et al., 2021, arXiv 2006.03654 and 2111.09543), which are one architecture. */
import { bertMaskedLm } from '../bert/weights.ts';
import { maskedLmTies, storedElsewhere } from '../masked-lm.ts';
import { countedPositions, withOrWithout, type Architecture } from '../model.ts';
import { parseDebertaConfig, type DebertaConfig } from './config.ts';
import { debertaForward, debertaHead } from './forward.ts';
import { debertaHeadModules, debertaMaskedLm, debertaModules } from './weights.ts';

const table = 'deberta.embeddings.word_embeddings';

export const debertaV2: Architecture<DebertaConfig> = {
  type: 'deberta-v2',
  kind: 'encoder',
  taskClasses: {
    'sequence-classification': 'DebertaV2ForSequenceClassification',
    'token-classification': 'DebertaV2ForTokenClassification',
    'question-answering': 'DebertaV2ForQuestionAnswering',
    'multiple-choice': 'DebertaV2ForMultipleChoice',
    'masked-lm': 'DebertaV2ForMaskedLM',
  },
  wordEmbeddings: () => table,
  takesPast: false,
  tokenTypes: true,
  parseConfig: parseDebertaConfig,
  modules: debertaModules,
  headModules: debertaHeadModules,
  ties: (config, { name }) =>
    name === 'masked-lm' ? maskedLmTies(debertaMaskedLm(config), { table, tied: config.tied }) : new Map(),
  stored: (name) => [
    ...withOrWithout(name, 'deberta.'),
    ...storedElsewhere(bertMaskedLm, name, withOrWithout(`${table}.weight`, 'deberta.')),
  ],
  positions: (_config, mask, options) => countedPositions(mask, options),
  pooled: () => 0,
  decoderInput: () => 'none',
  forward: debertaForward,
  head: debertaHead,
};
