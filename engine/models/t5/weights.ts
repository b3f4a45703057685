/** T5's modules in Transformers' task models. */
import type { Shape } from '../../autodiff/graph.ts';
import { biased } from '../bert/weights.ts';
import type { Head, HeadName, Module } from '../model.ts';
import type { T5Config } from './config.ts';

/** What the names of the base model begin with: classifiers hold it as `transformer`, the others are the base model. */
export function t5Prefix(head: HeadName): string {
  return head === 'sequence-classification' || head === 'token-classification' ? 'transformer.' : '';
}

/** Classifiers of tokens run the encoder alone. */
export function hasDecoder(head: HeadName): boolean {
  return head !== 'token-classification';
}

function bare(name: string, kind: Module['kind'], shape: Shape): Module {
  return { name, kind, shape, bias: false };
}

export function t5Modules(config: T5Config, head: Head): readonly Module[] {
  const prefix = t5Prefix(head.name);
  return [
    bare(`${prefix}shared`, 'embedding', [config.vocabulary, config.hidden]),
    ...stackModules(config, { name: `${prefix}encoder`, layers: config.encoderLayers, crosses: false }),
    ...(hasDecoder(head.name)
      ? stackModules(config, { name: `${prefix}decoder`, layers: config.layers, crosses: true })
      : []),
  ];
}

function stackModules(
  config: T5Config,
  { name, layers, crosses }: { readonly name: string; readonly layers: number; readonly crosses: boolean },
): readonly Module[] {
  const { hidden, intermediate, heads, headSize } = config;
  const inner = heads * headSize;
  const norm = (place: string): Module => bare(`${place}.layer_norm`, 'norm', [hidden]);
  const attention = (place: string): readonly Module[] => [
    ...['q', 'k', 'v'].map((part) => bare(`${place}.${part}`, 'linear', [inner, hidden])),
    bare(`${place}.o`, 'linear', [hidden, inner]),
  ];
  const blocks = Array.from({ length: layers }, (_, index): readonly Module[] => {
    const layer = `${name}.block.${String(index)}.layer`;
    const last = `${layer}.${crosses ? '2' : '1'}`;
    return [
      ...attention(`${layer}.0.SelfAttention`),
      ...(index === 0
        ? [bare(`${layer}.0.SelfAttention.relative_attention_bias`, 'embedding', [config.buckets, heads])]
        : []),
      norm(`${layer}.0`),
      ...(crosses ? [...attention(`${layer}.1.EncDecAttention`), norm(`${layer}.1`)] : []),
      ...(config.gated ? ['wi_0', 'wi_1'] : ['wi']).map((part) =>
        bare(`${last}.DenseReluDense.${part}`, 'linear', [intermediate, hidden]),
      ),
      bare(`${last}.DenseReluDense.wo`, 'linear', [hidden, intermediate]),
      norm(last),
    ];
  });
  return [...blocks.flat(), bare(`${name}.final_layer_norm`, 'norm', [hidden])];
}

export function t5HeadModules({ hidden, vocabulary, tied }: T5Config, head: Head): readonly Module[] {
  switch (head.name) {
    case 'seq2seq-lm':
      return tied ? [] : [bare('lm_head', 'linear', [vocabulary, hidden])];
    case 'sequence-classification':
      return [
        biased('classification_head.dense', 'linear', [hidden, hidden]),
        biased('classification_head.out_proj', 'linear', [head.labels, hidden]),
      ];
    case 'token-classification':
      return [biased('classifier', 'linear', [head.labels, hidden])];
    case 'question-answering':
      return [biased('qa_outputs', 'linear', [head.labels, hidden])];
    case 'multiple-choice':
    case 'masked-lm':
    case 'causal-lm':
      return [];
  }
}

/** A file may hold the embedding under the stacks' names, and a tied head not at all. */
export function t5Stored(name: string): readonly string[] {
  const own = name.replace(/^transformer\./, '');
  const table = ['shared.weight', 'encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'];
  const names = own === 'shared.weight' ? table : own === 'lm_head.weight' ? [own, ...table] : [own];
  return names.flatMap((candidate) => [candidate, `transformer.${candidate}`]);
}
