/** A(z) = s · (W_up σ(W_down z + b_down) + b_up) where a sub-layer joins the stream (Houlsby et al., 2019, section 2.1; adapters/methods/modeling.py). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, gemm, layerNormalization, mul } from '../../autodiff/ops.ts';
import { activateFinely, type Activation } from '../../models/activations.ts';
import type { Scope, Sublayer } from '../../models/scope.ts';
import type { AdapterConfig, AdapterNonLinearity } from '../../spec/methods/adapter.ts';
import type { Initial, NewParameter, Target } from '../method.ts';
import { bottleneckOf, widthsOf, type Bottleneck } from './settings.ts';

/** PyTorch's for a LayerNorm without one of its own. */
const epsilon = 1e-5;

/** Transformers' names but for one that AdapterHub has of its own. */
const activations = {
  relu: 'relu',
  swish: 'swish',
  silu: 'silu',
  gelu: 'gelu',
  gelu_new: 'gelu_new',
  gelu_fast: 'gelu_fast',
  gelu_pytorch_tanh: 'gelu_pytorch_tanh',
  quick_gelu: 'quick_gelu',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  leakyrelu: 'leaky_relu',
  linear: 'linear',
} as const satisfies Record<AdapterNonLinearity, Activation>;

/** Down is [m, d], up [d, m]; of norms of its own, [d]. */
export function adapterParameters(config: AdapterConfig, target: Target): ReadonlyMap<string, NewParameter> {
  const { hidden } = target.config;
  const parameters = new Map<string, NewParameter>();
  const zeros: Initial = { kind: 'zeros' };
  const norm = (name: string): void => {
    parameters.set(`${name}.weight`, { shape: [hidden], initial: { kind: 'ones' } });
    parameters.set(`${name}.bias`, { shape: [hidden], initial: zeros });
  };
  const { down, up } = starts(bottleneckOf(config).init, hidden);
  for (const [place, width] of widthsOf(config, target)) {
    if (config.lnBefore) norm(`${place}.adapter_norm_before`);
    parameters.set(`${place}.adapter_down.weight`, { shape: [width, hidden], initial: down });
    parameters.set(`${place}.adapter_down.bias`, { shape: [width], initial: zeros });
    parameters.set(`${place}.adapter_up.weight`, { shape: [hidden, width], initial: up });
    parameters.set(`${place}.adapter_up.bias`, { shape: [hidden], initial: zeros });
    if (config.lnAfter) norm(`${place}.adapter_norm_after`);
  }
  return parameters;
}

function starts(init: Bottleneck['init'], hidden: number): { readonly down: Initial; readonly up: Initial } {
  switch (init) {
    case 'bert':
      return { down: { kind: 'normal', deviation: 0.02 }, up: { kind: 'normal', deviation: 0.02 } };
    case 'houlsby': {
      // Section 3.6: σ = 10⁻², cut off at two standard deviations.
      const near: Initial = { kind: 'truncated-normal', deviation: 1e-2, limit: 2 };
      return { down: near, up: near };
    }
    case 'mam_adapter':
      return { down: { kind: 'uniform', bound: 1 / Math.sqrt(hidden) }, up: { kind: 'zeros' } };
  }
}

export function injectAdapters(scope: Scope, config: AdapterConfig, target: Target): Scope {
  const widths = widthsOf(config, target);
  const settings = bottleneckOf(config);
  return {
    ...scope,
    residual: (h, x, sublayer) => {
      const width = widths.get(sublayer.place);
      if (width === undefined) return scope.residual(h, x, sublayer);
      const out = adapted({ h, x }, { scope, settings, sublayer, width });
      return settings.originalLnAfter ? scope.residual(out, x, sublayer) : out;
    },
  };
}

interface At {
  readonly scope: Scope;
  readonly settings: Bottleneck;
  readonly sublayer: Sublayer;
  readonly width: number;
}

/** What takes the place of the sub-layer's result h, before the stream x is added. */
function adapted({ h, x }: { readonly h: Tensor; readonly x: Tensor }, at: At): Tensor {
  const { settings, sublayer } = at;
  const own = (z: Tensor): Tensor => (settings.lnAfter ? ownNorm(at, 'adapter_norm_after', z) : z);
  if (settings.parallel) return add(own(bottleneck(x, at)), h);
  const sum = settings.originalLnBefore ? add(h, x) : h;
  const input = settings.originalLnBefore && sublayer.norm ? sublayer.norm(sum) : sum;
  const residual = { true: h, false: input, post_add: sum }[settings.residualBeforeLn];
  const changed = bottleneck(input, at);
  return settings.adapterResidualBeforeLn ? own(add(changed, residual)) : add(own(changed), residual);
}

function bottleneck(z: Tensor, at: At): Tensor {
  const { scope, settings, sublayer, width } = at;
  const hidden = z.shape[1] ?? 1;
  const projected = (input: Tensor, name: string, [out, columns]: readonly [number, number]): Tensor =>
    gemm(input, scope.graph.parameter(`${sublayer.place}.${name}.weight`, [out, columns]), {
      transB: true,
      c: scope.graph.parameter(`${sublayer.place}.${name}.bias`, [out]),
    });
  const input = settings.lnBefore ? ownNorm(at, 'adapter_norm_before', z) : z;
  const narrow = activateFinely(activations[settings.nonLinearity], projected(input, 'adapter_down', [width, hidden]));
  const wide = projected(narrow, 'adapter_up', [hidden, width]);
  const scaled = settings.scaling === 1 ? wide : mul(wide, settings.scaling);
  return scope.dropout(scaled, settings.dropout, `${sublayer.place}.adapter`);
}

function ownNorm({ scope, sublayer }: At, name: string, z: Tensor): Tensor {
  const weight = (part: string): Tensor =>
    scope.graph.parameter(`${sublayer.place}.${name}.${part}`, [z.shape[1] ?? 1]);
  return layerNormalization(z, { scale: weight('weight'), bias: weight('bias') }, epsilon);
}
