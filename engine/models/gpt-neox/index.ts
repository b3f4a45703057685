/** GPT-NeoX (Black et al., 2022, arXiv 2204.06745), and Pythia, which is one. */
import { decoderHeads, lastWord } from '../decoder/heads.ts';
import { countedPositions, withOrWithout, type Architecture } from '../model.ts';
import { taskClasses, allDecoderHeads } from '../decoder/family.ts';
import { parseGptNeoxConfig, type GptNeoxConfig } from './config.ts';
import { gptNeoxForward } from './forward.ts';
import { gptNeoxModules } from './weights.ts';

const heads = decoderHeads('classifier');

export const gptNeox: Architecture<GptNeoxConfig> = {
  type: 'gpt_neox',
  kind: 'decoder',
  taskClasses: taskClasses('GPTNeoX', allDecoderHeads),
  wordEmbeddings: () => 'gpt_neox.embed_in',
  takesPast: true,
  tokenTypes: false,
  parseConfig: parseGptNeoxConfig,
  modules: gptNeoxModules,
  headModules: heads.modules,
  ties: ({ tied }, { name }) =>
    new Map(tied && name === 'causal-lm' ? [['lm_head.weight', 'gpt_neox.embed_in.weight']] : []),
  // Files keep the head's old name.
  stored: (name) =>
    name === 'lm_head.weight'
      ? [name, 'embed_out.weight', 'gpt_neox.embed_in.weight', 'embed_in.weight']
      : withOrWithout(name, 'gpt_neox.'),
  positions: (_config, mask, options) => countedPositions(mask, options),
  pooled: lastWord,
  decoderInput: () => 'none',
  forward: gptNeoxForward,
  head: (scope, head, hidden) => heads.apply(scope, head, hidden),
};
