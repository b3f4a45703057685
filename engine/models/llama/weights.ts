/** Llama's modules in Transformers' task models. */
import type { Shape } from '../../autodiff/graph.ts';
import type { Head, HeadName, Module } from '../model.ts';
import type { LlamaConfig } from './config.ts';

/** The base model's attribute in the task models: `model`, but for question answering. */
export function llamaPrefix(head: HeadName): string {
  return head === 'question-answering' ? 'transformer' : 'model';
}

export function llamaModules(config: LlamaConfig, head: Head): readonly Module[] {
  const { hidden, intermediate } = config;
  const prefix = llamaPrefix(head.name);
  const queries = config.heads * config.headSize;
  const keys = config.keyValueHeads * config.headSize;
  const norm = (name: string): Module => ({ name, kind: 'norm', shape: [hidden], bias: false });
  const layers = Array.from({ length: config.layers }, (_, index): readonly Module[] => {
    const layer = `${prefix}.layers.${String(index)}`;
    const attention = (part: string, shape: Shape): Module => ({
      name: `${layer}.self_attn.${part}`,
      kind: 'linear',
      shape,
      bias: config.attentionBias,
    });
    const mlp = (part: string, shape: Shape): Module => ({
      name: `${layer}.mlp.${part}`,
      kind: 'linear',
      shape,
      bias: config.mlpBias,
    });
    return [
      attention('q_proj', [queries, hidden]),
      attention('k_proj', [keys, hidden]),
      attention('v_proj', [keys, hidden]),
      attention('o_proj', [hidden, queries]),
      mlp('gate_proj', [intermediate, hidden]),
      mlp('up_proj', [intermediate, hidden]),
      mlp('down_proj', [hidden, intermediate]),
      norm(`${layer}.input_layernorm`),
      norm(`${layer}.post_attention_layernorm`),
    ];
  });
  return [
    { name: `${prefix}.embed_tokens`, kind: 'embedding', shape: [config.vocabulary, hidden], bias: false },
    ...layers.flat(),
    norm(`${prefix}.norm`),
  ];
}

/** Heads of Transformers' decoders: `lm_head`, `score`, `qa_outputs`. */
export function decoderHeadModules(
  config: { readonly hidden: number; readonly vocabulary: number; readonly tied: boolean },
  head: Head,
): readonly Module[] {
  const { hidden } = config;
  switch (head.name) {
    case 'causal-lm':
      return config.tied ? [] : [{ name: 'lm_head', kind: 'linear', shape: [config.vocabulary, hidden], bias: false }];
    case 'sequence-classification':
      return [{ name: 'score', kind: 'linear', shape: [head.labels, hidden], bias: false }];
    case 'token-classification':
      return [{ name: 'score', kind: 'linear', shape: [head.labels, hidden], bias: true }];
    case 'question-answering':
      return [{ name: 'qa_outputs', kind: 'linear', shape: [head.labels, hidden], bias: true }];
    case 'multiple-choice':
    case 'seq2seq-lm':
      return [];
  }
}
