/** ELECTRA's discriminator and generator (Clark et al., 2020, arXiv 2003.10555). */
import { maskedLmTies, storedElsewhere } from '../masked-lm.ts';
import { countedPositions, withOrWithout, type Architecture } from '../model.ts';
import { parseElectraConfig, type ElectraConfig } from './config.ts';
import { electraForward, electraHead } from './forward.ts';
import { electraHeadModules, electraMaskedLm, electraModules } from './weights.ts';

const table = 'electra.embeddings.word_embeddings';

export const electra: Architecture<ElectraConfig> = {
  type: 'electra',
  kind: 'encoder',
  taskClasses: {
    'sequence-classification': 'ElectraForSequenceClassification',
    'token-classification': 'ElectraForTokenClassification',
    'question-answering': 'ElectraForQuestionAnswering',
    'multiple-choice': 'ElectraForMultipleChoice',
    'masked-lm': 'ElectraForMaskedLM',
  },
  wordEmbeddings: () => table,
  takesPast: true,
  tokenTypes: true,
  parseConfig: parseElectraConfig,
  modules: electraModules,
  headModules: electraHeadModules,
  ties: ({ tied }, { name }) => (name === 'masked-lm' ? maskedLmTies(electraMaskedLm, { table, tied }) : new Map()),
  stored: (name) => [
    ...withOrWithout(name, 'electra.'),
    ...storedElsewhere(electraMaskedLm, name, withOrWithout(`${table}.weight`, 'electra.')),
  ],
  positions: (_config, mask, options) => countedPositions(mask, options),
  pooled: () => 0,
  decoderInput: () => 'none',
  forward: electraForward,
  head: electraHead,
};
