/** What an architecture is to the rest of the engine: its config, its modules, its forward pass, its heads. */
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
  'seq2seq-lm',
  'masked-lm',
] as const;
export type HeadName = (typeof headNames)[number];

/** Heads that read words off the vocabulary. */
export function isLanguageModel(name: HeadName): boolean {
  return writesText(name) || name === 'masked-lm';
}

/** Language models that go on with a text or answer one; a masked one only fills a gap. */
export function writesText(name: HeadName): boolean {
  return name === 'causal-lm' || name === 'seq2seq-lm';
}

/** A head for a new task is made new; a language model's comes with the model. */
export function isNewHead({ name }: Head): boolean {
  return !isLanguageModel(name);
}

export const problemNames = ['single-label', 'multi-label', 'regression'] as const;

export interface Head {
  readonly name: HeadName;
  /** Size of the answer layer; for language models the vocabulary. */
  readonly labels: number;
  /** What a classifier of rows answers (Transformers' `problem_type`): one of the labels unless said otherwise. */
  readonly problem?: (typeof problemNames)[number];
  /** Tokens of a language model's vocabulary that stand for the labels of a task: the logits are theirs alone, in this order. */
  readonly words?: readonly number[];
  /** Question answering: a passage may hold no answer. */
  readonly unanswerable?: boolean;
  /** Data sets that share what learns have their classes side by side: how many are each one's, the run's own first. Absent: all are the run's. */
  readonly sets?: readonly number[];
}

/** Classes of a data set in the layer that it shares with others, as [start, end). */
export function classesOf({ labels, sets = [labels] }: Head, set = 0): readonly [number, number] {
  const start = sets.slice(0, set).reduce((total, count) => total + count, 0);
  return [start, start + (sets[set] ?? 0)];
}

/** The head of the run's own data set alone. */
export function ownClasses({ sets, ...head }: Head): Head {
  return sets ? { ...head, labels: sets[0] ?? head.labels } : head;
}

/** What every config has, whatever its architecture calls it. */
export interface ModelConfig {
  readonly hidden: number;
  /** Layers; of an encoder–decoder, those of the decoder. */
  readonly layers: number;
  /** Of an encoder–decoder, those of the encoder; absent: as many as the decoder has. */
  readonly encoderLayers?: number;
  readonly heads: number;
  /** Heads of keys and values; query heads share them in groups. */
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly vocabulary: number;
  /** Size of a row of the word embeddings; absent: `hidden`. */
  readonly embeddingSize?: number;
  /** Factor of the words' embeddings, which virtual tokens do not get; absent: 1. */
  readonly embeddingScale?: number;
  /** Longest row in tokens; Infinity where positions are relative only. */
  readonly maxLength: number;
  /** Rows that get longer than this are another computation from their first token on: keys kept until then are void. */
  readonly switchLength?: number;
  readonly padTokenId: number | null;
  /** Token that an encoder–decoder's decoder starts with. */
  readonly decoderStartTokenId?: number | null;
  readonly eosTokenId?: number | null;
  /** Standard deviation of a new layer's weights. */
  readonly initializerRange: number;
  /** The language-model head is the embedding table. */
  readonly tied: boolean;
}

export type ModuleKind = 'linear' | 'conv1d' | 'embedding' | 'norm' | 'parameter' | 'buffer';

/** A module with weights of its own, by its name in the task model: `<name>.weight` and, with a bias, `<name>.bias`. */
export interface Module {
  readonly name: string;
  readonly kind: ModuleKind;
  /** Of the weight: linear [out, in], conv1d [in, out], embedding [rows, size], norm [size]; a parameter's and a buffer's own (their names stand as they are). */
  readonly shape: Shape;
  readonly bias: boolean;
}

/** Names and shapes of a module's weights. */
export function weightsOfModule({ name, kind, shape, bias }: Module): readonly (readonly [string, Shape])[] {
  if (kind === 'buffer' || kind === 'parameter') return [[name, shape]];
  const size = kind === 'conv1d' ? shape[1] : shape[0];
  return [[`${name}.weight`, shape], ...(bias ? [[`${name}.bias`, [size ?? 0]] as const] : [])];
}

/** Keys and values of the tokens before: [B, kv heads, past, head size] for each layer. */
export interface Past {
  readonly key: Tensor;
  readonly value: Tensor;
}

/** Where a row holds virtual tokens instead of words. */
export interface VirtualPlaces {
  /** int64 [B, S]: which virtual token; anything where there is none. */
  readonly indices: Tensor;
  /** float32 [B, S, 1]: 1 where a virtual token stands, else 0. */
  readonly mask: Tensor;
}

/** Tokens of one stack, encoder or decoder. */
export interface StackInputs {
  /** int64 [B, S]. */
  readonly ids: Tensor;
  /** float32 [B, past + S]: 1 for a token, 0 for padding. */
  readonly mask: Tensor;
  /** int64 [B, S]. */
  readonly positions: Tensor;
  /** Keys and values before this stack's tokens, one a layer: of an earlier pass, or a prefix that was learned. */
  readonly past?: readonly Past[];
}

