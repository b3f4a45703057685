/** What every method's settings share: the metadata a form is built from, and the shape of a preset. */
import { type z } from 'zod';
import type { TaskName } from '../tasks.ts';

/** How a setting is shown; its limits stand in the schema itself. */
export interface FieldMeta {
  /** Plain name. */
  readonly label: string;
  /** The literature's term. */
  readonly term: string;
  readonly unit?: string;
  readonly help: string;
  /** Slider positions; absent: from minimum to maximum. */
  readonly steps?: readonly number[];
  /** True when the setting stands under "Advanced". */
  readonly advanced?: boolean;
  /** Asked only where another setting of the form has this value; absent: always. */
  readonly when?: Readonly<Record<string, string>>;
  /**
   * What a method's setting says where a run goes on from an adapter. `free`: it may be chosen, since it is how it learns, not
   * what it is; `idle`: nothing, since no new weights start. Absent: what the adapter has stays.
   */
  readonly further?: 'free' | 'idle';
  /** Of a list: texts that may hold blanks and commas, so that each has a line of its own. Of a text: it may have several. */
  readonly lines?: boolean;
  /** Of a text that is often nothing but line breaks: shown and typed with \n and \t. */
  readonly escaped?: boolean;
}

/** Attaches a form's metadata to a schema, so that both are one thing. */
export function field<T extends z.ZodType>(schema: T, meta: FieldMeta): T {
  return schema.meta({ ...meta });
}

/** What a preset depends on. */
export interface PresetContext {
  readonly task: TaskName;
  /** `model_type` of the base model's config, or null when no model is chosen yet. */
  readonly architecture: string | null;
  /** Parameters of the base model, or null when no model is chosen yet. */
  readonly parameters: number | null;
}

export const presetNames = ['quick', 'balanced', 'thorough'] as const;
export type PresetName = (typeof presetNames)[number];

/** Linear layers that LoRA changes by default, as PEFT's mapping has them. */
export const defaultTargets: Readonly<Record<string, readonly string[]>> = {
  bert: ['query', 'value'],
  roberta: ['query', 'value'],
  'xlm-roberta': ['query', 'value'],
  distilbert: ['q_lin', 'v_lin'],
  electra: ['query', 'value'],
  'deberta-v2': ['query_proj', 'value_proj'],
  t5: ['q', 'v'],
  mt5: ['q', 'v'],
  bart: ['q_proj', 'v_proj'],
  llama: ['q_proj', 'v_proj'],
  mistral: ['q_proj', 'v_proj'],
  qwen2: ['q_proj', 'v_proj'],
  qwen3: ['q_proj', 'v_proj'],
  gemma: ['q_proj', 'v_proj'],
  gemma2: ['q_proj', 'v_proj'],
  gemma3: ['q_proj', 'v_proj'],
  gemma3_text: ['q_proj', 'v_proj'],
  gpt2: ['c_attn'],
  gpt_neox: ['query_key_value'],
  opt: ['q_proj', 'v_proj'],
  // PEFT has no row for it: the layers of its authors' own example.
  phi3: ['o_proj', 'qkv_proj'],
};
