/** Transfer learning of the last layer: a linear probe (Alain & Bengio, 2016, arXiv 1610.01644); the base is frozen. */
import type { LinearProbeConfig } from '../../spec/methods/linear-probe.ts';
import type { Method } from '../method.ts';

export const linearProbe: Method<LinearProbeConfig> = {
  name: 'linear-probe',
  mergeable: false,
  addsVirtualTokens: false,
  startsAsIdentity: true,
  savedAs: 'head',
  peftConfig: null,
  // A language model whose head is its embedding gets a head of its own, which starts as a copy.
  adapt: (model) => ({ ...model, tied: false }),
  added: () => new Map(),
  trainable: (_config, target) => [...target.head.keys()],
  inject: (scope) => scope,
};
