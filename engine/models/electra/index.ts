/** ELECTRA's discriminator (Clark et al., 2020, arXiv 2003.10555). */
import { countedPositions, withOrWithout, type Architecture } from '../model.ts';
import { parseElectraConfig, type ElectraConfig } from './config.ts';
import { electraForward, electraHead } from './forward.ts';
import { electraHeadModules, electraModules } from './weights.ts';

export const electra: Architecture<ElectraConfig> = {
  type: 'electra',
  kind: 'encoder',
  taskClasses: {
    'sequence-classification': 'ElectraForSequenceClassification',
    'token-classification': 'ElectraForTokenClassification',
    'question-answering': 'ElectraForQuestionAnswering',
    'multiple-choice': 'ElectraForMultipleChoice',
  },
  wordEmbeddings: () => 'electra.embeddings.word_embeddings',
  takesPast: true,
  tokenTypes: true,
  parseConfig: parseElectraConfig,
  modules: electraModules,
  headModules: electraHeadModules,
  ties: () => new Map(),
  stored: (name) => withOrWithout(name, 'electra.'),
  positions: (_config, mask, options) => countedPositions(mask, options),
  pooled: () => 0,
  decoderInput: () => 'none',
  forward: electraForward,
  head: electraHead,
};
