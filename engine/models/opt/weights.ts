/** OPT's modules in Transformers' task models. */
import type { Shape } from '../../autodiff/graph.ts';
import { layerNormModule } from '../norm.ts';
import type { Module } from '../model.ts';
import type { OptConfig } from './config.ts';

/** Rows of the position table that no token stands at, the second of them padding's. */
export const positionOffset = 2;

export function optModules(config: OptConfig): readonly Module[] {
  const { hidden, intermediate, embeddingSize, biased, normWeights } = config;
  const width = embeddingSize ?? hidden;
  const table = (name: string, shape: Shape): Module => ({ name, kind: 'embedding', shape, bias: false });
  const linear = (name: string, shape: Shape, bias = biased): Module => ({ name, kind: 'linear', shape, bias });
  const norm = (name: string): readonly Module[] => (normWeights ? [layerNormModule(name, hidden)] : []);
  const layers = Array.from({ length: config.layers }, (_, index): readonly Module[] => {
    const layer = `model.decoder.layers.${String(index)}`;
    return [
      ...['k_proj', 'v_proj', 'q_proj', 'out_proj'].map((part) =>
        linear(`${layer}.self_attn.${part}`, [hidden, hidden]),
      ),
      ...norm(`${layer}.self_attn_layer_norm`),
      linear(`${layer}.fc1`, [intermediate, hidden]),
      linear(`${layer}.fc2`, [hidden, intermediate]),
      ...norm(`${layer}.final_layer_norm`),
    ];
  });
  return [
    table('model.decoder.embed_tokens', [config.vocabulary, width]),
    table('model.decoder.embed_positions', [config.maxLength + positionOffset, hidden]),
    ...(width === hidden
      ? []
      : [
          linear('model.decoder.project_out', [width, hidden], false),
          linear('model.decoder.project_in', [hidden, width], false),
        ]),
    ...(config.finalNorm ? norm('model.decoder.final_layer_norm') : []),
    ...layers.flat(),
  ];
}
