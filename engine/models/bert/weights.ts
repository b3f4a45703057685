/** BERT's modules in Transformers' task models. */
import type { Shape } from '../../autodiff/graph.ts';
import { maskedLmModules, type MaskedLmNames } from '../masked-lm.ts';
import type { Head, Module, ModuleKind } from '../model.ts';
import type { BertConfig } from './config.ts';

/** A module with a bias. */
export function biased(name: string, kind: ModuleKind, shape: Shape): Module {
  return { name, kind, shape, bias: true };
}

/** Embeddings and layers under `prefix`: the part BERT and its relatives have in common. */
export function encoderModules(config: BertConfig, prefix: string): readonly Module[] {
  const { hidden, intermediate } = config;
  const width = config.embeddingSize ?? hidden;
  const table = (name: string, rows: number): Module => ({
    name: `${prefix}.embeddings.${name}`,
    kind: 'embedding',
    shape: [rows, width],
    bias: false,
  });
  const layers = Array.from({ length: config.layers }, (_, index): readonly Module[] => {
    const layer = `${prefix}.encoder.layer.${String(index)}`;
    return [
      biased(`${layer}.attention.self.query`, 'linear', [hidden, hidden]),
      biased(`${layer}.attention.self.key`, 'linear', [hidden, hidden]),
      biased(`${layer}.attention.self.value`, 'linear', [hidden, hidden]),
      biased(`${layer}.attention.output.dense`, 'linear', [hidden, hidden]),
      biased(`${layer}.attention.output.LayerNorm`, 'norm', [hidden]),
      biased(`${layer}.intermediate.dense`, 'linear', [intermediate, hidden]),
      biased(`${layer}.output.dense`, 'linear', [hidden, intermediate]),
      biased(`${layer}.output.LayerNorm`, 'norm', [hidden]),
    ];
  });
  return [
    table('word_embeddings', config.vocabulary),
    table('position_embeddings', config.positionRows),
    table('token_type_embeddings', config.tokenTypes),
    biased(`${prefix}.embeddings.LayerNorm`, 'norm', [width]),
    ...layers.flat(),
  ];
}

/** Only pooled heads have a pooler. */
export function isPooled(head: Head): boolean {
  return head.name === 'sequence-classification' || head.name === 'multiple-choice';
}

export function bertModules(config: BertConfig, head: Head): readonly Module[] {
  const pooler = isPooled(head) ? [biased('bert.pooler.dense', 'linear', [config.hidden, config.hidden])] : [];
  return [...encoderModules(config, 'bert'), ...pooler];
}

export const bertMaskedLm: MaskedLmNames = {
  dense: 'cls.predictions.transform.dense',
  norm: 'cls.predictions.transform.LayerNorm',
  decoder: 'cls.predictions.decoder',
  bias: 'cls.predictions.bias',
};

export function bertHeadModules(config: BertConfig, head: Head): readonly Module[] {
  if (head.name === 'masked-lm') return maskedLmModules(bertMaskedLm, { ...config, width: config.hidden });
  const name = head.name === 'question-answering' ? 'qa_outputs' : 'classifier';
  return [biased(name, 'linear', [head.labels, config.hidden])];
}
