/** An adapter's settings as the `config` of AdapterHub's adapter_config.json, both ways (adapters/configuration/adapter_config.py). */
import { StudioError } from '../../spec/errors.ts';
import type { Json } from '../../spec/json.ts';
import { adapterNonLinearities, adapterSchema, plainAdapter, type AdapterConfig } from '../../spec/methods/adapter.ts';
import type { Target } from '../method.ts';
import { bottleneckOf, configurations } from './settings.ts';

type Raw = Readonly<Record<string, Json>>;

/** Keys of what is not here, with the values that mean it is off: all of them are written, others than these refused. */
const off = {
  factorized_phm_W: true,
  factorized_phm_rule: false,
  hypercomplex_nonlinearity: 'glorot-uniform',
  init_weights_seed: null,
  inv_adapter: null,
  inv_adapter_reduction_factor: null,
  learn_phm: true,
  phm_bias: true,
  phm_c_init: 'normal',
  phm_dim: 4,
  phm_init_range: 0.0001,
  phm_layer: false,
  phm_rank: 1,
  shared_W_phm: false,
  shared_phm_rule: true,
  stochastic_depth: 0,
  use_gating: false,
} as const;
/** Those that change the mathematics; the rest only says how they would. */
const mustBe = ['inv_adapter', 'phm_layer', 'stochastic_depth', 'use_gating'] as const;

export function toAdapterHub(config: AdapterConfig, { config: { hidden } }: Target): Raw {
  const full = bottleneckOf(config);
  const factor = config.bottleneck === null ? config.reductionFactor : factorFor(config.bottleneck, hidden);
  const others = config.layerReductionFactors;
  return {
    ...off,
    adapter_residual_before_ln: full.adapterResidualBeforeLn,
    cross_adapter: full.crossAdapter,
    dropout: full.dropout,
    init_weights: full.init,
    is_parallel: full.parallel,
    leave_out: full.leaveOut,
    ln_after: full.lnAfter,
    ln_before: full.lnBefore,
    mh_adapter: full.attentionAdapter,
    non_linearity: full.nonLinearity,
    original_ln_after: full.originalLnAfter,
    original_ln_before: full.originalLnBefore,
    output_adapter: full.outputAdapter,
    reduction_factor: Object.keys(others).length > 0 ? { ...others, default: factor } : factor,
    residual_before_ln: full.residualBeforeLn === 'post_add' ? 'post_add' : full.residualBeforeLn === 'true',
    scaling: full.scaling,
  };
}

/** A factor by which AdapterHub comes to this width, ⌊hidden / factor⌋: half a unit more guards against rounding. */
function factorFor(width: number, hidden: number): number {
  return hidden % width === 0 ? hidden / width : hidden / (width + 0.5);
}

export function fromAdapterHub(raw: Raw, path: string): AdapterConfig {
  const refuse = (field: string, legal: string): never => {
    throw new StudioError('model.config', {
      path,
      field: `config.${field}`,
      value: JSON.stringify(raw[field] ?? null),
      legal,
    });
  };
  for (const field of mustBe) if (field in raw && raw[field] !== off[field]) refuse(field, JSON.stringify(off[field]));
  const flag = (field: string, fallback: boolean): boolean => {
    const value = raw[field] ?? fallback;
    return typeof value === 'boolean' ? value : refuse(field, 'true, false');
  };
  const configuration = flag('is_parallel', false) ? 'par_bn' : flag('mh_adapter', false) ? 'houlsby' : 'pfeiffer';
  const { factor, others } = factorsOf(raw, refuse);
  const residual = raw['residual_before_ln'] ?? true;
  const parsed = adapterSchema.safeParse({
    ...plainAdapter,
    name: 'adapter',
    configuration,
    reductionFactor: factor,
    layerReductionFactors: others,
    nonLinearity: nonLinearityOf(raw, refuse),
    scaling: raw['scaling'] ?? 1,
    dropout: raw['dropout'] ?? 0,
    init: raw['init_weights'] ?? 'bert',
    lnBefore: flag('ln_before', false),
    lnAfter: flag('ln_after', false),
    originalLnBefore: flag('original_ln_before', false),
    originalLnAfter: flag('original_ln_after', true),
    residualBeforeLn: typeof residual === 'boolean' ? String(residual) : residual,
    adapterResidualBeforeLn: flag('adapter_residual_before_ln', false),
    attentionAdapter: flag('mh_adapter', false),
    outputAdapter: flag('output_adapter', true),
    crossAdapter: flag('cross_adapter', false),
    leaveOut: raw['leave_out'] ?? [],
  });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = theirNames[String(issue?.path[0])] ?? String(issue?.path[0]);
    return refuse(field, issue?.message ?? 'a legal value');
  }
  return withoutDefaults(parsed.data);
}

const theirNames: Readonly<Record<string, string>> = {
  reductionFactor: 'reduction_factor',
  layerReductionFactors: 'reduction_factor',
  residualBeforeLn: 'residual_before_ln',
  init: 'init_weights',
  leaveOut: 'leave_out',
};

type Refuse = (field: string, legal: string) => never;

function factorsOf(raw: Raw, refuse: Refuse): { readonly factor: Json; readonly others: Raw } {
  const given = raw['reduction_factor'] ?? 16;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return { factor: given, others: {} };
  const { default: factor, ...others } = given as Raw;
  // Without a default AdapterHub fails on a layer that is not named.
  return { factor: factor ?? refuse('reduction_factor', 'a number, or numbers with a default'), others };
}

function nonLinearityOf(raw: Raw, refuse: Refuse): string {
  const given = raw['non_linearity'];
  const name = typeof given === 'string' ? given.toLowerCase() : '';
  const found = adapterNonLinearities.find((known) => known === (name === 'leaky_relu' ? 'leakyrelu' : name));
  return found ?? refuse('non_linearity', adapterNonLinearities.join(', '));
}

/** What the configuration says by itself is left open, as a recipe would. */
function withoutDefaults(config: AdapterConfig): AdapterConfig {
  const named = configurations[config.configuration];
  return {
    ...config,
    nonLinearity: config.nonLinearity === named.nonLinearity ? null : config.nonLinearity,
    scaling: config.scaling === named.scaling ? null : config.scaling,
    init: config.init === named.init ? null : config.init,
    originalLnBefore: config.originalLnBefore === named.originalLnBefore ? null : config.originalLnBefore,
    attentionAdapter: config.attentionAdapter === named.attentionAdapter ? null : config.attentionAdapter,
  };
}
