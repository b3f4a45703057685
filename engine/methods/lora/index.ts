/** LoRA: Low-Rank Adaptation of Large Language Models (Hu et al., 2021, arXiv 2106.09685). */
import type { LoraConfig } from '../../spec/methods/lora.ts';
import type { Method } from '../method.ts';
import { toPeftConfig } from './config.ts';
import { injectLora, loraParameters } from './inject.ts';

export const lora: Method<LoraConfig> = {
  name: 'lora',
  mergeable: true,
  addsVirtualTokens: false,
  startsAsIdentity: true,
  savedAs: 'peft',
  peftConfig: toPeftConfig,
  adapt: (model) => model,
  added: loraParameters,
  trainable: (config, target) => [
    ...loraParameters(config, target).keys(),
    ...(target.headIsNew ? target.head.keys() : []),
  ],
  inject: injectLora,
};
