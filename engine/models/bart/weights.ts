/** BART's modules in Transformers' task models. */
import { biased } from '../bert/weights.ts';
import type { Head, Module } from '../model.ts';
import type { BartConfig } from './config.ts';

/** The first rows of the position tables stand for nothing. */
export const positionOffset = 2;

export function bartModules(config: BartConfig, { name }: Head): readonly Module[] {
  const { hidden, vocabulary } = config;
  const bias: Module = { name: 'final_logits_bias', kind: 'buffer', shape: [1, vocabulary], bias: false };
  return [
    { name: 'model.shared', kind: 'embedding', shape: [vocabulary, hidden], bias: false },
    ...stackModules(config, 'encoder'),
    ...stackModules(config, 'decoder'),
    ...(name === 'seq2seq-lm' ? [bias] : []),
  ];
}

function stackModules(config: BartConfig, stack: 'encoder' | 'decoder'): readonly Module[] {
  const { hidden, maxLength } = config;
  const { layers, intermediate } = config[stack];
  const name = `model.${stack}`;
  const norm = (module: string): Module => biased(module, 'norm', [hidden]);
  const attention = (module: string): readonly Module[] => [
    ...['k_proj', 'v_proj', 'q_proj', 'out_proj'].map((part) =>
      biased(`${module}.${part}`, 'linear', [hidden, hidden]),
    ),
    norm(`${module}_layer_norm`),
  ];
  const blocks = Array.from({ length: layers }, (_, index): readonly Module[] => {
    const layer = `${name}.layers.${String(index)}`;
    return [
      ...attention(`${layer}.self_attn`),
      ...(stack === 'decoder' ? attention(`${layer}.encoder_attn`) : []),
      biased(`${layer}.fc1`, 'linear', [intermediate, hidden]),
      biased(`${layer}.fc2`, 'linear', [hidden, intermediate]),
      norm(`${layer}.final_layer_norm`),
    ];
  });
  return [
    { name: `${name}.embed_positions`, kind: 'embedding', shape: [maxLength + positionOffset, hidden], bias: false },
    ...blocks.flat(),
    norm(`${name}.layernorm_embedding`),
  ];
}

export function bartHeadModules({ hidden, vocabulary, tied }: BartConfig, head: Head): readonly Module[] {
  switch (head.name) {
    case 'seq2seq-lm':
      return tied ? [] : [{ name: 'lm_head', kind: 'linear', shape: [vocabulary, hidden], bias: false }];
    case 'sequence-classification':
      return [
        biased('classification_head.dense', 'linear', [hidden, hidden]),
        biased('classification_head.out_proj', 'linear', [head.labels, hidden]),
      ];
    case 'question-answering':
      return [biased('qa_outputs', 'linear', [head.labels, hidden])];
    case 'token-classification':
    case 'multiple-choice':
    case 'masked-lm':
    case 'causal-lm':
      return [];
  }
}

/** A file may hold the embedding under the stacks' names, and a tied head not at all. */
export function bartStored(name: string): readonly string[] {
  const table = ['shared.weight', 'encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'];
  const own = name.replace(/^model\./, '');
  const names = own === 'shared.weight' ? table : own === 'lm_head.weight' ? [own, ...table] : [own];
  return names.flatMap((candidate) => [`model.${candidate}`, candidate]);
}
