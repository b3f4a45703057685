/** DeBERTa-v2 and -v3 (He et al., 2021, arXiv 2006.03654 and 2111.09543), which are one architecture. */
import { countedPositions, withOrWithout, type Architecture } from '../model.ts';
import { parseDebertaConfig, type DebertaConfig } from './config.ts';
import { debertaForward, debertaHead } from './forward.ts';
import { debertaHeadModules, debertaModules } from './weights.ts';

export const debertaV2: Architecture<DebertaConfig> = {
  type: 'deberta-v2',
  kind: 'encoder',
  taskClasses: {
    'sequence-classification': 'DebertaV2ForSequenceClassification',
    'token-classification': 'DebertaV2ForTokenClassification',
    'question-answering': 'DebertaV2ForQuestionAnswering',
    'multiple-choice': 'DebertaV2ForMultipleChoice',
  },
  wordEmbeddings: () => 'deberta.embeddings.word_embeddings',
  takesPast: false,
  tokenTypes: true,
  parseConfig: parseDebertaConfig,
  modules: debertaModules,
  headModules: debertaHeadModules,
  ties: () => new Map(),
  stored: (name) => withOrWithout(name, 'deberta.'),
  positions: (_config, mask, options) => countedPositions(mask, options),
  pooled: () => 0,
  decoderInput: () => 'none',
  forward: debertaForward,
  head: debertaHead,
};
