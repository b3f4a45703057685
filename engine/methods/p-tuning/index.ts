/** P-tuning: GPT Understands, Too (Liu et al., 2021, arXiv 2103.10385). */
import type { Tensor } from '../../autodiff/graph.ts';
import type { PTuningConfig } from '../../spec/methods/p-tuning.ts';
import { learningHead, plainMethod, type Method } from '../method.ts';
import { promptKey, promptTable } from '../peft-prompts.ts';
import { withTable } from '../virtual-tokens.ts';
import { toPTuning } from './config.ts';
import { encodedPrompt, encoderParameters } from './inject.ts';

export const pTuning: Method<PTuningConfig> = {
  ...plainMethod,
  name: 'p-tuning',
  savedAs: 'peft',
  peft: { config: toPTuning, key: promptKey },
  startsAsIdentity: () => false,
  virtualTokens: ({ virtualTokens }) => virtualTokens,
  template: ({ template: text, virtualTokens, labelWords }) =>
    text === null ? null : { text, virtualTokens, labelWords },
  added: encoderParameters,
  trainable: (config, target) => [
    ...encoderParameters(config, target).keys(),
    ...learningHead(target, config.modulesToSave),
  ],
  inject: (scope, config, target) => withTable(scope, (inner) => encodedPrompt(inner, config, target)),
  // The encoder has done its work: only what it wrote is kept.
  savedConfig: (config) => ({
    ...config,
    encoder: 'embedding',
    encoderSize: null,
    encoderLayers: 2,
    encoderDropout: 0,
  }),
  savedTensors: (scope, config, target) =>
    new Map<string, Tensor>(
      config.encoder === 'embedding' ? [] : [[promptTable, encodedPrompt(scope, config, target)]],
    ),
};
