/** Where a tuned model can be taken: the formats, what each method reaches, and why another is out of reach. */
import type { SupportedMethod } from './methods/index.ts';
import { writesText, type TaskName } from './tasks.ts';

export const exportFormats = ['peft', 'adapterhub', 'model', 'gguf', 'gguf-lora', 'onnx'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** How the matrices of a GGUF file are stored. */
export const ggufQuantisations = ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0'] as const;
export type GgufQuantisation = (typeof ggufQuantisations)[number];

/** Bytes of a file of a model folder at most, as Transformers cuts them. */
export const shardBytes = 5e9;

/** What a method's result can be, whatever the model and the task. `peft`: the folder as the run saved it. */
const methodExports = {
  full: ['peft', 'model', 'gguf', 'onnx'],
  'linear-probe': ['peft', 'model', 'gguf', 'onnx'],
  lora: ['peft', 'model', 'gguf', 'gguf-lora', 'onnx'],
  ia3: ['peft', 'model', 'gguf', 'onnx'],
  adapter: ['adapterhub', 'onnx'],
  prefix: ['peft', 'onnx'],
  prompt: ['peft', 'onnx'],
  'p-tuning': ['peft', 'onnx'],
  'p-tuning-v2': ['peft', 'onnx'],
  // The prompt as the run saved it.
  'in-context': ['peft'],
} as const satisfies { readonly [M in SupportedMethod]: readonly ExportFormat[] };

/** Transformers' model types that GGUF has a place for. */
export const ggufModelTypes = [
  'llama',
  'mistral',
  'qwen2',
  'qwen3',
  'gemma',
  'gemma2',
  'gemma3_text',
  'phi3',
  'gpt2',
] as const;

export type Unreachable =
  /** The method leaves something beside the model that the format has no place for. */
  | 'export.method'
  /** The format is for models that write. */
  | 'export.task'
  /** The format does not know the model's family. */
  | 'export.family';

export interface ExportContext {
  readonly method: SupportedMethod;
  readonly task: TaskName | null;
  /** `model_type` of the base; null: not chosen yet. */
  readonly architecture: string | null;
}

/** Null: the format is within reach. */
export function whyUnreachable(
  format: ExportFormat,
  { method, task, architecture }: ExportContext,
): Unreachable | null {
  const reached: readonly ExportFormat[] = methodExports[method];
  if (!reached.includes(format)) return 'export.method';
  if (format !== 'gguf' && format !== 'gguf-lora') return null;
  if (task !== null && !writesText(task)) return 'export.task';
  const known: readonly string[] = ggufModelTypes;
  return architecture === null || known.includes(architecture) ? null : 'export.family';
}

export function reachableFormats(context: ExportContext): readonly ExportFormat[] {
  return exportFormats.filter((format) => whyUnreachable(format, context) === null);
}