export interface TextInputs extends StackInputs {
  /** The head this pass is for: task models call the base model by different names. */
  readonly head: HeadName;
  /** int64 [B, S]; null where the architecture has none. */
  readonly tokenTypes: Tensor | null;
  readonly virtual: VirtualPlaces | null;
  /** int64 [N]: rows of the flattened [B·S] hidden states that are asked for; of the decoder's where there is one. */
  readonly rows: Tensor;
  /** What the decoder of an encoder–decoder reads; null where only its encoder runs. */
  readonly decoder: StackInputs | null;
  /** Keys and values of the encoder's states, one a decoder layer: the encoder need not run. `mask` is its mask. */
  readonly cross?: readonly Past[];
}

export interface ForwardResult {
  /** Hidden states at the asked rows, [N, hidden]. */
  readonly hidden: Tensor;
  /** Keys and values of this pass (without those of `past`), one a layer. */
  readonly present: readonly Past[];
  /** Keys and values of the encoder's states, one a decoder layer; empty where there is no decoder beside an encoder. */
  readonly cross: readonly Past[];
}

export interface PositionOptions {
  /** Slots before the row: a learned prefix. */
  readonly before: number;
  /** The row holds virtual tokens, so that Transformers gets embeddings and cannot see padding. */
  readonly embedded: boolean;
}

/** Where the decoder of an encoder–decoder gets its tokens: the answer so far, or the input shifted right. */
export type DecoderInput = 'answer' | 'shifted-input' | 'none';

/** A head that came with an adapter, in place of Transformers'. */
export interface OwnHead {
  /** head_config.json, as it came. */
  readonly raw: Readonly<Record<string, Json>>;
  /** It learns, even over the vocabulary. */
  readonly learns: boolean;
  /** The name in the adapter's files of what is called so in Transformers' task model. */
  readonly key: (name: string) => string;
}

export interface Architecture<Config extends ModelConfig = ModelConfig> {
  /** `model_type` in config.json. */
  readonly type: string;
  readonly kind: 'encoder' | 'decoder' | 'encoder-decoder';
  /** Transformers' class of each head it can have. */
  readonly taskClasses: Readonly<Partial<Record<HeadName, string>>>;
  /** Absent: Transformers' heads. */
  readonly ownHead?: OwnHead;
  /** The module of the word embeddings in the task model of a head. */
  wordEmbeddings(head: HeadName): string;
  /** Reads keys and values before its tokens, so that a prefix can be put there; DistilBERT and DeBERTa do not. */
  readonly takesPast: boolean;
  /** Reads token types (BERT's segments). */
  readonly tokenTypes: boolean;
  /** Throws `model.config` on a field that would change the mathematics in a way we do not have. */
  parseConfig(raw: Readonly<Record<string, Json>>, path: string): Config;
  /** What config.json says of a config that a method adapted; absent: that the head is tied or not. */
  readonly savedConfig?: (config: Config) => Readonly<Record<string, Json>>;
  /** Modules of the base model that this head needs, by their names in the task model. */
  modules(config: Config, head: Head): readonly Module[];
  /** Modules of the head itself; none where it is the embedding. */
  headModules(config: Config, head: Head): readonly Module[];
  /** Weights that are one with another: name → the weight that it is. A name here is in no module. */
  ties(config: Config, head: Head): ReadonlyMap<string, string>;
  /** Names under which a base model's file may hold a weight of the task model, best first. */
  stored(name: string, head: HeadName): readonly string[];
  /** Position ids of a row of tokens with this mask, as Transformers derives them. */
  positions(config: Config, mask: readonly number[], options: PositionOptions): readonly number[];
  /** Position whose hidden state answers for the whole row (sequence classification, multiple choice). */
  pooled(config: Config, ids: readonly number[]): number;
  decoderInput(head: HeadName): DecoderInput;
  forward(scope: Scope, config: Config, inputs: TextInputs): ForwardResult;
  /** Logits [N, labels] from hidden states [N, hidden]. */
  head(scope: Scope, head: { readonly config: Config } & Head, hidden: Tensor): Tensor;
}

export function hasHead(architecture: Architecture, head: HeadName): boolean {
  return architecture.taskClasses[head] !== undefined;
}

/** `stored` for models whose files hold the base model with or without `prefix`. */
export function withOrWithout(name: string, prefix: string): readonly string[] {
  return name.startsWith(prefix) ? [name, name.slice(prefix.length)] : [name, prefix + name];
}

/** 0 … length − 1, behind a prefix. */
export function countedPositions(mask: readonly number[], { before }: PositionOptions): readonly number[] {
  return mask.map((_, position) => before + position);
}

/** `pooled` of an encoder–decoder: the last token that ends a text, else the last of all. */
export function pooledAtEnd({ eosTokenId }: ModelConfig, ids: readonly number[]): number {
  const found = ids.lastIndexOf(eosTokenId ?? -1);
  return found === -1 ? ids.length - 1 : found;
}
