/** IA³'s settings as PEFT's adapter_config.json has them, both ways (peft/tuners/ia3/config.py). */
import type { Json } from '../../spec/json.ts';
import type { Ia3Config } from '../../spec/methods/ia3.ts';
import { plainTargets } from '../../spec/methods/targets.ts';
import { noTemplate } from '../../spec/methods/template.ts';
import type { PeftContext } from '../method.ts';
import { peftReader, savedHeads, targetsFromPeft, targetsToPeft } from '../peft.ts';
import { scaledModules } from './inject.ts';

export function toPeftIa3(config: Ia3Config, context: PeftContext): Readonly<Record<string, Json>> {
  const scaled = scaledModules(config, context.target);
  const { target_modules, exclude_modules } = targetsToPeft({ ...plainTargets, ...config }, [...scaled.keys()]);
  return {
    auto_mapping: null,
    base_model_name_or_path: context.baseModel,
    fan_in_fan_out: [...scaled.values()].some(({ module }) => module.kind === 'conv1d'),
    feedforward_modules: feedforward(config, scaled),
    inference_mode: true,
    init_ia3_weights: true,
    modules_to_save: savedHeads(context, config.modulesToSave),
    peft_type: 'IA3',
    revision: null,
    target_modules: target_modules ?? null,
    task_type: context.taskType,
    ...(exclude_modules === undefined ? {} : { exclude_modules }),
  };
}

/** PEFT wants the list to be part of the targets, word for word. */
function feedforward(
  { feedforwardModules, targetModules, targetPattern }: Ia3Config,
  scaled: ReturnType<typeof scaledModules>,
): readonly string[] {
  const listed = targetPattern !== null || feedforwardModules.every((name) => targetModules.includes(name));
  return listed ? feedforwardModules : [...scaled].filter(([, { input }]) => input).map(([name]) => name);
}

export function fromPeftIa3(raw: Readonly<Record<string, Json>>, path: string): Ia3Config {
  const read = peftReader(raw, path);
  if (read.text('feedforward_modules') !== null) read.refuse('feedforward_modules', 'a list of names');
  const { targetModules, targetPattern, excludeModules, excludePattern, modulesToSave } = targetsFromPeft(read);
  return {
    name: 'ia3',
    targetModules,
    targetPattern,
    excludeModules,
    excludePattern,
    feedforwardModules: read.names('feedforward_modules') ?? [],
    ...noTemplate,
    modulesToSave,
  };
}
