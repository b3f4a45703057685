/** DeBERTa's modules in Transformers' task models. */
import { bertMaskedLm, biased, isPooled } from '../bert/weights.ts';
import { maskedLmModules, type MaskedLmNames } from '../masked-lm.ts';
import type { Head, Module } from '../model.ts';
import type { DebertaConfig } from './config.ts';

export function debertaModules(config: DebertaConfig): readonly Module[] {
  const { hidden, embeddingSize, relative } = config;
  const table = (name: string, rows: number, width: number): Module => ({
    name: `deberta.${name}`,
    kind: 'embedding',
    shape: [rows, width],
    bias: false,
  });
  const projection: Module = {
    name: 'deberta.embeddings.embed_proj',
    kind: 'linear',
    shape: [hidden, embeddingSize],
    bias: false,
  };
  return [
    table('embeddings.word_embeddings', config.vocabulary, embeddingSize),
    ...(config.absolutePositions ? [table('embeddings.position_embeddings', config.maxLength, embeddingSize)] : []),
    ...(config.tokenTypes > 0 ? [table('embeddings.token_type_embeddings', config.tokenTypes, embeddingSize)] : []),
    ...(embeddingSize === hidden ? [] : [projection]),
    biased('deberta.embeddings.LayerNorm', 'norm', [hidden]),
    ...Array.from({ length: config.layers }, (_, index) => layerModules(config, index)).flat(),
    ...(relative ? [table('encoder.rel_embeddings', 2 * relative.span, hidden)] : []),
    ...(relative?.normed ? [biased('deberta.encoder.LayerNorm', 'norm', [hidden])] : []),
  ];
}

function layerModules(config: DebertaConfig, index: number): readonly Module[] {
  const { hidden, intermediate, relative } = config;
  const layer = `deberta.encoder.layer.${String(index)}`;
  const ownProjections = relative !== null && !relative.sharedProjections;
  const projections = [
    'query_proj',
    'key_proj',
    'value_proj',
    ...(ownProjections && config.contentToPosition ? ['pos_key_proj'] : []),
    ...(ownProjections && config.positionToContent ? ['pos_query_proj'] : []),
  ];
  return [
    ...projections.map((part) => biased(`${layer}.attention.self.${part}`, 'linear', [hidden, hidden])),
    biased(`${layer}.attention.output.dense`, 'linear', [hidden, hidden]),
    biased(`${layer}.attention.output.LayerNorm`, 'norm', [hidden]),
    biased(`${layer}.intermediate.dense`, 'linear', [intermediate, hidden]),
    biased(`${layer}.output.dense`, 'linear', [hidden, intermediate]),
    biased(`${layer}.output.LayerNorm`, 'norm', [hidden]),
  ];
}

const ownNames: MaskedLmNames = {
  dense: 'lm_predictions.lm_head.dense',
  norm: 'lm_predictions.lm_head.LayerNorm',
  decoder: null,
  bias: 'lm_predictions.lm_head.bias',
};

/** Transformers reads the names that the authors' files have only where config.json says `legacy: false`. */
export function debertaMaskedLm({ legacy }: DebertaConfig): MaskedLmNames {
  return legacy ? bertMaskedLm : ownNames;
}

/** The pooler is new: files of a masked language model have none. */
export function debertaHeadModules(config: DebertaConfig, head: Head): readonly Module[] {
  const { hidden, embeddingSize } = config;
  if (head.name === 'masked-lm') return maskedLmModules(debertaMaskedLm(config), { ...config, width: embeddingSize });
  if (head.name === 'question-answering') return [biased('qa_outputs', 'linear', [head.labels, hidden])];
  return [
    ...(isPooled(head) ? [biased('pooler.dense', 'linear', [hidden, hidden])] : []),
    biased('classifier', 'linear', [head.labels, hidden]),
  ];
}
