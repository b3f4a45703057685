/** OPT's forward pass: learned positions counted from the mask, norms before or behind the sub-layers (Transformers' modeling_opt). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, flattenRows, layerNormalization } from '../../autodiff/ops.ts';
import { activate } from '../activations.ts';
import { splitHeads } from '../attention.ts';
import { layerNorm } from '../norm.ts';
import { causalStack, type Stack } from '../decoder/stack.ts';
import type { ForwardResult, TextInputs } from '../model.ts';
import { embedWords, type Scope } from '../scope.ts';
import type { OptConfig } from './config.ts';

/** PyTorch's default. */
const epsilon = 1e-5;
const prefix = 'model.decoder';

export function optForward(scope: Scope, config: OptConfig, inputs: TextInputs): ForwardResult {
  const { ids, positions, virtual } = inputs;
  const stack = causalStack(config, inputs);
  const words = flattenRows(
    embedWords(scope, `${prefix}.embed_tokens`, { ids, virtual, paddingIndex: config.padTokenId }),
  );
  const projected = config.embeddingSize !== undefined;
  const wide = projected ? scope.linear(words, `${prefix}.project_in`) : words;
  let x = add(wide, flattenRows(scope.embedding(positions, `${prefix}.embed_positions`, null)));
  for (let index = 0; index < config.layers; index += 1) {
    const layer = `${prefix}.layers.${String(index)}`;
    const input = x;
    x = scope.graph.within(layer, () => optLayer(scope, config, { stack, index, layer, input }));
  }
  const normed = config.finalNorm ? norm(scope, config, `${prefix}.final_layer_norm`)(x) : x;
  const hidden = projected ? scope.linear(normed, `${prefix}.project_out`) : normed;
  return { hidden, present: stack.present, cross: [] };
}

interface Layer {
  readonly stack: Stack;
  readonly index: number;
  readonly layer: string;
  /** [B·S, hidden]. */
  readonly input: Tensor;
}

function optLayer(scope: Scope, config: OptConfig, { stack, index, layer, input }: Layer): Tensor {
  const { heads, normsFirst } = config;
  const ownNorm = norm(scope, config, `${layer}.self_attn_layer_norm`);
  const lastNorm = norm(scope, config, `${layer}.final_layer_norm`);
  const read = normsFirst ? ownNorm(input) : input;
  const project = (part: string): Tensor =>
    splitHeads(scope.linear(read, `${layer}.self_attn.${part}`), { batch: stack.batch, heads });
  const mixed = stack.attend(index, { query: project('q_proj'), key: project('k_proj'), value: project('v_proj') });
  const attended = scope.residual(
    scope.linear(stack.asked(mixed, index), `${layer}.self_attn.out_proj`),
    stack.asked(input, index),
    {
      place: `${layer}.attention_adapters`,
      kind: 'attention',
      layer: index,
      norm: normsFirst ? null : ownNorm,
    },
  );
  const inner = scope.linear(normsFirst ? lastNorm(attended) : attended, `${layer}.fc1`);
  return scope.residual(scope.linear(activate(config.activation, inner), `${layer}.fc2`), attended, {
    place: `${layer}.output_adapters`,
    kind: 'feed-forward',
    layer: index,
    norm: normsFirst ? null : lastNorm,
  });
}

function norm(scope: Scope, { normWeights, hidden }: OptConfig, name: string): (x: Tensor) => Tensor {
  if (normWeights) return layerNorm(scope, name, epsilon);
  const { graph } = scope;
  const scale = graph.constant(new Float32Array(hidden).fill(1), 'float32', [hidden]);
  const bias = graph.constant(new Float32Array(hidden), 'float32', [hidden]);
  return (x) => layerNormalization(x, { scale, bias }, epsilon);
}
