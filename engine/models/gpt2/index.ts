/** GPT-2 (Radford et al., 2019). */
import { decoderHeads, lastWord } from '../decoder/heads.ts';
import { countedPositions, withOrWithout, type Architecture } from '../model.ts';
import { parseGpt2Config, type Gpt2Config } from './config.ts';
import { gpt2Forward } from './forward.ts';
import { gpt2Modules } from './weights.ts';

const heads = decoderHeads('classifier');

export const gpt2: Architecture<Gpt2Config> = {
  type: 'gpt2',
  kind: 'decoder',
  taskClasses: {
    'causal-lm': 'GPT2LMHeadModel',
    'sequence-classification': 'GPT2ForSequenceClassification',
    'token-classification': 'GPT2ForTokenClassification',
    'question-answering': 'GPT2ForQuestionAnswering',
  },
  wordEmbeddings: () => 'transformer.wte',
  takesPast: true,
  tokenTypes: false,
  parseConfig: parseGpt2Config,
  modules: gpt2Modules,
  headModules: heads.modules,
  ties: ({ tied }, { name }) =>
    new Map(tied && name === 'causal-lm' ? [['lm_head.weight', 'transformer.wte.weight']] : []),
  stored: (name) =>
    name === 'lm_head.weight' ? [name, 'transformer.wte.weight', 'wte.weight'] : withOrWithout(name, 'transformer.'),
  positions: (_config, mask, options) => countedPositions(mask, options),
  pooled: lastWord,
  decoderInput: () => 'none',
  forward: gpt2Forward,
  head: (scope, head, hidden) => heads.apply(scope, head, hidden),
};
