/** BERT's forward pass: post-norm encoder layers (Devlin et al., 2019, section 3; Transformers' modeling_bert). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, flattenRows, gather, gelu, layerNormalization, relu, silu, tanh } from '../../autodiff/ops.ts';
import { attention, mergeHeads, paddingBias, splitHeads } from '../attention.ts';
import { BugError } from '../../spec/errors.ts';
import type { ForwardResult, Head, TextInputs } from '../model.ts';
import type { Scope } from '../scope.ts';
import type { Activation, BertConfig } from './config.ts';
import { isPooled } from './weights.ts';

const activate = {
  gelu: (x) => gelu(x),
  gelu_new: (x) => gelu(x, 'tanh'),
  gelu_pytorch_tanh: (x) => gelu(x, 'tanh'),
  relu,
  silu,
  swish: silu,
} satisfies Record<Activation, (x: Tensor) => Tensor>;

function norm(scope: Scope, x: Tensor, at: { readonly name: string; readonly epsilon: number }): Tensor {
  return layerNormalization(
    x,
    { scale: scope.weight(`${at.name}.weight`), bias: scope.weight(`${at.name}.bias`) },
    at.epsilon,
  );
}

interface EncoderInputs extends TextInputs {
  readonly prefix: string;
  /** Padding stands at the padding index of the position table too, whose row then gets no gradient. */
  readonly paddedPositions?: boolean;
}

/** Embeddings and all layers under `prefix`. Tokens lie one a row: [B·S, hidden]. */
export function encoder(scope: Scope, config: BertConfig, inputs: EncoderInputs): ForwardResult {
  const { prefix, paddedPositions = false, ids, positions, tokenTypes } = inputs;
  const { epsilon, padTokenId: padding } = config;
  if (tokenTypes === null) throw new BugError('an encoder of this family needs token types');
  const [batch = 1] = ids.shape;
  const embeddings = `${prefix}.embeddings`;
  let x = scope.graph.within(embeddings, () => {
    const words = scope.embedding(ids, `${embeddings}.word_embeddings`, padding);
    const places = scope.embedding(positions, `${embeddings}.position_embeddings`, paddedPositions ? padding : null);
    const types = scope.embedding(tokenTypes, `${embeddings}.token_type_embeddings`, null);
    return norm(scope, flattenRows(add(add(words, types), places)), { name: `${embeddings}.LayerNorm`, epsilon });
  });
  const bias = paddingBias(inputs.mask);
  // Behind its attention, the last layer is computed only where an answer is asked for.
  const asked = (hidden: Tensor, index: number): Tensor =>
    index === config.layers - 1 ? gather(hidden, inputs.rows) : hidden;
  for (let index = 0; index < config.layers; index += 1) {
    const layer = `${prefix}.encoder.layer.${String(index)}`;
    const input = x;
    x = scope.graph.within(layer, () => {
      const heads = { batch, heads: config.heads };
      const [query, key, value] = ['query', 'key', 'value'].map((part) =>
        splitHeads(scope.linear(input, `${layer}.attention.self.${part}`), heads),
      ) as [Tensor, Tensor, Tensor];
      const mixed = mergeHeads(attention({ query, key, value, bias }));
      const attended = add(scope.linear(asked(mixed, index), `${layer}.attention.output.dense`), asked(input, index));
      const middle = norm(scope, attended, { name: `${layer}.attention.output.LayerNorm`, epsilon });
      const wide = activate[config.activation](scope.linear(middle, `${layer}.intermediate.dense`));
      return norm(scope, add(scope.linear(wide, `${layer}.output.dense`), middle), {
        name: `${layer}.output.LayerNorm`,
        epsilon,
      });
    });
  }
  return { hidden: x, present: [] };
}

export function bertForward(scope: Scope, config: BertConfig, inputs: TextInputs): ForwardResult {
  return encoder(scope, config, { ...inputs, prefix: 'bert' });
}

export function bertHead(scope: Scope, head: { readonly config: BertConfig } & Head, hidden: Tensor): Tensor {
  if (head.name === 'question-answering') return scope.linear(hidden, 'qa_outputs');
  const pooled = isPooled(head) ? tanh(scope.linear(hidden, 'bert.pooler.dense')) : hidden;
  return scope.linear(pooled, 'classifier');
}
