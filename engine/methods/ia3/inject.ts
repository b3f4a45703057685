/** h = l ⊙ (W x + b), or W (l ⊙ x) + b in the feed-forward layer (Liu et al., 2022, section 3.3; peft/tuners/ia3/layer.py). */
import type { Shape } from '../../autodiff/graph.ts';
import { mul, reshape } from '../../autodiff/ops.ts';
import type { Scope } from '../../models/scope.ts';
import { plainTargets } from '../../spec/methods/targets.ts';
import type { Ia3Config } from '../../spec/methods/ia3.ts';
import type { NewParameter, Target, TargetModule } from '../method.ts';
import { chosenModules } from '../targets.ts';

/** A module with a scale of its own. */
export interface Scaled {
  readonly module: TargetModule;
  /** The scale stands at the input. */
  readonly input: boolean;
  /** Its name and shape: [1, in] or [out, 1]. */
  readonly scale: string;
  readonly shape: Shape;
}

/** Throws `method.no-targets`, `pattern.failed`. */
export function scaledModules(config: Ia3Config, target: Target): ReadonlyMap<string, Scaled> {
  const chosen = chosenModules({ ...plainTargets, ...config }, target, ['linear', 'conv1d']);
  return new Map(
    [...chosen].map(([name, module]) => {
      const input = config.feedforwardModules.some((end) => name.endsWith(end));
      const [first = 1, second = 1] = module.shape;
      const [inputs, outputs] = module.kind === 'conv1d' ? [first, second] : [second, first];
      return [name, { module, input, scale: `${name}.ia3_l`, shape: input ? [1, inputs] : [outputs, 1] }];
    }),
  );
}

/** Ones: the model starts as it was. */
export function ia3Parameters(config: Ia3Config, target: Target): ReadonlyMap<string, NewParameter> {
  return new Map(
    [...scaledModules(config, target).values()].map(({ scale, shape }) => [
      scale,
      { shape, initial: { kind: 'ones' } },
    ]),
  );
}

export function injectIa3(scope: Scope, config: Ia3Config, target: Target): Scope {
  const scaled = scaledModules(config, target);
  return {
    ...scope,
    linear: (x, name) => {
      const at = scaled.get(name);
      if (!at) return scope.linear(x, name);
      const scale = scope.graph.parameter(at.scale, at.shape);
      if (at.input) return scope.linear(mul(x, scale), name);
      return mul(scope.linear(x, name), reshape(scale, [1, at.shape[0] ?? 1]));
    },
  };
}
