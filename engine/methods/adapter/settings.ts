/** An adapter's settings in full: AdapterHub's named configurations with what a recipe changes in them. */
import type { AdapterConfig, AdapterNonLinearity } from '../../spec/methods/adapter.ts';
import type { Place, Target } from '../method.ts';

/** What a named configuration decides (adapters/configuration/adapter_config.py). */
export interface Configured {
  readonly nonLinearity: AdapterNonLinearity;
  readonly scaling: number;
  readonly init: 'bert' | 'houlsby' | 'mam_adapter';
  readonly originalLnBefore: boolean;
  readonly attentionAdapter: boolean;
  readonly parallel: boolean;
}

const doubleSequential: Configured = {
  nonLinearity: 'swish',
  scaling: 1,
  init: 'bert',
  originalLnBefore: false,
  attentionAdapter: true,
  parallel: false,
};
const sequential: Configured = {
  ...doubleSequential,
  nonLinearity: 'relu',
  originalLnBefore: true,
  attentionAdapter: false,
};
const parallel: Configured = {
  nonLinearity: 'relu',
  scaling: 4,
  init: 'mam_adapter',
  originalLnBefore: false,
  attentionAdapter: false,
  parallel: true,
};

export const configurations = {
  double_seq_bn: doubleSequential,
  houlsby: doubleSequential,
  seq_bn: sequential,
  pfeiffer: sequential,
  par_bn: parallel,
} satisfies Record<AdapterConfig['configuration'], Configured>;

/** Nothing left open. */
export type Bottleneck = Omit<AdapterConfig, 'configuration' | keyof Configured> & Configured;

export function bottleneckOf(config: AdapterConfig): Bottleneck {
  const named = configurations[config.configuration];
  return {
    ...config,
    nonLinearity: config.nonLinearity ?? named.nonLinearity,
    scaling: config.scaling ?? named.scaling,
    init: config.init ?? named.init,
    originalLnBefore: config.originalLnBefore ?? named.originalLnBefore,
    attentionAdapter: config.attentionAdapter ?? named.attentionAdapter,
    parallel: named.parallel,
  };
}

/** Width of an adapter in that layer: ⌊d / factor⌋, at least 1. */
function widthOf(
  { bottleneck, reductionFactor, layerReductionFactors }: AdapterConfig,
  hidden: number,
  layer: number,
): number {
  const own = layerReductionFactors[String(layer)];
  if (own === undefined && bottleneck !== null) return bottleneck;
  return Math.max(1, Math.floor(hidden / (own ?? reductionFactor)));
}

/** Width of the adapter at each place that gets one. */
export function widthsOf(config: AdapterConfig, target: Target): ReadonlyMap<string, number> {
  const { attentionAdapter } = bottleneckOf(config);
  const wanted: Record<Place['kind'], boolean> = {
    attention: attentionAdapter,
    'cross-attention': config.crossAdapter,
    'feed-forward': config.outputAdapter,
  };
  const places = target.places().filter(({ kind, layer }) => wanted[kind] && !config.leaveOut.includes(layer));
  return new Map(places.map(({ place, layer }) => [place, widthOf(config, target.config.hidden, layer)]));
}
