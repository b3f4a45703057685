/** GPT-NeoX's forward pass: attention and MLP side by side or in turn, heads partly rotated (Transformers' modeling_gpt_neox). */
import type { Tensor } from '../../autodiff/graph.ts';
import { flattenRows, slice, type Rotation } from '../../autodiff/ops.ts';
import { activate } from '../activations.ts';
import { splitHeads } from '../attention.ts';
import { layerNorm } from '../norm.ts';
import { rotate, rotationOf } from '../decoder/rotation.ts';
import { causalStack, type Stack } from '../decoder/stack.ts';
import type { ForwardResult, TextInputs } from '../model.ts';
import { embedWords, type Scope } from '../scope.ts';
import type { GptNeoxConfig } from './config.ts';

export function gptNeoxForward(scope: Scope, config: GptNeoxConfig, inputs: TextInputs): ForwardResult {
  const { ids, mask, positions, virtual } = inputs;
  const rotation = rotationOf(config.rope, { size: config.rotated, positions, mask });
  const stack = causalStack(config, inputs);
  let x = flattenRows(embedWords(scope, 'gpt_neox.embed_in', { ids, virtual, paddingIndex: null }));
  for (let index = 0; index < config.layers; index += 1) {
    const layer = `gpt_neox.layers.${String(index)}`;
    const at = { stack, index, layer, rotation, input: x };
    x = scope.graph.within(layer, () => gptNeoxLayer(scope, config, at));
  }
  return {
    hidden: layerNorm(scope, 'gpt_neox.final_layer_norm', config.epsilon)(x),
    present: stack.present,
    cross: [],
  };
}

interface Layer {
  readonly stack: Stack;
  readonly index: number;
  readonly layer: string;
  readonly rotation: Rotation;
  /** [B·S, hidden]. */
  readonly input: Tensor;
}

function gptNeoxLayer(scope: Scope, config: GptNeoxConfig, at: Layer): Tensor {
  const { stack, index, layer } = at;
  const mixed = stack.asked(attend(scope, config, at), index);
  const input = stack.asked(at.input, index);
  const attended = scope.residual(scope.linear(mixed, `${layer}.attention.dense`), input, {
    place: `${layer}.attention_adapters`,
    kind: 'attention',
    layer: index,
    norm: null,
  });
  const read = config.parallel ? input : attended;
  const normed = layerNorm(scope, `${layer}.post_attention_layernorm`, config.epsilon)(read);
  const wide = activate(config.activation, scope.linear(normed, `${layer}.mlp.dense_h_to_4h`));
  return scope.residual(scope.linear(wide, `${layer}.mlp.dense_4h_to_h`), attended, {
    place: `${layer}.output_adapters`,
    kind: 'feed-forward',
    layer: index,
    norm: null,
  });
}

function attend(scope: Scope, config: GptNeoxConfig, { stack, index, layer, rotation, input }: Layer): Tensor {
  const { heads, headSize, rotated, epsilon } = config;
  const normed = layerNorm(scope, `${layer}.input_layernorm`, epsilon)(input);
  // The query, key and value of a head lie side by side.
  const together = splitHeads(scope.linear(normed, `${layer}.attention.query_key_value`), {
    batch: stack.batch,
    heads,
  });
  const part = (at: number): Tensor => slice(together, 3, [at * headSize, (at + 1) * headSize]);
  return stack.attend(index, {
    query: rotate(part(0), rotation, rotated),
    key: rotate(part(1), rotation, rotated),
    value: part(2),
  });
}
