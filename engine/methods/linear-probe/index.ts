/** Transfer learning of the last layer: a linear probe (Alain & Bengio, 2016, arXiv 1610.01644); the base is frozen. */
import type { LinearProbeConfig } from '../../spec/methods/linear-probe.ts';
import { plainMethod, type Method } from '../method.ts';

export const linearProbe: Method<LinearProbeConfig> = {
  ...plainMethod,
  name: 'linear-probe',
  savedAs: 'head',
  // A language model whose head is its embedding gets a head of its own, which starts as a copy.
  adapt: (model) => ({ ...model, tied: false }),
  trainable: (_config, target) => [...target.headWeights.keys()],
};
