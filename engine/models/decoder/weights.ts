/** Modules of the rotary pre-norm decoders, by their names under `prefix` in Transformers' task models. */
import type { Shape } from '../../autodiff/graph.ts';
import type { Module } from '../model.ts';
import type { DecoderConfig } from './config.ts';

/** Sizes of queries, keys and values, all heads together. */
export function projections({ heads, keyValueHeads, headSize }: DecoderConfig): readonly [number, number, number] {
  return [heads * headSize, keyValueHeads * headSize, keyValueHeads * headSize];
}

/** Norms before attention and before the MLP, and behind both where there are `outerNorms`, in this order. */
export function normNames({ outerNorms }: DecoderConfig): readonly [string, string, ...string[]] {
  return outerNorms
    ? ['input_layernorm', 'pre_feedforward_layernorm', 'post_attention_layernorm', 'post_feedforward_layernorm']
    : ['input_layernorm', 'post_attention_layernorm'];
}

export function decoderModules(config: DecoderConfig, prefix: string): readonly Module[] {
  const { hidden, vocabulary } = config;
  return [
    { name: `${prefix}.embed_tokens`, kind: 'embedding', shape: [vocabulary, hidden], bias: false },
    ...config.plan.flatMap((_, index) => layerModules(config, `${prefix}.layers.${String(index)}`)),
    { name: `${prefix}.norm`, kind: 'norm', shape: [hidden], bias: false },
  ];
}

function layerModules(config: DecoderConfig, layer: string): readonly Module[] {
  const { hidden, intermediate, headSize, biases, fused, headNorms } = config;
  const [queries, keys, values] = projections(config);
  const linear = (part: string, shape: Shape, bias: boolean): Module => ({
    name: `${layer}.${part}`,
    kind: 'linear',
    shape,
    bias,
  });
  const norm = (part: string, size: number): Module => ({
    name: `${layer}.${part}`,
    kind: 'norm',
    shape: [size],
    bias: false,
  });
  return [
    ...(fused
      ? [linear('self_attn.qkv_proj', [queries + keys + values, hidden], biases.qkv)]
      : [
          linear('self_attn.q_proj', [queries, hidden], biases.qkv),
          linear('self_attn.k_proj', [keys, hidden], biases.qkv),
          linear('self_attn.v_proj', [values, hidden], biases.qkv),
        ]),
    linear('self_attn.o_proj', [hidden, queries], biases.output),
    ...(headNorms ? [norm('self_attn.q_norm', headSize), norm('self_attn.k_norm', headSize)] : []),
    ...(fused
      ? [linear('mlp.gate_up_proj', [2 * intermediate, hidden], biases.mlp)]
      : [
          linear('mlp.gate_proj', [intermediate, hidden], biases.mlp),
          linear('mlp.up_proj', [intermediate, hidden], biases.mlp),
        ]),
    linear('mlp.down_proj', [hidden, intermediate], biases.mlp),
    ...normNames(config).map((name) => norm(name, hidden)),
  ];
}
