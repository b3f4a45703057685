/** Full fine-tuning: every weight learns (Devlin et al., 2019, arXiv 1810.04805, section 3.2). */
import type { FullConfig } from '../../spec/methods/full.ts';
import { plainMethod, type Method } from '../method.ts';

export const full: Method<FullConfig> = {
  ...plainMethod,
  name: 'full',
  savedAs: 'model',
  trainable: (_config, target) => [...target.base.keys(), ...target.headWeights.keys()],
};
