/** DistilBERT's modules in Transformers' task models. */
import { biased, isPooled } from '../bert/weights.ts';
import { maskedLmModules, type MaskedLmNames } from '../masked-lm.ts';
import type { Head, Module } from '../model.ts';
import type { DistilBertConfig } from './config.ts';

export function distilBertModules(config: DistilBertConfig): readonly Module[] {
  const { hidden, intermediate } = config;
  const table = (name: string, rows: number): Module => ({
    name: `distilbert.embeddings.${name}`,
    kind: 'embedding',
    shape: [rows, hidden],
    bias: false,
  });
  const layers = Array.from({ length: config.layers }, (_, index): readonly Module[] => {
    const layer = `distilbert.transformer.layer.${String(index)}`;
    return [
      ...['q_lin', 'k_lin', 'v_lin', 'out_lin'].map((part) =>
        biased(`${layer}.attention.${part}`, 'linear', [hidden, hidden]),
      ),
      biased(`${layer}.sa_layer_norm`, 'norm', [hidden]),
      biased(`${layer}.ffn.lin1`, 'linear', [intermediate, hidden]),
      biased(`${layer}.ffn.lin2`, 'linear', [hidden, intermediate]),
      biased(`${layer}.output_layer_norm`, 'norm', [hidden]),
    ];
  });
  return [
    table('word_embeddings', config.vocabulary),
    table('position_embeddings', config.maxLength),
    biased('distilbert.embeddings.LayerNorm', 'norm', [hidden]),
    ...layers.flat(),
  ];
}

export const distilBertMaskedLm: MaskedLmNames = {
  dense: 'vocab_transform',
  norm: 'vocab_layer_norm',
  decoder: 'vocab_projector',
  bias: 'vocab_projector.bias',
};

export function distilBertHeadModules(config: DistilBertConfig, head: Head): readonly Module[] {
  const { hidden } = config;
  if (head.name === 'masked-lm') return maskedLmModules(distilBertMaskedLm, { ...config, width: hidden });
  if (head.name === 'question-answering') return [biased('qa_outputs', 'linear', [head.labels, hidden])];
  return [
    ...(isPooled(head) ? [biased('pre_classifier', 'linear', [hidden, hidden])] : []),
    biased('classifier', 'linear', [head.labels, hidden]),
  ];
}
