/** Prefix-Tuning: Optimizing Continuous Prompts for Generation (Li & Liang, 2021, arXiv 2101.00190). */
import type { Tensor } from '../../autodiff/graph.ts';
import type { PrefixConfig } from '../../spec/methods/prefix.ts';
import { learningHead, plainMethod, wordTemplate, type Method } from '../method.ts';
import { promptKey, promptTable } from '../peft-prompts.ts';
import { toPrefixTuning } from './config.ts';
import { activationTable, checkPrefix, prefixOf, prefixParameters, tableOf } from './inject.ts';

/** PyTorch's Embedding. */
const deviation = 1;

export const prefix: Method<PrefixConfig> = {
  ...plainMethod,
  name: 'prefix',
  savedAs: 'peft',
  peft: { config: toPrefixTuning, key: promptKey },
  // Slots with zero values still draw attention.
  startsAsIdentity: () => false,
  template: wordTemplate,
  prefixLength: ({ virtualTokens }) => virtualTokens,
  check: (config, target) => {
    checkPrefix('prefix', config, target);
  },
  added: (config, target) => prefixParameters(config, target, deviation),
  trainable: (config, target) => [
    ...prefixParameters(config, target, deviation).keys(),
    ...learningHead(target, config.modulesToSave),
  ],
  start: activationTable,
  prefix: prefixOf,
  savedConfig: (config) => ({ ...config, init: 'random', initText: null, projection: false, encoderSize: null }),
  savedTensors: (scope, config, target) =>
    new Map<string, Tensor>(config.projection ? [[promptTable, tableOf(scope, config, target)]] : []),
};
