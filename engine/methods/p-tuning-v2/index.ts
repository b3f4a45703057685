/** P-Tuning v2: Prompt Tuning Can Be Comparable to Fine-tuning Universally Across Scales and Tasks (Liu et al., 2022, arXiv 2110.07602). */
import type { Tensor } from '../../autodiff/graph.ts';
import type { PTuningV2Config } from '../../spec/methods/p-tuning-v2.ts';
import { learningHead, plainMethod, wordTemplate, type Method } from '../method.ts';
import { promptKey, promptTable } from '../peft-prompts.ts';
import { toPrefixTuning } from '../prefix/config.ts';
import { activationTable, checkPrefix, prefixOf, prefixParameters, tableOf } from '../prefix/inject.ts';

/** Of the authors' code, whose embeddings start as Transformers starts them. */
const deviation = 0.02;

/** Deep prompts are prefix tuning's keys and values; what is the paper's own are the start, the dropout and the head. */
export const pTuningV2: Method<PTuningV2Config> = {
  ...plainMethod,
  name: 'p-tuning-v2',
  savedAs: 'peft',
  peft: { config: toPrefixTuning, key: promptKey },
  startsAsIdentity: () => false,
  prefixLength: ({ virtualTokens }) => virtualTokens,
  // Its own tokens stand in the layers, none among the words.
  template: wordTemplate,
  check: (config, target) => {
    checkPrefix('p-tuning-v2', config, target);
  },
  added: (config, target) => prefixParameters(config, target, deviation),
  trainable: (config, target) => [
    ...prefixParameters(config, target, deviation).keys(),
    ...learningHead(target, config.modulesToSave),
  ],
  furtherData: ({ sharedWith }) => sharedWith ?? [],
  movePaths: (config, move) => {
    const { sharedWith } = config;
    if (!sharedWith) return config;
    return { ...config, sharedWith: sharedWith.map((one) => ({ ...one, train: one.train.map(move) })) };
  },
  start: activationTable,
  prefix: prefixOf,
  savedConfig: (config) => ({
    ...config,
    init: 'random',
    initText: null,
    dropout: 0,
    projection: false,
    encoderSize: null,
  }),
  savedTensors: (scope, config, target) =>
    new Map<string, Tensor>(config.projection ? [[promptTable, tableOf(scope, config, target)]] : []),
};
