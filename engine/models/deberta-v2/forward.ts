/** DeBERTa's forward pass: BERT's layers with disentangled attention (He et al., 2021; Transformers' modeling_deberta_v2). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, flattenRows, gather, mul, reshape, sub, transpose } from '../../autodiff/ops.ts';
import { BugError } from '../../spec/errors.ts';
import { activate } from '../activations.ts';
import { attention, masked } from '../attention.ts';
import { behindAttention } from '../bert/forward.ts';
import { isPooled } from '../bert/weights.ts';
import { maskedLmHead } from '../masked-lm.ts';
import type { ForwardResult, Head, Past, TextInputs } from '../model.ts';
import { layerNorm } from '../norm.ts';
import { embedWords, type Scope } from '../scope.ts';
import type { DebertaConfig } from './config.ts';
import { distances, headsFirst, relativeScores } from './relative.ts';
import { debertaMaskedLm } from './weights.ts';

/** Word embeddings, with positions and token types where the model has them, normed; padding is zero: [B·S, hidden]. */
function embeddings(scope: Scope, config: DebertaConfig, inputs: TextInputs): Tensor {
  const { ids, positions, tokenTypes, virtual } = inputs;
  const name = 'deberta.embeddings';
  return scope.graph.within(name, () => {
    let x = embedWords(scope, `${name}.word_embeddings`, { ids, virtual, paddingIndex: config.padTokenId });
    if (config.absolutePositions) x = add(x, scope.embedding(positions, `${name}.position_embeddings`, null));
    if (config.tokenTypes > 0) {
      if (tokenTypes === null) throw new BugError('this model needs token types');
      x = add(x, scope.embedding(tokenTypes, `${name}.token_type_embeddings`, null));
    }
    const rows = flattenRows(x);
    const wide = config.embeddingSize === config.hidden ? rows : scope.linear(rows, `${name}.embed_proj`);
    const normed = layerNorm(scope, `${name}.LayerNorm`, config.epsilon)(wide);
    return mul(normed, reshape(inputs.mask, [normed.shape[0] ?? 1, 1]));
  });
}

/** 1 where both query and key are tokens, else 0: [1, B, S, S]. */
function pairsOf(mask: Tensor): Tensor {
  const [batch = 1, length = 1] = mask.shape;
  const pairs = mul(reshape(mask, [batch, length, 1]), reshape(mask, [batch, 1, length]));
  return reshape(pairs, [1, batch, length, length]);
}

/**
 * Attention runs with heads first, [heads, B, S, size], so that all rows of a head meet its distances in one product.
 * Nothing looks at padding, and padding looks at everything alike, which Transformers' question answering shows in its loss.
 */
export function debertaForward(scope: Scope, config: DebertaConfig, inputs: TextInputs): ForwardResult {
  const [batch = 1, length = 1] = inputs.positions.shape;
  const { heads, headSize, hidden } = config;
  const pairs = pairsOf(inputs.mask);
  const bias = mul(sub(1, pairs), masked);
  const terms = 1 + Number(config.contentToPosition) + Number(config.positionToContent);
  const scale = 1 / Math.sqrt(headSize * terms);
  const byRow = (x: Tensor): Tensor => reshape(x, [heads, batch, length, headSize]);
  // Behind its attention, the last layer is computed only where an answer is asked for.
  const asked = (state: Tensor, index: number): Tensor =>
    index === config.layers - 1 ? gather(state, inputs.rows) : state;
  const present: Past[] = [];
  let x = embeddings(scope, config, inputs);
  const positions = distances(scope, config, length);
  for (let index = 0; index < config.layers; index += 1) {
    const layer = `deberta.encoder.layer.${String(index)}`;
    const input = x;
    x = scope.graph.within(layer, () => {
      const name = `${layer}.attention.self`;
      const [query, key, value] = ['query_proj', 'key_proj', 'value_proj'].map((part) =>
        headsFirst(scope.linear(input, `${name}.${part}`), heads),
      ) as [Tensor, Tensor, Tensor];
      present.push({ key: transpose(byRow(key), [1, 0, 2, 3]), value: transpose(byRow(value), [1, 0, 2, 3]) });
      const relative =
        positions && relativeScores(scope, config, { query, key, batch, name, distances: positions, scale });
      const mixed = attention({
        query: byRow(query),
        key: byRow(key),
        value: byRow(value),
        shape: (scores) => mul(relative ? add(scores, relative) : scores, pairs),
        bias,
        scale,
      });
      const merged = reshape(transpose(mixed, [1, 2, 0, 3]), [batch * length, hidden]);
      return behindAttention(scope, config, { layer, index, mixed: asked(merged, index), input: asked(input, index) });
    });
  }
  return { hidden: x, present, cross: [] };
}

export function debertaHead(scope: Scope, head: { readonly config: DebertaConfig } & Head, hidden: Tensor): Tensor {
  if (head.name === 'question-answering') return scope.linear(hidden, 'qa_outputs');
  if (head.name === 'masked-lm') {
    const table = 'deberta.embeddings.word_embeddings';
    return maskedLmHead(scope, debertaMaskedLm(head.config), { ...head.config, hidden, table });
  }
  const pooled = isPooled(head) ? activate(head.config.poolerActivation, scope.linear(hidden, 'pooler.dense')) : hidden;
  return scope.linear(pooled, 'classifier');
}
