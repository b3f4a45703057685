/** DistilBERT's forward pass: BERT's layers without token types (Sanh et al., 2019; Transformers' modeling_distilbert). */
import type { Tensor } from '../../autodiff/graph.ts';
import { add, flattenRows, gather, relu } from '../../autodiff/ops.ts';
import { activate } from '../activations.ts';
import { attention, attentionBias, mergeHeads, splitHeads } from '../attention.ts';
import { isPooled } from '../bert/weights.ts';
import { maskedLmHead } from '../masked-lm.ts';
import type { ForwardResult, Head, Past, TextInputs } from '../model.ts';
import { layerNorm } from '../norm.ts';
import { embedWords, type Scope } from '../scope.ts';
import type { DistilBertConfig } from './config.ts';
import { distilBertMaskedLm } from './weights.ts';

/** Fixed in Transformers, whatever config.json says. */
const epsilon = 1e-12;

/** Word and position embeddings, normed: [B·S, hidden]. */
function embeddings(scope: Scope, config: DistilBertConfig, inputs: TextInputs): Tensor {
  const { ids, positions, virtual } = inputs;
  const name = 'distilbert.embeddings';
  return scope.graph.within(name, () => {
    const words = embedWords(scope, `${name}.word_embeddings`, { ids, virtual, paddingIndex: config.padTokenId });
    const places = scope.embedding(positions, `${name}.position_embeddings`, null);
    return layerNorm(scope, `${name}.LayerNorm`, epsilon)(flattenRows(add(words, places)));
  });
}

export function distilBertForward(scope: Scope, config: DistilBertConfig, inputs: TextInputs): ForwardResult {
  const heads = { batch: inputs.positions.shape[0] ?? 1, heads: config.heads };
  const bias = attentionBias(inputs.mask);
  // Behind its attention, the last layer is computed only where an answer is asked for.
  const asked = (hidden: Tensor, index: number): Tensor =>
    index === config.layers - 1 ? gather(hidden, inputs.rows) : hidden;
  const present: Past[] = [];
  let x = embeddings(scope, config, inputs);
  for (let index = 0; index < config.layers; index += 1) {
    const layer = `distilbert.transformer.layer.${String(index)}`;
    const input = x;
    x = scope.graph.within(layer, () => {
      const project = (part: string): Tensor => splitHeads(scope.linear(input, `${layer}.attention.${part}`), heads);
      const [query, key, value] = [project('q_lin'), project('k_lin'), project('v_lin')];
      present.push({ key, value });
      const mixed = mergeHeads(attention({ query, key, value, bias }));
      const attended = scope.linear(asked(mixed, index), `${layer}.attention.out_lin`);
      const middle = scope.residual(attended, asked(input, index), {
        place: `${layer}.attention_adapters`,
        kind: 'attention',
        layer: index,
        norm: layerNorm(scope, `${layer}.sa_layer_norm`, epsilon),
      });
      const wide = activate(config.activation, scope.linear(middle, `${layer}.ffn.lin1`));
      return scope.residual(scope.linear(wide, `${layer}.ffn.lin2`), middle, {
        place: `${layer}.output_adapters`,
        kind: 'feed-forward',
        layer: index,
        norm: layerNorm(scope, `${layer}.output_layer_norm`, epsilon),
      });
    });
  }
  return { hidden: x, present, cross: [] };
}

export function distilBertHead(
  scope: Scope,
  head: { readonly config: DistilBertConfig } & Head,
  hidden: Tensor,
): Tensor {
  if (head.name === 'masked-lm') {
    const { activation } = head.config;
    const table = 'distilbert.embeddings.word_embeddings';
    return maskedLmHead(scope, distilBertMaskedLm, { hidden, table, activation, epsilon });
  }
  if (head.name === 'question-answering') return scope.linear(hidden, 'qa_outputs');
  const pooled = isPooled(head) ? relu(scope.linear(hidden, 'pre_classifier')) : hidden;
  return scope.linear(pooled, 'classifier');
}
