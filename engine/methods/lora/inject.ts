/** h = W x + s · B A x on the chosen modules (Hu et al., 2021, section 4.1; peft/tuners/lora/layer.py), and DoRA (peft/tuners/lora/dora.py). */
import type { Tensor } from '../../autodiff/graph.ts';
import {
  add,
  concat,
  div,
  flattenRows,
  gather,
  gemm,
  mul,
  reduceSumSquare,
  reshape,
  sqrt,
  stopGradient,
  sub,
  transpose,
} from '../../autodiff/ops.ts';
import type { Scope } from '../../models/scope.ts';
import type { LoraConfig } from '../../spec/methods/lora.ts';
import type { Target } from '../method.ts';
import { biasOf, correctedModules, magnitudeOf, startOf, type Corrected } from './parameters.ts';

export interface Factors {
  /** [r, in]. */
  readonly a: Tensor;
  /** [out, r]. */
  readonly b: Tensor;
}

/**
 * B and A as they learn. PiSSA's correction is B A − B₀ A₀ = (B − B₀) A + B₀ (A − A₀), of twice the rank: the base stays as
 * it is, and the correction starts at zero exactly.
 */
export function factorsOf({ graph }: Scope, config: LoraConfig, { a, b, rank, inputs, outputs }: Corrected): Factors {
  const learned = { a: graph.parameter(a, [rank, inputs]), b: graph.parameter(b, [outputs, rank]) };
  if (config.initWeights !== 'pissa') return learned;
  const start = { a: graph.parameter(startOf(a), [rank, inputs]), b: graph.parameter(startOf(b), [outputs, rank]) };
  return {
    a: concat([learned.a, sub(learned.a, start.a)], 0),
    b: concat([sub(learned.b, start.b), start.b], 1),
  };
}

/** s·B·A as the weight stands. */
export function deltaOf({ a, b }: Factors, { scale, transposed }: Corrected, weight?: Tensor): Tensor {
  const c = weight ? { c: weight } : {};
  return transposed
    ? gemm(a, b, { transA: true, transB: true, alpha: scale, ...c })
    : gemm(b, a, { alpha: scale, ...c });
}

/** DoRA: magnitude ÷ ‖W + s·B·A‖ of each output, the norm a constant to the gradients: [out], or [1, out] and [out, 1] with `keep`. */
export function directionScale(scope: Scope, factors: Factors, { at, keep }: { at: Corrected; keep: boolean }): Tensor {
  const { module, outputs, transposed } = at;
  const corrected = deltaOf(factors, at, scope.weight(`${module.name}.weight`));
  const norm = stopGradient(sqrt(reduceSumSquare(corrected, [transposed ? 0 : 1], keep)));
  const magnitude = scope.graph.parameter(magnitudeOf(module.name), [outputs]);
  return div(reshape(magnitude, norm.shape), norm);
}

export function injectLora(scope: Scope, config: LoraConfig, target: Target): Scope {
  const corrected = correctedModules(config, target);
  return {
    ...scope,
    linear: (x, name) => {
      const at = corrected.get(name);
      return at ? correctedLinear(scope, config, { x, at }) : scope.linear(x, name);
    },
    embedding: (ids, name, paddingIndex) => {
      const at = corrected.get(name);
      const base = scope.embedding(ids, name, paddingIndex);
      return at ? correctedRows(scope, config, { ids, base, paddingIndex, at }) : base;
    },
  };
}

function correctedLinear(scope: Scope, config: LoraConfig, { x, at }: { x: Tensor; at: Corrected }): Tensor {
  const { name, kind } = at.module;
  const base = scope.linear(x, name);
  const factors = factorsOf(scope, config, at);
  const dropped = scope.dropout(x, config.dropout, name);
  const narrow = gemm(dropped, factors.a, { transB: true });
  const bias = config.loraBias ? mul(scope.graph.parameter(biasOf(name), [at.outputs]), at.scale) : null;
  if (!config.dora) {
    const whole = gemm(narrow, factors.b, { transB: true, alpha: at.scale, c: base });
    return bias ? add(whole, bias) : whole;
  }
  const ownBias = `${name}.bias`;
  // PEFT drops out inputs of the base's product too, as far as the magnitude changes it.
  const plain =
    dropped !== x
      ? gemm(dropped, scope.weight(`${name}.weight`), { transB: kind !== 'conv1d' })
      : scope.has(ownBias)
        ? sub(base, scope.weight(ownBias))
        : base;
  const scale = directionScale(scope, factors, { at, keep: false });
  const correction = gemm(narrow, factors.b, { transB: true, alpha: at.scale });
  return add(add(base, mul(plain, sub(scale, 1))), mul(correction, scale));
}

interface Rows {
  readonly ids: Tensor;
  readonly base: Tensor;
  readonly paddingIndex: number | null;
  readonly at: Corrected;
}

/** Rows of a table; nothing is dropped out of them. */
function correctedRows(scope: Scope, config: LoraConfig, { ids, base, paddingIndex, at }: Rows): Tensor {
  const factors = factorsOf(scope, config, at);
  const narrow = flattenRows(gather(transpose(factors.a, [1, 0]), ids, paddingIndex));
  const correction = reshape(gemm(narrow, factors.b, { transB: true, alpha: at.scale }), base.shape);
  if (!config.dora) return add(base, correction);
  return mul(add(base, correction), directionScale(scope, factors, { at, keep: false }));
}
