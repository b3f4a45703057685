/** OPT (Zhang et al., 2022, arXiv 2205.01068); Galactica is one. */
import { taskClasses } from '../decoder/family.ts';
import { decoderHeads, lastWord } from '../decoder/heads.ts';
import type { Architecture, PositionOptions } from '../model.ts';
import { parseOptConfig, type OptConfig } from './config.ts';
import { optForward } from './forward.ts';
import { optModules, positionOffset } from './weights.ts';

const heads = decoderHeads();

/** Rows of the position table: counted from the mask, padding at its own, whatever stands in the row. */
function optPositions(mask: readonly number[], { before }: PositionOptions): readonly number[] {
  let seen = before;
  return mask.map((kept) => {
    seen += kept;
    return kept * seen - 1 + positionOffset;
  });
}

export const opt: Architecture<OptConfig> = {
  type: 'opt',
  kind: 'decoder',
  taskClasses: taskClasses('OPT', ['causal-lm', 'sequence-classification', 'question-answering']),
  wordEmbeddings: () => 'model.decoder.embed_tokens',
  takesPast: true,
  tokenTypes: false,
  parseConfig: parseOptConfig,
  modules: optModules,
  headModules: heads.modules,
  ties: ({ tied }, { name }) =>
    new Map(tied && name === 'causal-lm' ? [['lm_head.weight', 'model.decoder.embed_tokens.weight']] : []),
  // Bare files begin with `decoder.`.
  stored: (name) => {
    const own = name === 'lm_head.weight' ? [name, 'model.decoder.embed_tokens.weight'] : [name];
    return own.flatMap((candidate) =>
      candidate.startsWith('model.') ? [candidate, candidate.slice('model.'.length)] : [candidate],
    );
  },
  positions: (_config, mask, options) => optPositions(mask, options),
  pooled: lastWord,
  decoderInput: () => 'none',
  forward: optForward,
  head: (scope, head, hidden) => heads.apply(scope, head, hidden),
};
