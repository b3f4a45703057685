/** What a method of the literature is to the rest of the engine. Shared code asks these properties, never which method it has. */
import { isDeepStrictEqual } from 'node:util';
import type { Shape, Tensor } from '../autodiff/graph.ts';
import {
  weightsOfModule,
  type Architecture,
  type Head,
  type HeadName,
  type ModelConfig,
  type Module,
  type Past,
} from '../models/model.ts';
import type { Scope, Sublayer } from '../models/scope.ts';
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import type { InContextConfig } from '../spec/methods/in-context.ts';
import type { MethodConfig, SupportedMethod } from '../spec/methods/index.ts';
import type { FurtherData } from '../spec/methods/p-tuning-v2.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** How a new parameter starts. */
export type Initial =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'ones' }
  /** N(0, deviation²). */
  | { readonly kind: 'normal'; readonly deviation: number }
  /** N(0, deviation²) drawn again beyond `limit` deviations. */
  | { readonly kind: 'truncated-normal'; readonly deviation: number; readonly limit: number }
  /** U(−bound, bound). */
  | { readonly kind: 'uniform'; readonly bound: number }
  /** Given by `start`, which knows the model. */
  | { readonly kind: 'from-model' };

export interface NewParameter {
  readonly shape: Shape;
  readonly initial: Initial;
}

/** PEFT's task types; null where PEFT has none (multiple choice). */
export type PeftTask =
  'SEQ_CLS' | 'TOKEN_CLS' | 'QUESTION_ANS' | 'CAUSAL_LM' | 'SEQ_2_SEQ_LM' | 'FEATURE_EXTRACTION' | null;

/** What an adapter_config.json says besides the method's settings. */
export interface PeftContext {
  readonly baseModel: string;
  readonly taskType: PeftTask;
  readonly target: Target;
}

export interface TargetModule extends Module {
  /** `tied`: an output layer that is the embedding table. */
  readonly part: 'base' | 'head' | 'tied';
}

/** Where a sub-layer joins the stream, as the forward pass comes to it. */
export interface Place extends Pick<Sublayer, 'place' | 'kind'> {
  /** Counted through all stacks, the encoder's first. */
  readonly layer: number;
  /** A norm stands behind the sum. */
  readonly normed: boolean;
}

/** The model a method is applied to. */
export interface Target {
  readonly architecture: Pick<Architecture, 'type' | 'kind' | 'takesPast' | 'wordEmbeddings'>;
  readonly config: ModelConfig;
  readonly head: Head;
  /** All modules of the task model, by name. */
  readonly modules: ReadonlyMap<string, TargetModule>;
  /** Weights of the base model in use, by name; buffers are not among them. */
  readonly base: ReadonlyMap<string, Shape>;
  /** Weights of the head. */
  readonly headWeights: ReadonlyMap<string, Shape>;
  /** The head is made new for the task, so that it must learn whatever the method. */
  readonly headIsNew: boolean;
  /** All places where a sub-layer joins the stream. */
  readonly places: () => readonly Place[];
}

/** What start values may ask of the model as it came. */
export interface StartContext {
  readonly target: Target;
  readonly seed: number;
  readonly tokenizer: Tokenizer;
  /** Classes of the task, in the order of the logits. */
  readonly labels: readonly string[];
  /** Uniform in [0, 1), a stream of the seed's. */
  readonly uniform: (index: number) => number;
  /** A weight of the base model, float32. */
  weight(name: string): Promise<Float32Array>;
  /** Keys and values of a text, one a layer: [kv heads, tokens, head size]. */
  present(ids: readonly number[]): Promise<readonly { readonly key: Float32Array; readonly value: Float32Array }[]>;
}

/** How a row's text is laid out among words and virtual tokens, and which word stands for a label. */
export interface Template {
  /** As `readTemplate` reads it. */
  readonly text: string;
  /** Virtual tokens that stand in it. */
  readonly virtualTokens: number;
  readonly labelWords: Readonly<Record<string, string>>;
}

/** How a row is asked among solved ones, where nothing is learned. */
export type Prompting = Omit<InContextConfig, 'name'>;

