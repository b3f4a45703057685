/** What an architecture is to the rest of the engine: its config, its weights, its forward pass, its heads. */
import type { Shape, Tensor } from '../autodiff/graph.ts';
import type { Json } from '../spec/json.ts';
import type { Scope } from './scope.ts';

/** What stands on top of the base model, by the name of Transformers' task classes. */
export const headNames = [
  'sequence-classification',
  'token-classification',
  'question-answering',
  'multiple-choice',
  'causal-lm',
] as const;
export type HeadName = (typeof headNames)[number];

/** A head for a new task is made new; a language model's comes with the model. */
export function isNewHead({ name }: Head): boolean {
  return name !== 'causal-lm';
}

export interface Head {
  readonly name: HeadName;
  /** Size of the answer layer; for `causal-lm` the vocabulary. */
  readonly labels: number;
}

/** What every config has, whatever its architecture calls it. */
export interface ModelConfig {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values; query heads share them in groups. */
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly vocabulary: number;
  /** Longest row in tokens. */
  readonly maxLength: number;
  readonly padTokenId: number | null;
  /** Standard deviation of a new layer's weights. */
  readonly initializerRange: number;
  /** The language-model head is the embedding table. */
  readonly tied: boolean;
}

/** Keys and values of the tokens before: [B, kv heads, past, head size] for each layer. */
export interface Past {
  readonly key: Tensor;
  readonly value: Tensor;
}

export interface TextInputs {
  /** int64 [B, S]. */
  readonly ids: Tensor;
  /** float32 [B, past + S]: 1 for a token, 0 for padding. */
  readonly mask: Tensor;
  /** int64 [B, S]. */
  readonly positions: Tensor;
  /** int64 [B, S]; null where the architecture has none. */
  readonly tokenTypes: Tensor | null;
  /** int64 [N]: rows of the flattened [B·S] hidden states that are asked for. */
  readonly rows: Tensor;
  /** One a layer, when the pass continues an earlier one; decoders only. */
  readonly past?: readonly Past[];
}

export interface ForwardResult {
  /** Hidden states at the asked rows, [N, hidden]. */
  readonly hidden: Tensor;
  /** Keys and values of this pass, one a layer; empty for encoders. */
  readonly present: readonly Past[];
}

export interface Architecture<Config extends ModelConfig = ModelConfig> {
  /** `model_type` in config.json. */
  readonly type: string;
  /** The base model's attribute inside the task model: a file of the bare model leaves it out. */
  readonly prefix: string;
  /** Decoders see the past only, and pool the last token. */
  readonly causal: boolean;
  readonly heads: readonly HeadName[];
  /** Transformers' class of each head. */
  readonly taskClasses: Readonly<Partial<Record<HeadName, string>>>;
  /** Weights that a file may leave out because another one is the same. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Throws `model.config` on a field that would change the mathematics in a way we do not have. */
  parseConfig(raw: Readonly<Record<string, Json>>, path: string): Config;
  /** Weights of the base model that this head needs, by their names in the task model. */
  weights(config: Config, head: Head): ReadonlyMap<string, Shape>;
  /** Weights of the head itself, by their names in the task model; empty where the head is the embedding. */
  headWeights(config: Config, head: Head): ReadonlyMap<string, Shape>;
  /** Position ids of a row of tokens with this mask, as Transformers derives them. */
  positions(config: Config, mask: readonly number[]): readonly number[];
  forward(scope: Scope, config: Config, inputs: TextInputs): ForwardResult;
  /** Logits [N, labels] from hidden states [N, hidden]. */
  head(scope: Scope, head: { readonly config: Config } & Head, hidden: Tensor): Tensor;
}
