/** Transfer learning of the last layer: a linear probe (Alain & Bengio, 2016, arXiv 1610.01644); the rest of the base is frozen. */
import { weightsOfModule } from '../../models/model.ts';
import { StudioError } from '../../spec/errors.ts';
import type { LinearProbeConfig } from '../../spec/methods/linear-probe.ts';
import { depthsOf } from '../depth.ts';
import { plainMethod, wordTemplate, type Method, type TargetModule, type Target } from '../method.ts';

export const linearProbe: Method<LinearProbeConfig> = {
  ...plainMethod,
  name: 'linear-probe',
  savedAs: 'head',
  template: wordTemplate,
  // A language model whose head is its embedding gets a head of its own, which starts as a copy.
  adapt: (model) => ({ ...model, tied: false }),
  check: ({ lastLayers, layers }, target) => {
    const { top, lastStack } = depthsOf(target);
    const count = top - lastStack;
    const refuse = (path: string, value: number, most: number) => {
      const legal = `0 to ${String(most)}: this model has ${String(count)} layers`;
      throw new StudioError('recipe.field', { path, value: String(value), legal });
    };
    if (lastLayers > count) refuse('method.lastLayers', lastLayers, count);
    const missing = layers?.find((layer) => layer >= count);
    if (missing !== undefined) refuse('method.layers', missing, count - 1);
  },
  trainable: (config, target) => [
    ...[...target.modules.values()]
      .filter(({ part, kind }) => part === 'base' && kind !== 'buffer')
      .flatMap((module) => learningWeights(module, config, target)),
    ...headWeights(config, target),
  ],
  frozenBelowHead: ({ lastLayers, layers, learns }) => lastLayers === 0 && layers === null && learns === 'head',
};

function learningWeights(
  module: TargetModule,
  { lastLayers, layers, learns }: LinearProbeConfig,
  target: Target,
): readonly string[] {
  const names = weightsOfModule(module).map(([name]) => name);
  const depths = depthsOf(target);
  const { top, lastStack } = depths;
  const depth = depths.of(module.name);
  if (layers !== null && (depth === top || layers.includes(depth - lastStack))) return names;
  if (lastLayers > 0 && depth >= top - lastLayers) return names;
  if (learns === 'norms') return module.kind === 'norm' ? names : [];
  return learns === 'biases' ? names.filter((name) => name.endsWith('.bias')) : [];
}

function headWeights({ strict }: LinearProbeConfig, { headWeights: all, modules }: Target): readonly string[] {
  const last = [...modules.values()].findLast(({ part }) => part === 'head');
  return strict && last ? weightsOfModule(last).map(([name]) => name) : [...all.keys()];
}
