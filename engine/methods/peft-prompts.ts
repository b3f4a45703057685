/** What PEFT's prompt-learning formats share: fields of adapter_config.json and names of tensors (peft/config.py, PromptLearningConfig). */
import { StudioError } from '../spec/errors.ts';
import type { Json } from '../spec/json.ts';
import type { PeftContext, Target } from './method.ts';
import { automaticHeads, savedHeads } from './peft.ts';

type Raw = Readonly<Record<string, Json>>;

/** The learned table: all that PEFT saves of a prompt. */
export const promptTable = 'prompt_embeddings';

/** What is trained and not saved: the network that writes the table. */
export const promptEncoder = 'prompt_encoder';

/** Prompts are one wrapper around the model, so its own modules get one `base_model.`. */
export function promptKey(name: string): string {
  return name === promptTable || name.startsWith(`${promptEncoder}.`) ? name : `base_model.${name}`;
}

export interface PromptFields {
  readonly virtualTokens: number;
  readonly modulesToSave: readonly string[] | null;
  /** Size of a row of the table for each prompt, or for each layer's keys. */
  readonly tokenSize: number;
  readonly heads: number;
  readonly layers: number;
  readonly submodules: number;
}

/** The portable keys: `modules_to_save` is new in PEFT 0.17, and stands only where PEFT would not save the head by itself. */
export function promptFields(context: PeftContext, fields: PromptFields): Readonly<Record<string, Json>> {
  const heads = savedHeads(context, fields.modulesToSave) ?? [];
  const automatic = automaticHeads(context.taskType);
  // A list that says less than none would must stand too.
  const whole = (savedHeads(context, null) ?? []).every((name) => heads.includes(name));
  return {
    auto_mapping: null,
    base_model_name_or_path: context.baseModel,
    inference_mode: true,
    ...(whole && heads.every((name) => automatic.includes(name)) ? {} : { modules_to_save: heads }),
    num_attention_heads: fields.heads,
    num_layers: fields.layers,
    num_transformer_submodules: fields.submodules,
    num_virtual_tokens: fields.virtualTokens,
    revision: null,
    task_type: context.taskType,
    token_dim: fields.tokenSize,
  };
}

/** Words are put in before they are widened to the model's size. */
export function wordSize({ config }: Target): number {
  return config.embeddingSize ?? config.hidden;
}

/** Reads fields of an adapter_config.json. Errors: `model.config`. */
export class PeftReader {
  readonly #raw: Raw;
  readonly #path: string;

  constructor(raw: Raw, path: string) {
    this.#raw = raw;
    this.#path = path;
  }

  refuse(field: string, legal: string): never {
    const value = JSON.stringify(this.#raw[field] ?? null);
    throw new StudioError('model.config', { path: this.#path, field, value, legal });
  }

  /** A whole number of at least 1. */
  count(field: string): number {
    return this.countOrNull(field) ?? this.refuse(field, 'a whole number of at least 1');
  }

  countOrNull(field: string): number | null {
    const value = this.#raw[field] ?? null;
    if (value === null || (typeof value === 'number' && Number.isInteger(value) && value >= 1)) return value;
    return this.refuse(field, 'a whole number of at least 1');
  }

  /** A share in [0, 1). */
  share(field: string): number {
    const value = this.#raw[field] ?? 0;
    return typeof value === 'number' && value >= 0 && value < 1
      ? value
      : this.refuse(field, 'a number from 0 to below 1');
  }

  flag(field: string): boolean {
    const value = this.#raw[field] ?? false;
    return typeof value === 'boolean' ? value : this.refuse(field, 'true, false');
  }

  text(field: string): string | null {
    const value = this.#raw[field] ?? null;
    return value === null || typeof value === 'string' ? value : this.refuse(field, 'a text');
  }

  /** One of the keys of `meanings`; absent, the first of them. */
  choice<T>(field: string, meanings: ReadonlyMap<string | null, T>): T {
    const [first] = meanings.keys();
    const value = this.text(field) ?? first ?? null;
    return meanings.get(value) ?? this.refuse(field, [...meanings.keys()].map((key) => JSON.stringify(key)).join(', '));
  }

  modulesToSave(): string[] | null {
    const value = this.#raw['modules_to_save'] ?? null;
    if (value === null) return null;
    const names = Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
    const whole = Array.isArray(value) && names.length === value.length;
    return whole ? (names.length > 0 ? [...new Set(names)] : null) : this.refuse('modules_to_save', 'a list of names');
  }
}