/** How the result is written. */
export type SavedAs =
  /** A PEFT folder: adapter_config.json and adapter_model.safetensors. */
  | 'peft'
  /** An AdapterHub folder: adapter_config.json, adapter.safetensors, and the head beside them. */
  | 'adapterhub'
  /** A complete Hugging Face model folder. */
  | 'model'
  /** model.safetensors with the head only. */
  | 'head'
  /** The prompt: its template, its examples, and how answers are compared. */
  | 'prompt';

/** A method's settings as PEFT's adapter_config.json has them. */
export interface PeftFormat<Config extends MethodConfig> {
  config(config: Config, context: PeftContext): Readonly<Record<string, Json>>;
  /** The key of one of our parameters in adapter_model.safetensors. */
  key(name: string, target: Target, config: Config): string;
  /** Another program's file of these settings holds what learned, not what `savedConfig` leaves of it; absent: never. */
  holdsLearned?(config: Config): boolean;
  /** Frozen weights that PEFT writes beside what learned: key → name. */
  alsoSaved?(config: Config, target: Target): ReadonlyMap<string, string>;
}

/** What a method does to a weight of the base: factor · (weight + delta). */
export interface WeightChange {
  /** Broadcasts to the weight; null: 1. */
  readonly factor: Tensor | null;
  /** null: 0. */
  readonly delta: Tensor | null;
}

/** How a method's effect is added into the base weights, so that the model alone computes what it computed with the method. */
export interface Merging<Config extends MethodConfig> {
  /** Throws `method.merge` where the changed weights would compute something else. */
  check(config: Config, target: Target): void;
  /** The weights it changes, by name; `weight` of the scope gives them as they came. */
  changes(scope: Scope, config: Config, target: Target): ReadonlyMap<string, WeightChange>;
}

/** A method's settings and keys as AdapterHub's folders have them. */
export interface AdapterHubFormat<Config extends MethodConfig> {
  /** The `config` of adapter_config.json. */
  config(config: Config, target: Target): Readonly<Record<string, Json>>;
  /** Keys of one of our parameters in adapter.safetensors, where the adapter has a name. All hold the same. */
  keys(name: string, adapterName: string, config: Config): readonly string[];
}

export interface Method<Config extends MethodConfig = MethodConfig> {
  readonly name: SupportedMethod;
  /** Null where its effect cannot be added into the base weights. */
  readonly merging: Merging<Config> | null;
  readonly savedAs: SavedAs;
  /** Modules whose change is scale · B · A of the parameters `<module>.lora_A` and `lora_B`; absent: it is something else. */
  lowRank?(config: Config, target: Target): ReadonlyMap<string, { readonly scale: number }>;
  readonly peft: PeftFormat<Config> | null;
  readonly adapterHub: AdapterHubFormat<Config> | null;
  /** The model computes what it computed before until the first step. */
  startsAsIdentity(config: Config): boolean;
  /** Virtual tokens in every row; they make it longer. */
  virtualTokens(config: Config): number;
  /** Slots before every row's keys and values. */
  prefixLength(config: Config): number;
  /** Null: rows are read as they are, virtual tokens in front. */
  template(config: Config): Template | null;
  /** Null: the model answers as it has learned to. Else it learns nothing, and its language model is asked. */
  prompting(config: Config): Prompting | null;
  /** Throws `method.architecture` or `method.task` where the method cannot go with the model or its head. */
  check(config: Config, target: Target): void;
  /** The base model's config as the method needs it. */
  adapt<C extends ModelConfig>(model: C, config: Config, at: { architecture: Architecture; head: Head }): C;
  /** Parameters it adds, by name. Throws when its settings match nothing. */
  added(config: Config, target: Target): ReadonlyMap<string, NewParameter>;
  /** Names of all parameters that learn: new ones, and weights of base and head. */
  trainable(config: Config, target: Target): readonly string[];
  /** Further data sets that teach the same parameters, each with classes of its own in the head. */
  furtherData(config: Config): readonly FurtherData[];
  /** The settings with their files elsewhere. */
  movePaths(config: Config, move: (path: string) => string): Config;
  /** Only the head learns, so that its features need to be computed once. */
  frozenBelowHead(config: Config): boolean;
  /** Factor of the learning rate for a parameter. */
  rate(config: Config, name: string, target: Target): number;
  /** Values of the new parameters whose start is `from-model`. */
  start(config: Config, context: StartContext): Promise<ReadonlyMap<string, Float32Array>>;
  /** The scope in which the forward pass runs with the method on it. */
  inject(scope: Scope, config: Config, target: Target): Scope;
  /** Keys and values before every row, [B, kv heads, prefix, head size] a layer; none where `prefixLength` is 0. */
  prefix(scope: Scope, config: Config, at: { readonly target: Target; readonly batch: number }): readonly Past[];
  /** The settings of what is saved: a prompt encoder leaves its table only. */
  savedConfig(config: Config): Config;
  /** Values of the saved form's parameters that are computed from those that learned; the others are saved as they are. */
  savedTensors(scope: Scope, config: Config, target: Target): ReadonlyMap<string, Tensor>;
}

