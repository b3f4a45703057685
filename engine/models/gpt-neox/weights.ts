/** GPT-NeoX's modules in Transformers' task models. */
import type { Shape } from '../../autodiff/graph.ts';
import { layerNormModule } from '../norm.ts';
import type { Module } from '../model.ts';
import type { GptNeoxConfig } from './config.ts';

export function gptNeoxModules(config: GptNeoxConfig): readonly Module[] {
  const { hidden, intermediate, attentionBias } = config;
  const linear = (name: string, shape: Shape, bias = true): Module => ({ name, kind: 'linear', shape, bias });
  const layers = Array.from({ length: config.layers }, (_, index): readonly Module[] => {
    const layer = `gpt_neox.layers.${String(index)}`;
    return [
      layerNormModule(`${layer}.input_layernorm`, hidden),
      layerNormModule(`${layer}.post_attention_layernorm`, hidden),
      linear(`${layer}.attention.query_key_value`, [3 * hidden, hidden], attentionBias),
      linear(`${layer}.attention.dense`, [hidden, hidden], attentionBias),
      linear(`${layer}.mlp.dense_h_to_4h`, [intermediate, hidden]),
      linear(`${layer}.mlp.dense_4h_to_h`, [hidden, intermediate]),
    ];
  });
  return [
    { name: 'gpt_neox.embed_in', kind: 'embedding', shape: [config.vocabulary, hidden], bias: false },
    ...layers.flat(),
    layerNormModule('gpt_neox.final_layer_norm', hidden),
  ];
}
