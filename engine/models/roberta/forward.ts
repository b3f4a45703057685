/** RoBERTa's forward pass: BERT's encoder under its own names (Liu et al., 2019; Transformers' modeling_roberta). */
import type { Tensor } from '../../autodiff/graph.ts';
import { tanh } from '../../autodiff/ops.ts';
import type { BertConfig } from '../bert/config.ts';
import { embeddings, encoderLayers } from '../bert/forward.ts';
import { maskedLmHead } from '../masked-lm.ts';
import type { ForwardResult, Head, TextInputs } from '../model.ts';
import type { Scope } from '../scope.ts';
import { robertaMaskedLm } from './weights.ts';

export function robertaForward(scope: Scope, config: BertConfig, inputs: TextInputs): ForwardResult {
  const own = { ...inputs, prefix: 'roberta', paddedPositions: true };
  return encoderLayers(scope, config, { x: embeddings(scope, config, own), inputs: own });
}

export function robertaHead(scope: Scope, head: { readonly config: BertConfig } & Head, hidden: Tensor): Tensor {
  switch (head.name) {
    case 'sequence-classification':
      return scope.linear(tanh(scope.linear(hidden, 'classifier.dense')), 'classifier.out_proj');
    case 'question-answering':
      return scope.linear(hidden, 'qa_outputs');
    case 'multiple-choice':
      return scope.linear(tanh(scope.linear(hidden, 'roberta.pooler.dense')), 'classifier');
    case 'masked-lm': {
      const { epsilon } = head.config;
      const table = 'roberta.embeddings.word_embeddings';
      return maskedLmHead(scope, robertaMaskedLm, { hidden, table, activation: 'gelu', epsilon });
    }
    case 'token-classification':
    case 'causal-lm':
    case 'seq2seq-lm':
      return scope.linear(hidden, 'classifier');
  }
}
