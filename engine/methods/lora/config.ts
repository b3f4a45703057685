/** LoRA's settings as PEFT's adapter_config.json has them, both ways (peft/tuners/lora/config.py). */
import type { Json } from '../../spec/json.ts';
import type { LoraConfig } from '../../spec/methods/lora.ts';
import { StudioError } from '../../spec/errors.ts';
import type { PeftContext } from '../method.ts';
import { savedHeads } from '../peft.ts';

/** The portable set of keys: what every PEFT since 0.10 reads. */
export function toPeftConfig(config: LoraConfig, context: PeftContext): Readonly<Record<string, Json>> {
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: context.baseModel,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    modules_to_save: savedHeads(context, config.modulesToSave),
    peft_type: 'LORA',
    r: config.r,
    rank_pattern: {},
    revision: null,
    target_modules: config.targetModules,
    task_type: context.taskType,
    use_dora: false,
    use_rslora: false,
  };
}

/** Features of PEFT's LoRA that change the mathematics and that we do not have: refused by name. */
const mustBe: Readonly<Record<string, readonly string[]>> = {
  bias: ['"none"'],
  use_dora: ['false'],
  use_rslora: ['false'],
  lora_bias: ['false'],
  fan_in_fan_out: ['false'],
  rank_pattern: ['{}'],
  alpha_pattern: ['{}'],
  layers_to_transform: ['null'],
  exclude_modules: ['null'],
  trainable_token_indices: ['null'],
  target_parameters: ['null'],
  layer_replication: ['null'],
  alora_invocation_tokens: ['null'],
  use_qalora: ['false'],
};

export function fromPeftConfig(raw: Readonly<Record<string, Json>>, path: string): LoraConfig {
  const refuse = (field: string, legal: string): never => {
    throw new StudioError('model.config', { path, field, value: JSON.stringify(raw[field] ?? null), legal });
  };
  for (const [field, legal] of Object.entries(mustBe)) {
    if (field in raw && !legal.includes(JSON.stringify(raw[field]))) refuse(field, legal.join(', '));
  }
  const targets = raw['target_modules'];
  if (raw['peft_type'] !== 'LORA') refuse('peft_type', '"LORA"');
  if (!Array.isArray(targets) || !targets.every((target) => typeof target === 'string'))
    return refuse('target_modules', 'a list of names');
  const number = (field: string, fallback: number): number => {
    const value = raw[field] ?? fallback;
    return typeof value === 'number' ? value : refuse(field, 'a number');
  };
  const names = (field: string): string[] | null => {
    const value = raw[field] ?? null;
    if (value === null) return null;
    return Array.isArray(value) && value.every((name) => typeof name === 'string')
      ? [...new Set(value)]
      : refuse(field, 'a list of names');
  };
  return {
    name: 'lora',
    r: number('r', 8),
    alpha: number('lora_alpha', 8),
    dropout: number('lora_dropout', 0),
    targetModules: targets,
    modulesToSave: names('modules_to_save'),
  };
}
