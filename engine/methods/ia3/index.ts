/** IA³: Infused Adapter by Inhibiting and Amplifying Inner Activations (Liu et al., 2022, arXiv 2205.05638). */
import { reshape } from '../../autodiff/ops.ts';
import type { Scope } from '../../models/scope.ts';
import { StudioError } from '../../spec/errors.ts';
import type { Ia3Config } from '../../spec/methods/ia3.ts';
import { learningHead, plainMethod, wordTemplate, type Method, type Target, type WeightChange } from '../method.ts';
import { toPeftIa3 } from './config.ts';
import { ia3Parameters, injectIa3, scaledModules } from './inject.ts';

export const ia3: Method<Ia3Config> = {
  ...plainMethod,
  name: 'ia3',
  merging: {
    check: (config, target) => {
      const tied = [...scaledModules(config, target).values()].find(({ module }) => module.part === 'tied');
      if (tied) throw new StudioError('method.merge', { method: 'IA³', module: tied.module.name, problem: 'tied' });
    },
    changes,
  },
  savedAs: 'peft',
  template: wordTemplate,
  peft: { config: toPeftIa3, key: (name) => `base_model.model.${name}` },
  added: ia3Parameters,
  trainable: (config, target) => [
    ...ia3Parameters(config, target).keys(),
    ...learningHead(target, config.modulesToSave),
  ],
  inject: injectIa3,
};

/** The scale on the weight's side of inputs or outputs, and there on the bias too. */
function changes(scope: Scope, config: Ia3Config, target: Target): ReadonlyMap<string, WeightChange> {
  const found = new Map<string, WeightChange>();
  for (const [name, { module, input, scale, shape }] of scaledModules(config, target)) {
    const size = Math.max(...shape);
    const vector = scope.graph.parameter(scale, shape);
    const transposed = module.kind === 'conv1d';
    found.set(`${name}.weight`, { factor: reshape(vector, input === transposed ? [size, 1] : [1, size]), delta: null });
    if (module.bias && !input) found.set(`${name}.bias`, { factor: reshape(vector, [size]), delta: null });
  }
  return found;
}
