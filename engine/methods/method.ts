/** What a method of the literature is to the rest of the engine. Shared code asks these properties, never which method it has. */
import type { Shape } from '../autodiff/graph.ts';
import type { ModelConfig } from '../models/model.ts';
import type { Scope } from '../models/scope.ts';
import type { Json } from '../spec/json.ts';
import type { MethodConfig, SupportedMethod } from '../spec/methods/index.ts';

/** How a new parameter starts. */
export type Initial =
  | { readonly kind: 'zeros' }
  /** N(0, deviation²). */
  | { readonly kind: 'normal'; readonly deviation: number }
  /** U(−bound, bound). */
  | { readonly kind: 'uniform'; readonly bound: number };

/** What an adapter_config.json says besides the method's settings. */
export interface PeftContext {
  readonly baseModel: string;
  readonly taskType: 'SEQ_CLS' | 'TOKEN_CLS' | 'QUESTION_ANS' | 'CAUSAL_LM';
}

export interface NewParameter {
  readonly shape: Shape;
  readonly initial: Initial;
}

/** The model a method is applied to. */
export interface Target {
  /** Weights of the base model in use, by name. */
  readonly base: ReadonlyMap<string, Shape>;
  /** Weights of the head. */
  readonly head: ReadonlyMap<string, Shape>;
  /** The head is made new for the task, so that it must learn whatever the method. */
  readonly headIsNew: boolean;
}

/** How the result is written. */
export type SavedAs =
  /** A PEFT folder: adapter_config.json and adapter_model.safetensors. */
  | 'peft'
  /** A complete Hugging Face model folder. */
  | 'model'
  /** model.safetensors with the head only. */
  | 'head';

export interface Method<Config extends MethodConfig = MethodConfig> {
  readonly name: SupportedMethod;
  /** Its effect can be added into the base weights. */
  readonly mergeable: boolean;
  readonly addsVirtualTokens: boolean;
  /** The model computes what it computed before until the first step. */
  readonly startsAsIdentity: boolean;
  readonly savedAs: SavedAs;
  /** Its adapter_config.json, where it is saved as a PEFT folder. */
  readonly peftConfig: ((config: Config, context: PeftContext) => Readonly<Record<string, Json>>) | null;
  /** The base model's config as the method needs it. */
  adapt<C extends ModelConfig>(model: C): C;
  /** Parameters it adds, by name. Throws when its settings match nothing. */
  added(config: Config, target: Target): ReadonlyMap<string, NewParameter>;
  /** Names of all parameters that learn: new ones, and weights of base and head. */
  trainable(config: Config, target: Target): readonly string[];
  /** The scope in which the forward pass runs with the method on it. */
  inject(scope: Scope, config: Config, target: Target): Scope;
}
