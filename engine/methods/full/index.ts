/** Full fine-tuning: every weight learns (Devlin et al., 2019, arXiv 1810.04805, section 3.2). */
import { StudioError } from '../../spec/errors.ts';
import type { FullConfig } from '../../spec/methods/full.ts';
import { depthsOf, moduleOf } from '../depth.ts';
import { plainMethod, wordTemplate, type Method } from '../method.ts';

export const full: Method<FullConfig> = {
  ...plainMethod,
  name: 'full',
  savedAs: 'model',
  template: wordTemplate,
  check: ({ frozenLayers }, target) => {
    const layers = depthsOf(target).top - 1;
    if (frozenLayers <= layers) return;
    throw new StudioError('recipe.field', {
      path: 'method.frozenLayers',
      value: String(frozenLayers),
      legal: `0 to ${String(layers)}, the layers this model has`,
    });
  },
  trainable: ({ frozenLayers }, target) => {
    const depths = depthsOf(target);
    const learns = (name: string): boolean => frozenLayers === 0 || depths.of(moduleOf(name)) > frozenLayers;
    return [...[...target.base.keys()].filter(learns), ...target.headWeights.keys()];
  },
  // Discriminative fine-tuning (Howard & Ruder, 2018, arXiv 1801.06146, section 3.2): the answer moves a whole step.
  rate: ({ layerDecay }, name, target) => {
    if (layerDecay === 1) return 1;
    const depths = depthsOf(target);
    return layerDecay ** (depths.top - depths.of(moduleOf(name)));
  },
};
