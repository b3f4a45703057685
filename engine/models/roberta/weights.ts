/** RoBERTa's modules; its classification head is two layers. */
import type { BertConfig } from '../bert/config.ts';
import { bertHeadModules, biased, encoderModules } from '../bert/weights.ts';
import { maskedLmModules, type MaskedLmNames } from '../masked-lm.ts';
import type { Head, Module } from '../model.ts';

export function robertaModules(config: BertConfig): readonly Module[] {
  return encoderModules(config, 'roberta');
}

export const robertaMaskedLm: MaskedLmNames = {
  dense: 'lm_head.dense',
  norm: 'lm_head.layer_norm',
  decoder: 'lm_head.decoder',
  bias: 'lm_head.bias',
};

/** The pooler of multiple choice is new: files of a masked language model have none. */
export function robertaHeadModules(config: BertConfig, head: Head): readonly Module[] {
  const { hidden } = config;
  if (head.name === 'masked-lm') return maskedLmModules(robertaMaskedLm, { ...config, width: hidden });
  if (head.name === 'multiple-choice')
    return [biased('roberta.pooler.dense', 'linear', [hidden, hidden]), ...bertHeadModules(config, head)];
  if (head.name !== 'sequence-classification') return bertHeadModules(config, head);
  return [
    biased('classifier.dense', 'linear', [hidden, hidden]),
    biased('classifier.out_proj', 'linear', [head.labels, hidden]),
  ];
}
