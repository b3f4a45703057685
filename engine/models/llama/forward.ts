/** Llama's forward pass: pre-norm decoder layers with rotary positions and a gated MLP (Transformers' modeling_llama). */
import type { Tensor } from '../../autodiff/graph.ts';
import { flattenRows, gather, mul, rmsNormalization, rotaryEmbedding, silu } from '../../autodiff/ops.ts';
import { attention, attentionBias, extend, mergeHeads, splitHeads } from '../attention.ts';
import type { ForwardResult, Head, Past, TextInputs } from '../model.ts';
import { embedWords, type Scope } from '../scope.ts';
import type { LlamaConfig } from './config.ts';
import { rotationTables } from './rope.ts';
import { llamaPrefix } from './weights.ts';

/** Rotation tables cover this many positions at a time, so that few graphs differ in nothing else. */
const positionBlock = 256;

export function llamaForward(scope: Scope, config: LlamaConfig, inputs: TextInputs): ForwardResult {
  const { graph } = scope;
  const { ids, mask, positions, past, virtual } = inputs;
  const prefix = llamaPrefix(inputs.head);
  const [batch = 1, length = 1] = positions.shape;
  const before = past?.[0]?.key.shape[2] ?? 0;
  const covered = Math.ceil((mask.shape[1] ?? length) / positionBlock) * positionBlock;
  const tables = rotationTables(config.rope, config.headSize, covered);
  const tableShape = [covered, config.headSize / 2];
  const rotation = {
    positions,
    cos: graph.constant(tables.cos, 'float32', tableShape),
    sin: graph.constant(tables.sin, 'float32', tableShape),
  };
  const bias = attentionBias(mask, { length, past: before });
  const norm = (x: Tensor, name: string): Tensor => rmsNormalization(x, scope.weight(`${name}.weight`), config.epsilon);
  // Behind its attention, the last layer is computed only where an answer is asked for.
  const asked = (hidden: Tensor, index: number): Tensor =>
    index === config.layers - 1 ? gather(hidden, inputs.rows) : hidden;
  const present: Past[] = [];
  const table = `${prefix}.embed_tokens`;
  let x = flattenRows(embedWords(scope, table, { ids, virtual, paddingIndex: config.padTokenId }));
  for (let index = 0; index < config.layers; index += 1) {
    const layer = `${prefix}.layers.${String(index)}`;
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
      const attended = scope.residual(
        scope.linear(asked(mergeHeads(mixed), index), `${layer}.self_attn.o_proj`),
        asked(input, index),
        { place: `${layer}.attention_adapters`, kind: 'attention', layer: index, norm: null },
      );
      const inner = norm(attended, `${layer}.post_attention_layernorm`);
      const gate = silu(scope.linear(inner, `${layer}.mlp.gate_proj`));
      const wide = mul(gate, scope.linear(inner, `${layer}.mlp.up_proj`));
      return scope.residual(scope.linear(wide, `${layer}.mlp.down_proj`), attended, {
        place: `${layer}.output_adapters`,
        kind: 'feed-forward',
        layer: index,
        norm: null,
      });
    });
  }
  return { hidden: norm(x, `${prefix}.norm`), present, cross: [] };
}

/** Heads of Transformers' decoders, under their names. */
export function decoderHead(scope: Scope, { name }: Head, hidden: Tensor): Tensor {
  if (name === 'causal-lm') return scope.linear(hidden, 'lm_head');
  return scope.linear(hidden, name === 'question-answering' ? 'qa_outputs' : 'score');
}
