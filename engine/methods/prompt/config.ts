/** Prompt tuning's settings as PEFT's adapter_config.json has them, both ways (peft/tuners/prompt_tuning/config.py). */
import type { Json } from '../../spec/json.ts';
import type { PromptConfig } from '../../spec/methods/prompt.ts';
import { noTemplate } from '../../spec/methods/template.ts';
import type { PeftContext } from '../method.ts';
import { PeftReader, promptFields, wordSize } from '../peft-prompts.ts';

/** The table is stored whole, so loading needs neither the text it started from nor a tokenizer. */
export function toPromptTuning(config: PromptConfig, context: PeftContext): Readonly<Record<string, Json>> {
  const { heads, layers: own, encoderLayers: layers = own } = context.target.config;
  const tokenSize = wordSize(context.target);
  return {
    ...promptFields(context, { ...config, tokenSize, heads, layers, submodules: config.transformerSubmodules }),
    peft_type: 'PROMPT_TUNING',
    prompt_tuning_init: 'RANDOM',
    prompt_tuning_init_text: null,
    tokenizer_name_or_path: null,
  };
}

const starts: ReadonlyMap<string | null, PromptConfig['init']> = new Map([
  ['RANDOM', 'random'],
  ['SAMPLE_VOCAB', 'vocabulary'],
  ['TEXT', 'text'],
]);

export function fromPromptTuning(raw: Readonly<Record<string, Json>>, path: string): PromptConfig {
  const read = new PeftReader(raw, path);
  return {
    name: 'prompt',
    virtualTokens: read.count('num_virtual_tokens'),
    init: read.choice('prompt_tuning_init', starts),
    initText: read.text('prompt_tuning_init_text'),
    transformerSubmodules: submodulesOf(raw, read),
    ...noTemplate,
    modulesToSave: read.modulesToSave(),
  };
}

/** As PEFT fills it in where a file leaves it out. */
export function submodulesOf(raw: Readonly<Record<string, Json>>, read: PeftReader): number {
  const count = read.countOrNull('num_transformer_submodules') ?? (raw['task_type'] === 'SEQ_2_SEQ_LM' ? 2 : 1);
  return count <= 2 ? count : read.refuse('num_transformer_submodules', '1, 2');
}
