/** Parameter-Efficient Transfer Learning for NLP (Houlsby et al., 2019, arXiv 1902.00751), and Pfeiffer's and He's placements of its adapters. */
import { weightsOfModule } from '../../models/model.ts';
import { StudioError } from '../../spec/errors.ts';
import type { AdapterConfig } from '../../spec/methods/adapter.ts';
import { learningHead, plainMethod, wordTemplate, type Method, type Target } from '../method.ts';
import { toAdapterHub } from './config.ts';
import { adapterParameters, injectAdapters } from './inject.ts';
import { bottleneckOf, widthsOf } from './settings.ts';

export const adapter: Method<AdapterConfig> = {
  ...plainMethod,
  name: 'adapter',
  savedAs: 'adapterhub',
  template: wordTemplate,
  adapterHub: { config: toAdapterHub, keys: adapterKeys },
  startsAsIdentity,
  check: checkAdapter,
  added: adapterParameters,
  trainable: (config, target) => [
    ...adapterParameters(config, target).keys(),
    ...(config.trainLayerNorm ? normWeights(target) : []),
    ...learningHead(target),
  ],
  inject: injectAdapters,
};

/** All of the model's norms, that of the embeddings too: the paper's count has it (section 2.1; BERT-large 100,352). */
function normWeights({ modules }: Target): readonly string[] {
  const norms = [...modules.values()].filter(({ kind, part }) => kind === 'norm' && part === 'base');
  return norms.flatMap((module) => weightsOfModule(module).map(([name]) => name));
}

/** Where the widening starts at zero and its residual is what the sub-layer gave; the other starts are near it only. */
function startsAsIdentity(config: AdapterConfig): boolean {
  const { init, residualBeforeLn, adapterResidualBeforeLn, lnAfter, originalLnAfter, parallel } = bottleneckOf(config);
  if (init !== 'mam_adapter' || !originalLnAfter) return false;
  return parallel || (residualBeforeLn === 'true' && !(adapterResidualBeforeLn && lnAfter));
}

function checkAdapter(config: AdapterConfig, target: Target): void {
  const { originalLnBefore } = bottleneckOf(config);
  const refuse = (field: string, value: string, legal: string): never => {
    throw new StudioError('recipe.field', { path: `method.${field}`, value, legal });
  };
  const stacked = target.places().some(({ normed }) => !normed);
  if (config.residualBeforeLn === 'post_add' && (!originalLnBefore || stacked))
    refuse(
      'residualBeforeLn',
      'post_add',
      'true or false: post_add needs original_ln_before and a model with a norm behind each sum',
    );
  if (widthsOf(config, target).size === 0)
    refuse('leaveOut', config.leaveOut.join(', '), 'fewer layers, or an adapter behind attention or feed-forward');
}

/** AdapterHub registers a norm in front twice, so that the narrowing comes second in its sequence. */
function adapterKeys(name: string, adapterName: string, config: AdapterConfig): readonly string[] {
  const [, place, part, kind] = /^(.*)\.(adapter_\w+)\.(weight|bias)$/.exec(name) ?? [];
  const key = (module: string): string => `${String(place)}.adapters.${adapterName}.${module}.${String(kind)}`;
  if (part === 'adapter_down') return [key(`adapter_down.${config.lnBefore ? '1' : '0'}`)];
  return part === 'adapter_norm_before' ? [key(part), key('adapter_down.0')] : [key(String(part))];
}
