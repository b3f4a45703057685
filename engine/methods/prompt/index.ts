/** The Power of Scale for Parameter-Efficient Prompt Tuning (Lester et al., 2021, arXiv 2104.08691). */
import type { PromptConfig } from '../../spec/methods/prompt.ts';
import { learningHead, plainMethod, wordTemplate, type Method } from '../method.ts';
import { promptKey, promptTable } from '../peft-prompts.ts';
import { withTable } from '../virtual-tokens.ts';
import { toPromptTuning } from './config.ts';
import { promptParameters, promptShape, promptStart } from './inject.ts';

export const prompt: Method<PromptConfig> = {
  ...plainMethod,
  name: 'prompt',
  savedAs: 'peft',
  peft: { config: toPromptTuning, key: promptKey },
  startsAsIdentity: () => false,
  virtualTokens: ({ virtualTokens }) => virtualTokens,
  template: (config) => {
    const words = wordTemplate(config);
    return words && { ...words, virtualTokens: config.virtualTokens };
  },
  added: promptParameters,
  trainable: (config, target) => [
    ...promptParameters(config, target).keys(),
    ...learningHead(target, config.modulesToSave),
  ],
  start: promptStart,
  inject: (scope, config, target) =>
    withTable(scope, ({ graph }) => graph.parameter(promptTable, promptShape(config, target))),
  savedConfig: (config) => ({ ...config, init: 'random', initText: null }),
};
