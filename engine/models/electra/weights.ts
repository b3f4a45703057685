/** ELECTRA's modules: BERT's encoder behind a projection; its classification head is two layers. */
import { bertHeadModules, biased, encoderModules } from '../bert/weights.ts';
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

export function electraHeadModules(config: ElectraConfig, head: Head): readonly Module[] {
  const { hidden, summary } = config;
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
