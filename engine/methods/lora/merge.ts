/** LoRA added into the base weights: W + s·B·A, with DoRA's magnitudes m ÷ ‖W + s·B·A‖ on its rows. */
import type { Tensor } from '../../autodiff/graph.ts';
import { mul } from '../../autodiff/ops.ts';
import type { Scope } from '../../models/scope.ts';
import { StudioError } from '../../spec/errors.ts';
import type { LoraConfig } from '../../spec/methods/lora.ts';
import type { Merging, Target, WeightChange } from '../method.ts';
import { deltaOf, directionScale, factorsOf } from './inject.ts';
import { biasOf, correctedModules } from './parameters.ts';

export const loraMerging: Merging<LoraConfig> = { check, changes };

function check(config: LoraConfig, target: Target): void {
  const refuse = (module: string, problem: 'tied' | 'no-bias'): never => {
    throw new StudioError('method.merge', { method: 'LoRA', module, problem });
  };
  const tied = [...target.modules.values()].some(({ part }) => part === 'tied');
  const table = target.architecture.wordEmbeddings(target.head.name);
  for (const [name, { module }] of correctedModules(config, target)) {
    if (module.part === 'tied' || (tied && name === table)) refuse(name, 'tied');
    if (config.loraBias && module.kind !== 'embedding' && !module.bias) refuse(name, 'no-bias');
  }
}

function changes(scope: Scope, config: LoraConfig, target: Target): ReadonlyMap<string, WeightChange> {
  const found = new Map<string, WeightChange>();
  for (const [name, at] of correctedModules(config, target)) {
    const factors = factorsOf(scope, config, at);
    const factor: Tensor | null = config.dora ? directionScale(scope, factors, { at, keep: true }) : null;
    found.set(`${name}.weight`, { factor, delta: deltaOf(factors, at) });
    if (config.loraBias && at.module.kind !== 'embedding') {
      const bias = scope.graph.parameter(biasOf(name), [at.outputs]);
      found.set(`${name}.bias`, { factor: null, delta: mul(bias, at.scale) });
    }
  }
  return found;
}
