/** RoBERTa's forward pass: BERT's encoder under its own names (Liu et al., 2019; Transformers' modeling_roberta). */
import type { Tensor } from '../../autodiff/graph.ts';
import { tanh } from '../../autodiff/ops.ts';
import type { BertConfig } from '../bert/config.ts';
import { encoder } from '../bert/forward.ts';
import type { ForwardResult, Head, TextInputs } from '../model.ts';
import type { Scope } from '../scope.ts';

export function robertaForward(scope: Scope, config: BertConfig, inputs: TextInputs): ForwardResult {
  return encoder(scope, config, { ...inputs, prefix: 'roberta', paddedPositions: true });
}

export function robertaHead(scope: Scope, head: { readonly config: BertConfig } & Head, hidden: Tensor): Tensor {
  switch (head.name) {
    case 'sequence-classification':
      return scope.linear(tanh(scope.linear(hidden, 'classifier.dense')), 'classifier.out_proj');
    case 'question-answering':
      return scope.linear(hidden, 'qa_outputs');
    case 'token-classification':
    case 'multiple-choice':
    case 'causal-lm':
      return scope.linear(hidden, 'classifier');
  }
}
