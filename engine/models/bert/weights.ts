/** Names and shapes of BERT's weights in Transformers' task models. */
import type { Shape } from '../../autodiff/graph.ts';
import type { Head } from '../model.ts';
import type { BertConfig } from './config.ts';

/** Linear and norm modules of one layer: name → [out, in] or [size]. */
function layerModules({ hidden, intermediate }: BertConfig): readonly (readonly [string, Shape])[] {
  return [
    ['attention.self.query', [hidden, hidden]],
    ['attention.self.key', [hidden, hidden]],
    ['attention.self.value', [hidden, hidden]],
    ['attention.output.dense', [hidden, hidden]],
    ['attention.output.LayerNorm', [hidden]],
    ['intermediate.dense', [intermediate, hidden]],
    ['output.dense', [hidden, intermediate]],
    ['output.LayerNorm', [hidden]],
  ];
}

export function withBias(modules: readonly (readonly [string, Shape])[]): readonly (readonly [string, Shape])[] {
  return modules.flatMap(([name, shape]) => [
    [`${name}.weight`, shape] as const,
    [`${name}.bias`, [shape[0] ?? 0]] as const,
  ]);
}

/** Embeddings and layers under `prefix`: the part BERT and RoBERTa have in common. */
export function encoderWeights(config: BertConfig, prefix: string): readonly (readonly [string, Shape])[] {
  const { hidden } = config;
  return [
    [`${prefix}.embeddings.word_embeddings.weight`, [config.vocabulary, hidden]],
    [`${prefix}.embeddings.position_embeddings.weight`, [config.positionRows, hidden]],
    [`${prefix}.embeddings.token_type_embeddings.weight`, [config.tokenTypes, hidden]],
    ...withBias([[`${prefix}.embeddings.LayerNorm`, [hidden]]]),
    ...Array.from({ length: config.layers }, (_, index) =>
      withBias(
        layerModules(config).map(([name, shape]) => [`${prefix}.encoder.layer.${String(index)}.${name}`, shape]),
      ),
    ).flat(),
  ];
}

/** Only pooled heads have a pooler. */
export function isPooled(head: Head): boolean {
  return head.name === 'sequence-classification' || head.name === 'multiple-choice';
}

export function bertWeights(config: BertConfig, head: Head): ReadonlyMap<string, Shape> {
  const pooler = isPooled(head) ? withBias([['bert.pooler.dense', [config.hidden, config.hidden]]]) : [];
  return new Map([...encoderWeights(config, 'bert'), ...pooler]);
}

export function bertHeadWeights(config: BertConfig, head: Head): ReadonlyMap<string, Shape> {
  const module = head.name === 'question-answering' ? 'qa_outputs' : 'classifier';
  return new Map(withBias([[module, [head.labels, config.hidden]]]));
}
