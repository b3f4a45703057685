/** ELECTRA's modules: BERT's encoder behind a projection; its classification head is two layers. */
import { bertHeadModules, biased, encoderModules } from '../bert/weights.ts';
import { maskedLmModules, type MaskedLmNames } from '../masked-lm.ts';
import type { Head, Module } from '../model.ts';
import type { ElectraConfig } from './config.ts';

/** Embeddings as wide as the layers need no projection. */
export function isProjected({ embeddingSize, hidden }: ElectraConfig): boolean {
  return embeddingSize !== hidden;
}

export function electraModules(config: ElectraConfig): readonly Module[] {
  const { hidden, embeddingSize } = config;
  const projection = isProjected(config)
    ? [biased('electra.embeddings_project', 'linear', [hidden, embeddingSize])]
    : [];
  return [...encoderModules(config, 'electra'), ...projection];
}

/** Of the generator: the discriminator's files have none. */
export const electraMaskedLm: MaskedLmNames = {
  dense: 'generator_predictions.dense',
  norm: 'generator_predictions.LayerNorm',
  decoder: 'generator_lm_head',
  bias: 'generator_lm_head.bias',
};

export function electraHeadModules(config: ElectraConfig, head: Head): readonly Module[] {
  const { hidden, summary, embeddingSize } = config;
  if (head.name === 'masked-lm') return maskedLmModules(electraMaskedLm, { ...config, width: embeddingSize });
  if (head.name === 'multiple-choice') {
    const projection = summary.projects ? [biased('sequence_summary.summary', 'linear', [hidden, hidden])] : [];
    return [...projection, ...bertHeadModules(config, head)];
  }
  if (head.name !== 'sequence-classification') return bertHeadModules(config, head);
  return [
    biased('classifier.dense', 'linear', [hidden, hidden]),
    biased('classifier.out_proj', 'linear', [head.labels, hidden]),
  ];
}
