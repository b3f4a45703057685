/** In-context learning: Language Models are Few-Shot Learners (Brown et al., 2020, arXiv 2005.14165). */
import type { InContextConfig } from '../../spec/methods/in-context.ts';
import { plainMethod, type Method } from '../method.ts';

export const inContext: Method<InContextConfig> = {
  ...plainMethod,
  name: 'in-context',
  savedAs: 'prompt',
  prompting: (config) => config,
  trainable: () => [],
};
