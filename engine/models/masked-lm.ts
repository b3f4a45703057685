/** Heads of masked language models: a state is transformed and compared with every word's embedding (Devlin et al., 2019, section 3.1). */
import type { Tensor } from '../autodiff/graph.ts';
import { gemm } from '../autodiff/ops.ts';
import { activate, type Activation } from './activations.ts';
import type { Module } from './model.ts';
import { layerNorm, layerNormModule } from './norm.ts';
import type { Scope } from './scope.ts';

/** A family's names for the parts, without `.weight`. */
export interface MaskedLmNames {
  readonly dense: string;
  readonly norm: string;
  /** The layer over the vocabulary; null: the embedding table itself, whatever the config says of ties. */
  readonly decoder: string | null;
  /** The vocabulary's bias, a weight of its own or the decoder's. */
  readonly bias: string;
}

export interface MaskedLmSizes {
  readonly hidden: number;
  /** Of a word's embedding. */
  readonly width: number;
  readonly vocabulary: number;
  readonly tied: boolean;
}

export function maskedLmModules(names: MaskedLmNames, { hidden, width, vocabulary, tied }: MaskedLmSizes): Module[] {
  const { dense, norm, decoder, bias } = names;
  return [
    { name: dense, kind: 'linear', shape: [width, hidden], bias: true },
    layerNormModule(norm, width),
    decoder === null || tied
      ? { name: bias, kind: 'parameter', shape: [vocabulary], bias: false }
      : { name: decoder, kind: 'linear', shape: [vocabulary, width], bias: true },
  ];
}

/** `table`: the word embeddings. */
export function maskedLmTies(
  { decoder, bias }: MaskedLmNames,
  { table, tied }: { readonly table: string; readonly tied: boolean },
): ReadonlyMap<string, string> {
  if (decoder === null || !tied) return new Map();
  const own = `${decoder}.bias`;
  return new Map([[`${decoder}.weight`, `${table}.weight`], ...(own === bias ? [] : [[own, bias] as const])]);
}

/**
 * Other names of a weight in a file: the decoder's bias and the vocabulary's are one, and the decoder's weight is the
 * table's where it has no own.
 */
export function storedElsewhere(
  { decoder, bias }: MaskedLmNames,
  name: string,
  tables: readonly string[],
): readonly string[] {
  if (decoder === null) return [];
  if (name === `${decoder}.weight`) return tables;
  const pair = [`${decoder}.bias`, bias];
  return pair.includes(name) ? pair.filter((other) => other !== name) : [];
}

export interface MaskedLmOptions {
  readonly table: string;
  readonly activation: Activation;
  readonly epsilon: number;
}

/** Logits [N, vocabulary] from hidden states [N, hidden]. */
export function maskedLmHead(
  scope: Scope,
  { dense, norm, decoder, bias }: MaskedLmNames,
  { hidden, table, activation, epsilon }: MaskedLmOptions & { readonly hidden: Tensor },
): Tensor {
  const x = layerNorm(scope, norm, epsilon)(activate(activation, scope.linear(hidden, dense)));
  if (decoder !== null) return scope.linear(x, decoder);
  return gemm(x, scope.weight(`${table}.weight`), { transB: true, c: scope.weight(bias) });
}
