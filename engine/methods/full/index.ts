/** Full fine-tuning: every weight learns (Devlin et al., 2019, arXiv 1810.04805, section 3.2). */
import type { FullConfig } from '../../spec/methods/full.ts';
import type { Method } from '../method.ts';

export const full: Method<FullConfig> = {
  name: 'full',
  mergeable: false,
  addsVirtualTokens: false,
  startsAsIdentity: true,
  savedAs: 'model',
  peftConfig: null,
  adapt: (model) => model,
  added: () => new Map(),
  trainable: (_config, target) => [...target.base.keys(), ...target.head.keys()],
  inject: (scope) => scope,
};
