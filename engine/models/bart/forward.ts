/** BART's forward pass: post-norm encoder and decoder with learned positions (Lewis et al., 2020; Transformers' modeling_bart). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, flattenRows, gather, tanh } from '../../autodiff/ops.ts';
import { activate } from '../activations.ts';
import { attention, attentionBias, extend, mergeHeads, splitHeads } from '../attention.ts';
import type { ForwardResult, Head, Past, StackInputs, TextInputs, VirtualPlaces } from '../model.ts';
import { layerNorm } from '../norm.ts';
import { embedWords, type Scope } from '../scope.ts';
import type { BartConfig } from './config.ts';

/** PyTorch's default, which config.json cannot change. */
const epsilon = 1e-5;

interface Attending {
  /** The stream, [B·S, hidden]. */
  readonly x: Tensor;
  readonly layer: string;
  readonly module: 'self_attn' | 'encoder_attn';
  readonly index: number;
  readonly split: { readonly batch: number; readonly heads: number };
  /** Added to the scores. */
  readonly bias: Tensor;
  readonly states: Past;
  /** Rows that the sub-layer is computed for behind its attention; null: all. */
  readonly rows: Tensor | null;
}

function attend(scope: Scope, { x, layer, module, index, split, bias, states, rows }: Attending): Tensor {
  const own = module === 'self_attn';
  const query = splitHeads(scope.linear(x, `${layer}.${module}.q_proj`), split);
  const mixed = mergeHeads(attention({ query, ...states, bias }));
  const asked = (state: Tensor): Tensor => (rows ? gather(state, rows) : state);
  return scope.residual(scope.linear(asked(mixed), `${layer}.${module}.out_proj`), asked(x), {
    place: `${layer}.${own ? 'attention_adapters' : 'cross_attention_adapters'}`,
    kind: own ? 'attention' : 'cross-attention',
    layer: index,
    norm: layerNorm(scope, `${layer}.${module}_layer_norm`, epsilon),
  });
}

function keysAndValues(scope: Scope, x: Tensor, at: { place: string; batch: number; heads: number }): Past {
  return {
    key: splitHeads(scope.linear(x, `${at.place}.k_proj`), at),
    value: splitHeads(scope.linear(x, `${at.place}.v_proj`), at),
  };
}

interface Stack {
  readonly name: 'encoder' | 'decoder';
  readonly inputs: StackInputs;
  readonly virtual: VirtualPlaces | null;
  /** What a decoder sees of the encoder: its keys and values, one a layer, and what is added to their scores. */
  readonly cross: { readonly states: readonly Past[]; readonly bias: Tensor } | null;
  /** Rows that are asked for; null: all. */
  readonly rows: Tensor | null;
}

/** Words and positions, normed: [B·S, hidden]. */
function embeddings(scope: Scope, config: BartConfig, { name, inputs, virtual }: Stack): Tensor {
  const { ids, positions } = inputs;
  const { padTokenId: paddingIndex, embeddingScale: scale } = config;
  const words = embedWords(scope, 'model.shared', { ids, virtual, paddingIndex, scale });
  const places = scope.embedding(positions, `model.${name}.embed_positions`, null);
  return layerNorm(scope, `model.${name}.layernorm_embedding`, epsilon)(flattenRows(add(words, places)));
}

function runStack(scope: Scope, config: BartConfig, stack: Stack): Pick<ForwardResult, 'hidden' | 'present'> {
  const { name, inputs, cross } = stack;
  const { past } = inputs;
  const { layers, heads } = config[name];
  const [batch = 1, length = 1] = inputs.positions.shape;
  const split = { batch, heads };
  const before = past?.[0]?.key.shape[2] ?? 0;
  const bias = attentionBias(inputs.mask, cross ? { length, past: before } : null);
  const present: Past[] = [];
  let x = embeddings(scope, config, stack);
  for (let index = 0; index < layers; index += 1) {
    const layer = `model.${name}.layers.${String(index)}`;
    const input = x;
    const rows = index === layers - 1 ? stack.rows : null;
    const crossed = cross?.states[index];
    x = scope.graph.within(layer, () => {
      const own = keysAndValues(scope, input, { place: `${layer}.self_attn`, ...split });
      present.push(own);
      const states = { key: extend(past?.[index]?.key, own.key), value: extend(past?.[index]?.value, own.value) };
      const at = { layer, index, split };
      const attended = attend(scope, { ...at, x: input, module: 'self_attn', bias, states, rows: cross ? null : rows });
      const informed =
        cross && crossed
          ? attend(scope, { ...at, x: attended, module: 'encoder_attn', bias: cross.bias, states: crossed, rows })
          : attended;
      const wide = activate(config.activation, scope.linear(informed, `${layer}.fc1`));
      return scope.residual(scope.linear(wide, `${layer}.fc2`), informed, {
        place: `${layer}.output_adapters`,
        kind: 'feed-forward',
        layer: index,
        norm: layerNorm(scope, `${layer}.final_layer_norm`, epsilon),
      });
    });
  }
  return { hidden: x, present };
}

export function bartForward(scope: Scope, config: BartConfig, inputs: TextInputs): ForwardResult {
  const { decoder, rows, virtual } = inputs;
  const encode = (asked: Tensor | null): Pick<ForwardResult, 'hidden' | 'present'> =>
    runStack(scope, config, { name: 'encoder', inputs, virtual, cross: null, rows: asked });
  if (!decoder) return { ...encode(rows), cross: [] };
  const states = inputs.cross ?? crossStates(scope, config, { hidden: encode(null).hidden, inputs });
  const cross = { states, bias: attentionBias(inputs.mask) };
  const result = runStack(scope, config, { name: 'decoder', inputs: decoder, virtual: null, cross, rows });
  return { ...result, cross: states };
}

/** Keys and values of the encoder's states, one a layer of the decoder. */
function crossStates(
  scope: Scope,
  { decoder: { layers, heads } }: BartConfig,
  { hidden, inputs }: { hidden: Tensor; inputs: TextInputs },
): readonly Past[] {
  const [batch = 1] = inputs.positions.shape;
  return Array.from({ length: layers }, (_, index) => {
    const place = `model.decoder.layers.${String(index)}.encoder_attn`;
    return keysAndValues(scope, hidden, { place, batch, heads });
  });
}

export function bartHead(scope: Scope, head: { readonly config: BartConfig } & Head, hidden: Tensor): Tensor {
  if (head.name === 'seq2seq-lm') return add(scope.linear(hidden, 'lm_head'), scope.weight('final_logits_bias'));
  if (head.name === 'question-answering') return scope.linear(hidden, 'qa_outputs');
  return scope.linear(tanh(scope.linear(hidden, 'classification_head.dense')), 'classification_head.out_proj');
}
