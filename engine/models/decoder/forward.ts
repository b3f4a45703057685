/** Forward pass of the rotary pre-norm decoders: Llama's layers, with what the families put in (Transformers' modeling_llama). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, flattenRows, mul, rmsNormalization, slice, tanh, type Rotation } from '../../autodiff/ops.ts';
import { activate } from '../activations.ts';
import { splitHeads } from '../attention.ts';
import type { ForwardResult, TextInputs } from '../model.ts';
import { embedWords, type Scope } from '../scope.ts';
import type { DecoderConfig, LayerPlan } from './config.ts';
import { rotate, rotationOf } from './rotation.ts';
import type { Rope } from './rope.ts';
import { causalStack, remembered, type Stack } from './stack.ts';
import { normNames, projections } from './weights.ts';

interface DecoderInputs extends TextInputs {
  /** The base model's attribute in the task model. */
  readonly prefix: string;
}

export function decoderForward(scope: Scope, config: DecoderConfig, inputs: DecoderInputs): ForwardResult {
  const { prefix, ids, mask, positions, virtual } = inputs;
  const rotation = remembered((rope: Rope) => rotationOf(rope, { size: config.rotated, positions, mask }));
  const stack = causalStack(config, inputs);
  const words = { ids, virtual, paddingIndex: config.padTokenId, scale: config.embeddingScale };
  let x = flattenRows(embedWords(scope, `${prefix}.embed_tokens`, words));
  config.plan.forEach((plan, index) => {
    const at = { stack, index, plan, layer: `${prefix}.layers.${String(index)}`, rotation: rotation(plan.rope) };
    x = scope.graph.within(at.layer, () => decoderLayer(scope, config, { ...at, input: x }));
  });
  return { hidden: norm(scope, config, `${prefix}.norm`)(x), present: stack.present, cross: [] };
}

interface Layer {
  readonly stack: Stack;
  readonly index: number;
  readonly plan: LayerPlan;
  readonly layer: string;
  readonly rotation: Rotation;
  /** [B·S, hidden]. */
  readonly input: Tensor;
}

function decoderLayer(scope: Scope, config: DecoderConfig, at: Layer): Tensor {
  const { stack, index, layer, input } = at;
  const [before, beforeMlp, behind, behindMlp] = normNames(config).map((name) =>
    norm(scope, config, `${layer}.${name}`),
  );
  const same = (x: Tensor): Tensor => x;
  const mixed = stack.asked(attend(scope, config, { ...at, input: (before ?? same)(input) }), index);
  const attended = scope.residual(
    (behind ?? same)(scope.linear(mixed, `${layer}.self_attn.o_proj`)),
    stack.asked(input, index),
    { place: `${layer}.attention_adapters`, kind: 'attention', layer: index, norm: null },
  );
  const narrow = gatedMlp(scope, config, { layer, x: (beforeMlp ?? same)(attended) });
  return scope.residual((behindMlp ?? same)(narrow), attended, {
    place: `${layer}.output_adapters`,
    kind: 'feed-forward',
    layer: index,
    norm: null,
  });
}

function attend(scope: Scope, config: DecoderConfig, { stack, index, plan, layer, rotation, input }: Layer): Tensor {
  const { batch } = stack;
  const { heads, keyValueHeads, rotated, attentionCap } = config;
  const [q, k, v] = config.fused
    ? cut(scope.linear(input, `${layer}.self_attn.qkv_proj`), projections(config))
    : ['q_proj', 'k_proj', 'v_proj'].map((part) => scope.linear(input, `${layer}.self_attn.${part}`));
  const normed = (x: Tensor, name: string): Tensor =>
    config.headNorms ? norm(scope, config, `${layer}.self_attn.${name}`)(x) : x;
  const query = normed(splitHeads(q ?? input, { batch, heads }), 'q_norm');
  const key = normed(splitHeads(k ?? input, { batch, heads: keyValueHeads }), 'k_norm');
  return stack.attend(
    index,
    {
      query: rotate(query, rotation, rotated),
      key: rotate(key, rotation, rotated),
      value: splitHeads(v ?? input, { batch, heads: keyValueHeads }),
    },
    {
      window: plan.window,
      scale: config.attentionScale,
      ...(attentionCap === null ? {} : { shape: (scores: Tensor) => softCap(scores, attentionCap) }),
    },
  );
}

function gatedMlp(scope: Scope, config: DecoderConfig, at: { readonly layer: string; readonly x: Tensor }): Tensor {
  const { layer, x } = at;
  const { intermediate } = config;
  const [gate, up] = config.fused
    ? cut(scope.linear(x, `${layer}.mlp.gate_up_proj`), [intermediate, intermediate])
    : ['gate_proj', 'up_proj'].map((part) => scope.linear(x, `${layer}.mlp.${part}`));
  const wide = mul(activate(config.activation, gate ?? x), up ?? x);
  return scope.linear(wide, `${layer}.mlp.down_proj`);
}

/** Neighbouring parts of rows [N, sum of sizes]. */
function cut(x: Tensor, sizes: readonly number[]): readonly Tensor[] {
  let start = 0;
  return sizes.map((size) => {
    start += size;
    return slice(x, 1, [start - size, start]);
  });
}

/** cap·tanh(x / cap). */
export function softCap(x: Tensor, cap: number): Tensor {
  return mul(tanh(mul(x, 1 / cap)), cap);
}

function norm(scope: Scope, { epsilon, normOffset }: DecoderConfig, name: string): (x: Tensor) => Tensor {
  return (x) => {
    const weight = scope.weight(`${name}.weight`);
    return rmsNormalization(x, normOffset === 0 ? weight : add(weight, normOffset), epsilon);
  };
}
