/** T5's forward pass: pre-norm encoder and decoder with relative positions (Raffel et al., 2020; Transformers' modeling_t5). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, flattenRows, gather, mul, tanh } from '../../autodiff/ops.ts';
import { activate } from '../activations.ts';
import { attention, attentionBias, extend, mergeHeads, splitHeads } from '../attention.ts';
import type { ForwardResult, Head, Past, StackInputs, TextInputs, VirtualPlaces } from '../model.ts';
import { rmsNorm } from '../norm.ts';
import { embedWords, type Scope } from '../scope.ts';
import type { T5Config } from './config.ts';
import { relativeBias } from './relative.ts';
import { t5Prefix } from './weights.ts';

interface Attending {
  /** The stream, [B·S, hidden]. */
  readonly x: Tensor;
  /** The sub-layer: `….layer.0`. */
  readonly layer: string;
  readonly module: 'SelfAttention' | 'EncDecAttention';
  /** Of the block, in its stack. */
  readonly index: number;
  readonly batch: number;
  /** Added to the scores. */
  readonly bias: Tensor;
  /** Keys and values, given the normed states. */
  readonly states: (inner: Tensor) => Past;
  /** Rows that the sub-layer is computed for behind its attention; null: all. */
  readonly rows: Tensor | null;
}

/** One attention sub-layer. Its scores are not scaled: the initialisation of the queries' weights is. */
function attend(scope: Scope, config: T5Config, at: Attending): Tensor {
  const { x, layer, module, index, batch, bias, rows } = at;
  const inner = rmsNorm(scope, `${layer}.layer_norm`, config.epsilon)(x);
  const query = splitHeads(scope.linear(inner, `${layer}.${module}.q`), { batch, heads: config.heads });
  const mixed = mergeHeads(attention({ query, ...at.states(inner), bias, scale: 1 }));
  const asked = (state: Tensor): Tensor => (rows ? gather(state, rows) : state);
  return scope.residual(scope.linear(asked(mixed), `${layer}.${module}.o`), asked(x), {
    place: layer,
    kind: module === 'SelfAttention' ? 'attention' : 'cross-attention',
    layer: index,
    norm: null,
  });
}

function keysAndValues(scope: Scope, x: Tensor, at: { place: string; batch: number; heads: number }): Past {
  return {
    key: splitHeads(scope.linear(x, `${at.place}.k`), at),
    value: splitHeads(scope.linear(x, `${at.place}.v`), at),
  };
}

function feedForward(
  scope: Scope,
  config: T5Config,
  { x, layer, index }: Pick<Attending, 'x' | 'layer' | 'index'>,
): Tensor {
  const inner = rmsNorm(scope, `${layer}.layer_norm`, config.epsilon)(x);
  const part = (name: string, from: Tensor): Tensor => scope.linear(from, `${layer}.DenseReluDense.${name}`);
  const wide = config.gated
    ? mul(activate(config.activation, part('wi_0', inner)), part('wi_1', inner))
    : activate(config.activation, part('wi', inner));
  return scope.residual(part('wo', wide), x, { place: layer, kind: 'feed-forward', layer: index, norm: null });
}

interface Stack {
  /** The module: `encoder`. */
  readonly name: string;
  readonly layers: number;
  readonly causal: boolean;
  readonly inputs: StackInputs;
  /** Words, [B·S, hidden]. */
  readonly words: Tensor;
  /** What a decoder sees of the encoder: its keys and values, one a block, and what is added to their scores. */
  readonly cross: { readonly states: readonly Past[]; readonly bias: Tensor } | null;
  /** Rows that are asked for; null: all. */
  readonly rows: Tensor | null;
}

