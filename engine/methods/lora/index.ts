/** LoRA: Low-Rank Adaptation of Large Language Models (Hu et al., 2021, arXiv 2106.09685). */
import type { LoraConfig } from '../../spec/methods/lora.ts';
import { learningHead, plainMethod, type Method } from '../method.ts';
import { toPeftConfig } from './config.ts';
import { injectLora, loraParameters } from './inject.ts';

export const lora: Method<LoraConfig> = {
  ...plainMethod,
  name: 'lora',
  mergeable: true,
  savedAs: 'peft',
  peft: { config: toPeftConfig, key: (name) => `base_model.model.${name}` },
  added: loraParameters,
  trainable: (config, target) => [
    ...loraParameters(config, target).keys(),
    ...learningHead(target, config.modulesToSave),
  ],
  inject: injectLora,
};
