/** Reads the golden cases: what each one is and whether the engine supports it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasHead, type HeadName } from '../../engine/models/model.ts';
import { architectureNames, architectureOf } from '../../engine/models/registry.ts';
import type { Json } from '../../engine/spec/json.ts';
import { plainFull } from '../../engine/spec/methods/full.ts';
import type { MethodConfig } from '../../engine/spec/methods/index.ts';
import { plainProbe } from '../../engine/spec/methods/linear-probe.ts';
import { methodFromPeft } from '../../engine/methods/registry.ts';
import { StudioError } from '../../engine/spec/errors.ts';

export interface CaseFile {
  readonly name: string;
  readonly model: string;
  readonly arch: string;
  readonly base_model: string;
  readonly task: string;
  readonly num_labels: number | null;
  readonly problem_type: string | null;
  readonly method: string;
  readonly variant: string | null;
  readonly peft_config?: Readonly<Record<string, Json>>;
  readonly optimizer: {
    readonly lr: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly weight_decay: number;
    readonly max_grad_norm: number;
    readonly steps: number;
  };
  readonly loss_rule: string;
  readonly trainable: Readonly<Record<string, readonly number[]>>;
  readonly trainable_count: number;
  readonly adapter_keys: Readonly<Record<string, readonly number[]>> | null;
  readonly frozen_extra: readonly string[];
  readonly no_gradient: readonly string[];
  readonly tolerance: {
    readonly logits0: number;
    readonly loss0: number;
    readonly grad: number;
    readonly losses: number;
    readonly final: number;
    readonly final_exceptions: Readonly<Record<string, number>>;
    readonly logits_final: number;
  };
  readonly final_stored: boolean;
  readonly merged_max_diff?: number;
  readonly virtual_tokens_in_logits?: number;
}

const headOf: Readonly<Record<string, HeadName>> = {
  SEQ_CLS: 'sequence-classification',
  TOKEN_CLS: 'token-classification',
  QUESTION_ANS: 'question-answering',
  MULTIPLE_CHOICE: 'multiple-choice',
  CAUSAL_LM: 'causal-lm',
  SEQ_2_SEQ_LM: 'seq2seq-lm',
};

/** What learns besides the head, by the variants' names. */
const probes: Readonly<Record<string, (file: CaseFile) => MethodConfig>> = {
  '': () => plainProbe,
  bitfit: () => ({ ...plainProbe, learns: 'biases' }),
  layernorm: () => ({ ...plainProbe, learns: 'norms' }),
  'top-layer': ({ trainable }) => {
    const layers = Object.keys(trainable).flatMap((key) => /\.(\d+)\./.exec(key)?.[1] ?? []);
    return { ...plainProbe, layers: [...new Set(layers)].map(Number) };
  },
};

export interface Supported {
  readonly kind: 'supported';
  readonly head: HeadName;
  readonly method: MethodConfig;
}

export function listCases(folder: string): readonly { folder: string; file: CaseFile }[] {
  return readdirSync(join(folder, 'cases'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, 'cases', entry.name))
    .toSorted()
    .map((path) => ({ folder: path, file: JSON.parse(readFileSync(join(path, 'case.json'), 'utf8')) as CaseFile }));
}

/** What the case asks for in the engine's words, or why it cannot be run yet. */
export function classify(file: CaseFile): Supported | { readonly kind: 'skipped'; readonly reason: string } {
  const skip = (reason: string): { kind: 'skipped'; reason: string } => ({ kind: 'skipped', reason });
  if (!architectureNames.includes(file.arch)) return skip(`architecture ${file.arch}`);
  const head = headOf[file.task];
  if (!head) return skip(`task ${file.task}`);
  if (!hasHead(architectureOf({ model_type: file.arch }), head)) return skip(`task ${file.task} on ${file.arch}`);
  if (file.method === 'full') return { kind: 'supported', head, method: plainFull };
  if (file.method === 'linear') {
    const method = probes[file.variant ?? ''];
    return method ? { kind: 'supported', head, method: method(file) } : skip(`linear: ${file.variant ?? ''}`);
  }
  const peftMethods: readonly string[] = ['prefix', 'prompt', 'ptuning', 'ptuning-v2', 'ia3'];
  if (peftMethods.includes(file.method))
    return { kind: 'supported', head, method: methodFromPeft(file.peft_config ?? {}, file.name) };
  if (file.method !== 'lora') return skip(`method ${file.method}`);
  try {
    const config = methodFromPeft(file.peft_config ?? {}, file.name);
    return { kind: 'supported', head, method: config };
  } catch (error) {
    if (error instanceof StudioError) return skip(`lora: ${file.variant ?? ''} ${JSON.stringify(error.data)}`);
    throw error;
  }
}
