/** GPT-2's modules in Transformers' task models; its projections are Conv1D. */
import type { Shape } from '../../autodiff/graph.ts';
import { layerNormModule } from '../norm.ts';
import type { Module } from '../model.ts';
import type { Gpt2Config } from './config.ts';

export function gpt2Modules(config: Gpt2Config): readonly Module[] {
  const { hidden, intermediate } = config;
  const table = (name: string, rows: number): Module => ({
    name,
    kind: 'embedding',
    shape: [rows, hidden],
    bias: false,
  });
  const conv1d = (name: string, shape: Shape): Module => ({ name, kind: 'conv1d', shape, bias: true });
  return [
    table('transformer.wte', config.vocabulary),
    table('transformer.wpe', config.maxLength),
    ...config.attentionScales.flatMap((_, index): readonly Module[] => {
      const layer = `transformer.h.${String(index)}`;
      return [
        layerNormModule(`${layer}.ln_1`, hidden),
        conv1d(`${layer}.attn.c_attn`, [hidden, 3 * hidden]),
        conv1d(`${layer}.attn.c_proj`, [hidden, hidden]),
        layerNormModule(`${layer}.ln_2`, hidden),
        conv1d(`${layer}.mlp.c_fc`, [hidden, intermediate]),
        conv1d(`${layer}.mlp.c_proj`, [intermediate, hidden]),
      ];
    }),
    layerNormModule('transformer.ln_f', hidden),
  ];
}