function runStack(scope: Scope, config: T5Config, stack: Stack): Pick<ForwardResult, 'hidden' | 'present'> {
  const { name, layers, causal, inputs, cross } = stack;
  const { past } = inputs;
  const [batch = 1, length = 1] = inputs.positions.shape;
  const before = past?.[0]?.key.shape[2] ?? 0;
  const mask = attentionBias(inputs.mask, causal ? { length, past: before } : null);
  const bias = add(relativeBias(scope, config, { stack: name, length, past: before, causal }), mask);
  const present: Past[] = [];
  const ownStates = (place: string, index: number) => (inner: Tensor) => {
    const own = keysAndValues(scope, inner, { place, batch, heads: config.heads });
    present.push(own);
    return { key: extend(past?.[index]?.key, own.key), value: extend(past?.[index]?.value, own.value) };
  };
  let x = stack.words;
  for (let index = 0; index < layers; index += 1) {
    const block = `${name}.block.${String(index)}`;
    const input = x;
    const rows = index === layers - 1 ? stack.rows : null;
    const crossed = cross?.states[index];
    x = scope.graph.within(block, () => {
      const attended = attend(scope, config, {
        x: input,
        layer: `${block}.layer.0`,
        module: 'SelfAttention',
        states: ownStates(`${block}.layer.0.SelfAttention`, index),
        ...{ index, batch, bias, rows: cross ? null : rows },
      });
      if (!cross || !crossed) return feedForward(scope, config, { x: attended, layer: `${block}.layer.1`, index });
      const informed = attend(scope, config, {
        x: attended,
        layer: `${block}.layer.1`,
        module: 'EncDecAttention',
        states: () => crossed,
        ...{ index, batch, bias: cross.bias, rows },
      });
      return feedForward(scope, config, { x: informed, layer: `${block}.layer.2`, index });
    });
  }
  return { hidden: rmsNorm(scope, `${name}.final_layer_norm`, config.epsilon)(x), present };
}

export function t5Forward(scope: Scope, config: T5Config, inputs: TextInputs): ForwardResult {
  const { decoder, rows } = inputs;
  const prefix = t5Prefix(inputs.head);
  const words = ({ ids }: StackInputs, virtual: VirtualPlaces | null): Tensor =>
    flattenRows(embedWords(scope, `${prefix}shared`, { ids, virtual, paddingIndex: null }));
  const encode = (asked: Tensor | null): Pick<ForwardResult, 'hidden' | 'present'> =>
    runStack(scope, config, {
      name: `${prefix}encoder`,
      layers: config.encoderLayers,
      causal: false,
      inputs,
      words: words(inputs, inputs.virtual),
      cross: null,
      rows: asked,
    });
  if (!decoder) return { ...encode(rows), cross: [] };
  const states = inputs.cross ?? crossStates(scope, config, { prefix, hidden: encode(null).hidden, inputs });
  const result = runStack(scope, config, {
    name: `${prefix}decoder`,
    layers: config.layers,
    causal: true,
    inputs: decoder,
    words: words(decoder, null),
    cross: { states, bias: attentionBias(inputs.mask) },
    rows,
  });
  return { ...result, cross: states };
}

/** Keys and values of the encoder's states, one a block of the decoder. */
function crossStates(
  scope: Scope,
  { layers, heads }: T5Config,
  { prefix, hidden, inputs }: { prefix: string; hidden: Tensor; inputs: TextInputs },
): readonly Past[] {
  const [batch = 1] = inputs.positions.shape;
  return Array.from({ length: layers }, (_, index) => {
    const place = `${prefix}decoder.block.${String(index)}.layer.1.EncDecAttention`;
    return keysAndValues(scope, hidden, { place, batch, heads });
  });
}

export function t5Head(scope: Scope, head: { readonly config: T5Config } & Head, hidden: Tensor): Tensor {
  const { config } = head;
  switch (head.name) {
    case 'seq2seq-lm':
      return scope.linear(config.scaled ? mul(hidden, 1 / Math.sqrt(config.hidden)) : hidden, 'lm_head');
    case 'sequence-classification':
      return scope.linear(tanh(scope.linear(hidden, 'classification_head.dense')), 'classification_head.out_proj');
    case 'question-answering':
      return scope.linear(hidden, 'qa_outputs');
    case 'token-classification':
    case 'multiple-choice':
    case 'masked-lm':
    case 'causal-lm':
      return scope.linear(hidden, 'classifier');
  }
}
