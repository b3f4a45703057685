/** Prefix tuning's settings as PEFT's adapter_config.json has them, both ways (peft/tuners/prefix_tuning/config.py). */
import type { Json } from '../../spec/json.ts';
import type { MethodConfig } from '../../spec/methods/index.ts';
import { noTemplate } from '../../spec/methods/template.ts';
import type { PrefixConfig } from '../../spec/methods/prefix.ts';
import type { PTuningV2Config } from '../../spec/methods/p-tuning-v2.ts';
import type { PeftContext } from '../method.ts';
import { PeftReader, promptFields } from '../peft-prompts.ts';
import { prefixShape, prefixStacks } from './inject.ts';

export function toPrefixTuning(
  config: PrefixConfig | PTuningV2Config,
  context: PeftContext,
): Readonly<Record<string, Json>> {
  const { layers, heads, width } = prefixShape(config, context.target);
  const submodules = prefixStacks(context.target);
  return {
    ...promptFields(context, { ...config, tokenSize: width, heads, layers, submodules }),
    encoder_hidden_size: config.encoderSize ?? width,
    peft_type: 'PREFIX_TUNING',
    prefix_projection: config.projection,
  };
}

const understandingTasks: readonly Json[] = ['SEQ_CLS', 'TOKEN_CLS', 'QUESTION_ANS'];

/** A file of deep prompts with a head is P-tuning v2's, unless the run that wrote it says that it was prefix tuning. */
export function fromPrefixTuning(
  raw: Readonly<Record<string, Json>>,
  path: string,
  trained: MethodConfig | null,
): PrefixConfig | PTuningV2Config {
  const read = new PeftReader(raw, path);
  const task = raw['task_type'] ?? null;
  const stacks = task === 'SEQ_2_SEQ_LM' ? 2 : 1;
  if ((read.countOrNull('num_transformer_submodules') ?? stacks) !== stacks)
    read.refuse('num_transformer_submodules', String(stacks));
  const settings = {
    virtualTokens: read.count('num_virtual_tokens'),
    init: read.choice('init_weights', new Map([[null, 'random'] as const, ['zero', 'zero'] as const])),
    initText: null,
    projection: read.flag('prefix_projection'),
    encoderSize: read.countOrNull('encoder_hidden_size'),
    ...noTemplate,
    modulesToSave: read.modulesToSave(),
  };
  const understands = trained?.name !== 'prefix' && understandingTasks.includes(task);
  return understands || trained?.name === 'p-tuning-v2'
    ? { name: 'p-tuning-v2', ...settings, dropout: 0 }
    : { name: 'prefix', ...settings };
}