/** Rows laid out by words alone: the method has no learned tokens, or none among the words. */
export function wordTemplate({ template: text, labelWords }: WithTemplate): Template | null {
  return text === null ? null : { text, virtualTokens: 0, labelWords };
}

interface WithTemplate {
  readonly template: string | null;
  readonly labelWords: Readonly<Record<string, string>>;
}

/** What most methods do not do. */
export const plainMethod = {
  merging: null,
  peft: null,
  adapterHub: null,
  startsAsIdentity: () => true,
  virtualTokens: () => 0,
  prefixLength: () => 0,
  template: () => null,
  prompting: () => null,
  check: () => undefined,
  adapt: <C extends ModelConfig>(model: C): C => model,
  added: (): ReadonlyMap<string, NewParameter> => new Map(),
  furtherData: (): readonly FurtherData[] => [],
  movePaths: <C extends MethodConfig>(config: C): C => config,
  frozenBelowHead: () => false,
  rate: () => 1,
  start: (): Promise<ReadonlyMap<string, Float32Array>> => Promise.resolve(new Map()),
  inject: (scope: Scope): Scope => scope,
  prefix: (): readonly Past[] => [],
  savedConfig: <C extends MethodConfig>(config: C): C => config,
  savedTensors: (): ReadonlyMap<string, Tensor> => new Map(),
};

/**
 * Modules that learn whole: those whose name, or that of a module that holds them, ends in one of `modulesToSave`, as PEFT
 * matches; a new head's by the names that PEFT's task class adds of itself. Without a list, all of a new head.
 */
export function savedModules(
  { headIsNew, modules, head }: Target,
  modulesToSave: readonly string[] | null,
): TargetModule[] {
  const all = [...modules.values()].filter(({ kind }) => kind !== 'buffer');
  const own = headIsNew ? all.filter(({ part }) => part === 'head') : [];
  if (modulesToSave === null) return own;
  const wanted = [...modulesToSave, ...(headIsNew ? taskModules(head.name) : [])];
  const found = all.filter(({ name }) => wanted.some((end) => endsIn(name, end)));
  if (own.length === 0 || found.some(({ part }) => part === 'head')) return found;
  // PEFT's own names alone, in a file of an encoder–decoder, whose head has another: it stays as it started there.
  const usual = taskModules(head.name);
  if (usual.length > 0 && isDeepStrictEqual(new Set(modulesToSave), new Set(usual))) return found;
  const legal = [...new Set(own.map(({ name }) => name.split('.')[0] ?? name))].join(', ');
  throw new StudioError('recipe.field', {
    path: 'method.modulesToSave',
    value: modulesToSave.join(', '),
    legal: `names that include the new head: ${legal}`,
  });
}

/** What PEFT's task classes save of themselves (peft/peft_model.py). */
export function taskModules(head: HeadName): readonly string[] {
  if (head === 'sequence-classification' || head === 'token-classification') return ['classifier', 'score'];
  return head === 'question-answering' ? ['qa_outputs'] : [];
}

/** Weights of what learns whole with every method: a new task's head, and the modules of the list. */
export function learningHead(target: Target, modulesToSave: readonly string[] | null = null): readonly string[] {
  const table = target.modules.get(target.architecture.wordEmbeddings(target.head.name));
  const learning = savedModules(target, modulesToSave).flatMap((module) =>
    module.part === 'tied' ? (table ?? []) : module,
  );
  return [...new Set(learning.flatMap((module) => weightsOfModule(module).map(([name]) => name)))];
}

/** `name.endsWith(wanted)` of the module or of one that holds it. */
export function endsIn(name: string, wanted: string): boolean {
  const parts = name.split('.');
  return parts.some((_, index) =>
    parts
      .slice(0, index + 1)
      .join('.')
      .endsWith(wanted),
  );
}
