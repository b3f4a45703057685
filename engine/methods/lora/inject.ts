/** h = W x + (α / r) · B A x on the chosen linear layers (Hu et al., 2021, section 4.1; peft/tuners/lora/layer.py). */
import type { Shape } from '../../autodiff/graph.ts';
import { gemm } from '../../autodiff/ops.ts';
import type { Scope } from '../../models/scope.ts';
import { StudioError } from '../../spec/errors.ts';
import type { LoraConfig } from '../../spec/methods/lora.ts';
import type { NewParameter, Target } from '../method.ts';

/** Linear modules of the base whose name is one of the targets, or ends in one behind a dot. The head is never a target. */
export function targetsOf(config: LoraConfig, { modules }: Target): ReadonlyMap<string, Shape> {
  const candidates = [...modules.values()].filter(({ kind, part }) => kind === 'linear' && part === 'base');
  const matches = (module: string): boolean =>
    config.targetModules.some((wanted) => module === wanted || module.endsWith(`.${wanted}`));
  const found = new Map(candidates.filter(({ name }) => matches(name)).map(({ name, shape }) => [name, shape]));
  if (found.size === 0) {
    const available = [...new Set(candidates.map(({ name }) => name.split('.').at(-1) ?? name))];
    throw new StudioError('method.no-targets', {
      targets: config.targetModules.join(', '),
      available: available.join(', '),
    });
  }
  return found;
}

/** A starts as PyTorch's Linear does (Kaiming uniform with a = √5: bound 1/√in), B at zero. */
export function loraParameters(config: LoraConfig, target: Target): ReadonlyMap<string, NewParameter> {
  const parameters = new Map<string, NewParameter>();
  for (const [module, [rows = 1, columns = 1]] of targetsOf(config, target)) {
    parameters.set(`${module}.lora_A.weight`, {
      shape: [config.r, columns],
      initial: { kind: 'uniform', bound: 1 / Math.sqrt(columns) },
    });
    parameters.set(`${module}.lora_B.weight`, { shape: [rows, config.r], initial: { kind: 'zeros' } });
  }
  return parameters;
}

export function injectLora(scope: Scope, config: LoraConfig, target: Target): Scope {
  const targets = targetsOf(config, target);
  const scale = config.alpha / config.r;
  return {
    ...scope,
    linear: (x, name) => {
      const base = scope.linear(x, name);
      const shape = targets.get(name);
      if (!shape) return base;
      const [rows = 1, columns = 1] = shape;
      const a = scope.graph.parameter(`${name}.lora_A.weight`, [config.r, columns]);
      const b = scope.graph.parameter(`${name}.lora_B.weight`, [rows, config.r]);
      const narrow = gemm(scope.dropout(x, config.dropout, name), a, { transB: true });
      return gemm(narrow, b, { transB: true, alpha: scale, c: base });
    },
  };
}
