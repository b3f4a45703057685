/** Names and shapes of Llama's weights in Transformers' task models. */
import type { Shape } from '../../autodiff/graph.ts';
import type { Head } from '../model.ts';
import type { LlamaConfig } from './config.ts';

export function llamaWeights(config: LlamaConfig): ReadonlyMap<string, Shape> {
  const { hidden, intermediate } = config;
  const queries = config.heads * config.headSize;
  const keys = config.keyValueHeads * config.headSize;
  const linear = (name: string, shape: Shape, bias: boolean): readonly (readonly [string, Shape])[] => [
    [`${name}.weight`, shape],
    ...(bias ? [[`${name}.bias`, shape.slice(0, 1)] as const] : []),
  ];
  const layers = Array.from({ length: config.layers }, (_, index) => {
    const layer = `model.layers.${String(index)}`;
    const attention = `${layer}.self_attn`;
    return [
      ...linear(`${attention}.q_proj`, [queries, hidden], config.attentionBias),
      ...linear(`${attention}.k_proj`, [keys, hidden], config.attentionBias),
      ...linear(`${attention}.v_proj`, [keys, hidden], config.attentionBias),
      ...linear(`${attention}.o_proj`, [hidden, queries], config.attentionBias),
      ...linear(`${layer}.mlp.gate_proj`, [intermediate, hidden], config.mlpBias),
      ...linear(`${layer}.mlp.up_proj`, [intermediate, hidden], config.mlpBias),
      ...linear(`${layer}.mlp.down_proj`, [hidden, intermediate], config.mlpBias),
      [`${layer}.input_layernorm.weight`, [hidden]] as const,
      [`${layer}.post_attention_layernorm.weight`, [hidden]] as const,
    ];
  });
  return new Map<string, Shape>([
    ['model.embed_tokens.weight', [config.vocabulary, hidden]],
    ...layers.flat(),
    ['model.norm.weight', [hidden]],
  ]);
}

export function llamaHeadWeights(config: LlamaConfig, head: Head): ReadonlyMap<string, Shape> {
  const { hidden } = config;
  switch (head.name) {
    case 'causal-lm':
      return new Map(config.tied ? [] : [['lm_head.weight', [config.vocabulary, hidden]]]);
    case 'sequence-classification':
      return new Map([['score.weight', [head.labels, hidden]]]);
    case 'token-classification':
      return new Map([
        ['score.weight', [head.labels, hidden]],
        ['score.bias', [head.labels]],
      ]);
    case 'question-answering':
    case 'multiple-choice':
      return new Map();
  }
}
