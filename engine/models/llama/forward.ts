/** Llama's forward pass: pre-norm decoder layers with rotary positions (Touvron et al., 2023; Transformers' modeling_llama). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, flattenRows, gather, gemm, mul, rmsNormalization, rotaryEmbedding, silu } from '../../autodiff/ops.ts';
import { attention, causalBias, extend, mergeHeads, paddingBias, splitHeads } from '../attention.ts';
import type { ForwardResult, Head, Past, TextInputs } from '../model.ts';
import type { Scope } from '../scope.ts';
import type { LlamaConfig } from './config.ts';
import { rotationTables } from './rope.ts';

/** Rotation tables cover this many positions at a time, so that few graphs differ in nothing else. */
const positionBlock = 256;

export function llamaForward(scope: Scope, config: LlamaConfig, inputs: TextInputs): ForwardResult {
  const { graph } = scope;
  const { ids, mask, positions, past } = inputs;
  const [batch = 1, length = 1] = ids.shape;
  const before = past?.[0]?.key.shape[2] ?? 0;
  const covered = Math.ceil((mask.shape[1] ?? length) / positionBlock) * positionBlock;
  const tables = rotationTables(config.rope, config.headSize, covered);
  const tableShape = [covered, config.headSize / 2];
  const rotation = {
    positions,
    cos: graph.constant(tables.cos, 'float32', tableShape),
    sin: graph.constant(tables.sin, 'float32', tableShape),
  };
  const bias = add(paddingBias(mask), causalBias(mask, length, before));
  const norm = (x: Tensor, name: string): Tensor => rmsNormalization(x, scope.weight(`${name}.weight`), config.epsilon);
  // Behind its attention, the last layer is computed only where an answer is asked for.
  const asked = (hidden: Tensor, index: number): Tensor =>
    index === config.layers - 1 ? gather(hidden, inputs.rows) : hidden;
  const present: Past[] = [];
  let x = flattenRows(scope.embedding(ids, 'model.embed_tokens', config.padTokenId));
  for (let index = 0; index < config.layers; index += 1) {
    const layer = `model.layers.${String(index)}`;
    const input = x;
    x = graph.within(layer, () => {
      const normed = norm(input, `${layer}.input_layernorm`);
      const project = (part: string, heads: number): Tensor =>
        splitHeads(scope.linear(normed, `${layer}.self_attn.${part}`), { batch, heads });
      const query = rotaryEmbedding(project('q_proj', config.heads), rotation);
      const key = rotaryEmbedding(project('k_proj', config.keyValueHeads), rotation);
      const value = project('v_proj', config.keyValueHeads);
      present.push({ key, value });
      const mixed = attention({
        query,
        key: extend(past?.[index]?.key, key),
        value: extend(past?.[index]?.value, value),
        bias,
      });
      const attended = add(
        scope.linear(asked(mergeHeads(mixed), index), `${layer}.self_attn.o_proj`),
        asked(input, index),
      );
      const inner = norm(attended, `${layer}.post_attention_layernorm`);
      const gate = silu(scope.linear(inner, `${layer}.mlp.gate_proj`));
      return add(
        scope.linear(mul(gate, scope.linear(inner, `${layer}.mlp.up_proj`)), `${layer}.mlp.down_proj`),
        attended,
      );
    });
  }
  return { hidden: norm(x, 'model.norm'), present };
}

export function llamaHead(scope: Scope, head: { readonly config: LlamaConfig } & Head, hidden: Tensor): Tensor {
  if (head.name !== 'causal-lm') return scope.linear(hidden, 'score');
  if (!head.config.tied) return scope.linear(hidden, 'lm_head');
  return gemm(hidden, scope.weight('model.embed_tokens.weight'), { transB: true });
}
