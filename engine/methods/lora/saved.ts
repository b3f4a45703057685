/** PiSSA's result as plain LoRA of twice the rank on the base as it came (peft/docs, `convert pissa to lora`). */
import type { Tensor } from '../../autodiff/graph.ts';
import type { Scope } from '../../models/scope.ts';
import { plainLora, type LoraConfig } from '../../spec/methods/lora.ts';
import type { Target } from '../method.ts';
import { factorsOf } from './inject.ts';
import { correctedModules } from './parameters.ts';

/** Without what only training asks for. PiSSA's s stays what it was: α / r with both doubled, or α / √r with α times √2. */
export function savedLora(learned: LoraConfig): LoraConfig {
  const { initWeights, loraPlusRatio, loraPlusEmbedding } = plainLora;
  const config = { ...learned, initWeights, loraPlusRatio, loraPlusEmbedding };
  if (learned.initWeights !== 'pissa') return config;
  const factor = config.rslora ? Math.SQRT2 : 2;
  const times = (values: Readonly<Record<string, number>>, by: number): Record<string, number> =>
    Object.fromEntries(Object.entries(values).map(([pattern, value]) => [pattern, value * by]));
  return {
    ...config,
    r: config.r * 2,
    alpha: config.alpha * factor,
    rankPattern: times(config.rankPattern, 2),
    alphaPattern: times(config.alphaPattern, factor),
  };
}

export function pissaFactors(scope: Scope, config: LoraConfig, target: Target): ReadonlyMap<string, Tensor> {
  if (config.initWeights !== 'pissa') return new Map();
  return new Map(
    [...correctedModules(config, target).values()].flatMap((at) => {
      const { a, b } = factorsOf(scope, config, at);
      return [[at.a, a] as const, [at.b, b] as const];
    }),
  );
}
