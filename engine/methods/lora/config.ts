/** LoRA's settings as PEFT's adapter_config.json has them, both ways (peft/tuners/lora/config.py). */
import type { Json } from '../../spec/json.ts';
import { plainLora, type LoraConfig } from '../../spec/methods/lora.ts';
import { noTemplate } from '../../spec/methods/template.ts';
import type { PeftContext } from '../method.ts';
import { peftReader, savedHeads, targetsFromPeft, targetsToPeft } from '../peft.ts';
import { correctedModules } from './parameters.ts';

/** The portable set of keys, which every PEFT since 0.10 reads, and of the later ones those that say something. */
export function toPeftConfig(config: LoraConfig, context: PeftContext): Readonly<Record<string, Json>> {
  const corrected = correctedModules(config, context.target);
  return {
    alpha_pattern: config.alphaPattern,
    auto_mapping: null,
    base_model_name_or_path: context.baseModel,
    bias: config.bias,
    fan_in_fan_out: [...corrected.values()].some(({ module }) => module.kind === 'conv1d'),
    inference_mode: true,
    // Whatever it started from: PEFT starts anew before it reads the file, and some starts change the base.
    init_lora_weights: true,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    modules_to_save: savedHeads(context, config.modulesToSave),
    peft_type: 'LORA',
    r: config.r,
    rank_pattern: config.rankPattern,
    revision: null,
    task_type: context.taskType,
    use_dora: config.dora,
    use_rslora: config.rslora,
    ...targetsToPeft(config, [...corrected.keys()]),
    ...(config.loraBias ? { lora_bias: true } : {}),
    ...(config.ensureWeightTying ? { ensure_weight_tying: true } : {}),
  };
}

/** Features of PEFT's LoRA that change the mathematics and that we do not have: refused by name. */
const mustBe: Readonly<Record<string, readonly Json[]>> = {
  peft_type: ['LORA'],
  trainable_token_indices: [null],
  target_parameters: [null],
  layer_replication: [null],
  alora_invocation_tokens: [null],
  arrow_config: [null],
  use_qalora: [null, false],
  use_bdlora: [null, false],
  kasa_config: [null],
};

/**
 * Starts by PEFT's names. Those that leave the base as it is and begin at no change are over once the file is there. PiSSA's
 * changes the base, which we undo by adding its own correction.
 */
const starts: Readonly<Record<string, LoraConfig['initWeights']>> = {
  true: 'default',
  false: 'random',
  '"gaussian"': 'gaussian',
  '"eva"': 'default',
  '"orthogonal"': 'default',
  '"pissa"': 'pissa',
};

export function fromPeftConfig(raw: Readonly<Record<string, Json>>, path: string): LoraConfig {
  const read = peftReader(raw, path);
  for (const [field, legal] of Object.entries(mustBe)) read.must(field, legal);
  const start = JSON.stringify(raw['init_lora_weights'] ?? true).replace(/^"pissa_niter_\d+"$/, '"pissa"');
  return {
    name: 'lora',
    r: read.number('r', 8),
    alpha: read.number('lora_alpha', 8),
    dropout: read.number('lora_dropout', 0),
    ...targetsFromPeft(read),
    rankPattern: read.numbers('rank_pattern'),
    alphaPattern: read.numbers('alpha_pattern'),
    bias: read.choice('bias', ['none', 'all', 'lora_only']),
    rslora: read.boolean('use_rslora'),
    dora: read.boolean('use_dora'),
    loraBias: read.boolean('lora_bias'),
    initWeights: starts[start] ?? read.refuse('init_lora_weights', Object.keys(starts).join(', ')),
    loraPlusRatio: plainLora.loraPlusRatio,
    loraPlusEmbedding: plainLora.loraPlusEmbedding,
    ensureWeightTying: read.boolean('ensure_weight_tying'),
    ...noTemplate,
  };
}
