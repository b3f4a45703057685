/** BERT's forward pass: post-norm encoder layers (Devlin et al., 2019, section 3; Transformers' modeling_bert). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, flattenRows, gather, tanh } from '../../autodiff/ops.ts';
import { BugError } from '../../spec/errors.ts';
import { activate } from '../activations.ts';
import { attention, attentionBias, extend, mergeHeads, splitHeads } from '../attention.ts';
import { maskedLmHead } from '../masked-lm.ts';
import type { ForwardResult, Head, Past, TextInputs } from '../model.ts';
import { layerNorm } from '../norm.ts';
import { embedWords, type Scope } from '../scope.ts';
import type { BertConfig } from './config.ts';
import { bertMaskedLm, isPooled } from './weights.ts';

interface EncoderInputs extends TextInputs {
  readonly prefix: string;
  /** Padding stands at the padding index of the position table too, whose row then gets no gradient. */
  readonly paddedPositions?: boolean;
}

/** Word, type and position embeddings, normed: [B·S, embedding size]. */
export function embeddings(scope: Scope, config: BertConfig, inputs: EncoderInputs): Tensor {
  const { prefix, paddedPositions = false, ids, positions, tokenTypes, virtual } = inputs;
  const { epsilon, padTokenId: padding } = config;
  if (tokenTypes === null) throw new BugError('an encoder of this family needs token types');
  const name = `${prefix}.embeddings`;
  return scope.graph.within(name, () => {
    const words = embedWords(scope, `${name}.word_embeddings`, { ids, virtual, paddingIndex: padding });
    const places = scope.embedding(positions, `${name}.position_embeddings`, paddedPositions ? padding : null);
    const types = scope.embedding(tokenTypes, `${name}.token_type_embeddings`, null);
    return layerNorm(scope, `${name}.LayerNorm`, epsilon)(flattenRows(add(add(words, types), places)));
  });
}

/** All layers under `prefix`, from embeddings x. Tokens lie one a row: [B·S, hidden]. */
export function encoderLayers(
  scope: Scope,
  config: BertConfig,
  { x: embedded, inputs }: { readonly x: Tensor; readonly inputs: EncoderInputs },
): ForwardResult {
  const { prefix, past } = inputs;
  const [batch = 1] = inputs.positions.shape;
  const bias = attentionBias(inputs.mask);
  // Behind its attention, the last layer is computed only where an answer is asked for.
  const asked = (hidden: Tensor, index: number): Tensor =>
    index === config.layers - 1 ? gather(hidden, inputs.rows) : hidden;
  const present: Past[] = [];
  let x = embedded;
  for (let index = 0; index < config.layers; index += 1) {
    const layer = `${prefix}.encoder.layer.${String(index)}`;
    const input = x;
    x = scope.graph.within(layer, () => {
      const heads = { batch, heads: config.heads };
      const [query, key, value] = ['query', 'key', 'value'].map((part) =>
        splitHeads(scope.linear(input, `${layer}.attention.self.${part}`), heads),
      ) as [Tensor, Tensor, Tensor];
      present.push({ key, value });
      const mixed = mergeHeads(
        attention({
          query,
          key: extend(past?.[index]?.key, key),
          value: extend(past?.[index]?.value, value),
          bias,
        }),
      );
      return behindAttention(scope, config, { layer, index, mixed: asked(mixed, index), input: asked(input, index) });
    });
  }
  return { hidden: x, present, cross: [] };
}

/** What follows attention in a layer of BERT's kind, at the tokens asked for: output, sum and norm; feed-forward, sum and norm. */
export function behindAttention(
  scope: Scope,
  config: Pick<BertConfig, 'activation' | 'epsilon'>,
  at: { readonly layer: string; readonly index: number; readonly mixed: Tensor; readonly input: Tensor },
): Tensor {
  const { layer, index, mixed, input } = at;
  const middle = scope.residual(scope.linear(mixed, `${layer}.attention.output.dense`), input, {
    place: `${layer}.attention.output`,
    kind: 'attention',
    layer: index,
    norm: layerNorm(scope, `${layer}.attention.output.LayerNorm`, config.epsilon),
  });
  const wide = activate(config.activation, scope.linear(middle, `${layer}.intermediate.dense`));
  return scope.residual(scope.linear(wide, `${layer}.output.dense`), middle, {
    place: `${layer}.output`,
    kind: 'feed-forward',
    layer: index,
    norm: layerNorm(scope, `${layer}.output.LayerNorm`, config.epsilon),
  });
}

export function bertForward(scope: Scope, config: BertConfig, inputs: TextInputs): ForwardResult {
  const own = { ...inputs, prefix: 'bert' };
  return encoderLayers(scope, config, { x: embeddings(scope, config, own), inputs: own });
}

export function bertHead(scope: Scope, head: { readonly config: BertConfig } & Head, hidden: Tensor): Tensor {
  if (head.name === 'question-answering') return scope.linear(hidden, 'qa_outputs');
  if (head.name === 'masked-lm')
    return maskedLmHead(scope, bertMaskedLm, { ...head.config, hidden, table: 'bert.embeddings.word_embeddings' });
  const pooled = isPooled(head) ? tanh(scope.linear(hidden, 'bert.pooler.dense')) : hidden;
  return scope.linear(pooled, 'classifier');
}
