/** ELECTRA's forward pass: BERT's encoder on projected embeddings (Clark et al., 2020; Transformers' modeling_electra). */
import type { Tensor } from '../../autodiff/graph.ts';
import { gelu } from '../../autodiff/ops.ts';
import { activate } from '../activations.ts';
import { embeddings, encoderLayers } from '../bert/forward.ts';
import { maskedLmHead } from '../masked-lm.ts';
import type { ForwardResult, Head, TextInputs } from '../model.ts';
import type { Scope } from '../scope.ts';
import type { ElectraConfig } from './config.ts';
import { electraMaskedLm, isProjected } from './weights.ts';

export function electraForward(scope: Scope, config: ElectraConfig, inputs: TextInputs): ForwardResult {
  const own = { ...inputs, prefix: 'electra' };
  const embedded = embeddings(scope, config, own);
  const x = isProjected(config) ? scope.linear(embedded, 'electra.embeddings_project') : embedded;
  return encoderLayers(scope, config, { x, inputs: own });
}

export function electraHead(scope: Scope, head: { readonly config: ElectraConfig } & Head, hidden: Tensor): Tensor {
  switch (head.name) {
    case 'sequence-classification':
      return scope.linear(gelu(scope.linear(hidden, 'classifier.dense')), 'classifier.out_proj');
    case 'question-answering':
      return scope.linear(hidden, 'qa_outputs');
    case 'multiple-choice': {
      const { projects, activation } = head.config.summary;
      const summary = projects ? scope.linear(hidden, 'sequence_summary.summary') : hidden;
      return scope.linear(activation ? activate(activation, summary) : summary, 'classifier');
    }
    case 'masked-lm': {
      const { epsilon } = head.config;
      const table = 'electra.embeddings.word_embeddings';
      return maskedLmHead(scope, electraMaskedLm, { hidden, table, activation: 'gelu', epsilon });
    }
    case 'token-classification':
    case 'causal-lm':
    case 'seq2seq-lm':
      return scope.linear(hidden, 'classifier');
  }
}
