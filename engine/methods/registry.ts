/** All methods that train today, by name, and those that come as PEFT folders, by PEFT's name. */
import type { Json } from '../spec/json.ts';
import { StudioError } from '../spec/errors.ts';
import type { MethodConfig, SupportedMethod } from '../spec/methods/index.ts';
import { fromAdapterHub } from './adapter/config.ts';
import { adapter } from './adapter/index.ts';
import { full } from './full/index.ts';
import { fromPeftIa3 } from './ia3/config.ts';
import { ia3 } from './ia3/index.ts';
import { inContext } from './in-context/index.ts';
import { linearProbe } from './linear-probe/index.ts';
import { fromPeftConfig } from './lora/config.ts';
import { lora } from './lora/index.ts';
import type { Method } from './method.ts';
import { fromPTuning } from './p-tuning/config.ts';
import { pTuning } from './p-tuning/index.ts';
import { pTuningV2 } from './p-tuning-v2/index.ts';
import { fromPrefixTuning } from './prefix/config.ts';
import { prefix } from './prefix/index.ts';
import { fromPromptTuning } from './prompt/config.ts';
import { prompt } from './prompt/index.ts';

/** Each method takes the config of its own name; outside it, a config is only handed back to it. */
const methods = {
  full,
  'linear-probe': linearProbe,
  lora,
  adapter,
  prefix,
  prompt,
  'p-tuning': pTuning,
  'p-tuning-v2': pTuningV2,
  ia3,
  'in-context': inContext,
} satisfies { readonly [M in SupportedMethod]: unknown };

export function methodOf(config: MethodConfig): Method {
  return methods[config.name];
}

type PeftSettings = (raw: Readonly<Record<string, Json>>, path: string, trained: MethodConfig | null) => MethodConfig;

const peftTypes: ReadonlyMap<string, PeftSettings> = new Map<string, PeftSettings>([
  ['LORA', fromPeftConfig],
  ['PREFIX_TUNING', fromPrefixTuning],
  ['PROMPT_TUNING', fromPromptTuning],
  ['P_TUNING', fromPTuning],
  ['IA3', fromPeftIa3],
]);

/** The settings in an adapter_config.json; `trained`: as the run that wrote it had them, if it is known. Errors: `model.config`. */
export function methodFromPeft(
  raw: Readonly<Record<string, Json>>,
  path: string,
  trained: MethodConfig | null = null,
): MethodConfig {
  const type = raw['peft_type'];
  const read = typeof type === 'string' ? peftTypes.get(type) : undefined;
  if (read) return withTemplate(read(raw, path, trained), trained);
  const legal = [...peftTypes.keys()].join(', ');
  throw new StudioError('model.config', { path, field: 'peft_type', value: JSON.stringify(type ?? null), legal });
}

/** PEFT and AdapterHub have no templates: what the run that wrote the file laid its rows out by is its own to say. */
function withTemplate(read: MethodConfig, trained: MethodConfig | null): MethodConfig {
  if (trained?.name !== read.name || !('labelWords' in trained) || !('labelWords' in read)) return read;
  const { template, labelWords } = trained;
  return template === null ? read : { ...read, template, labelWords };
}

/** The settings in an AdapterHub folder's adapter_config.json: bottleneck adapters; `trained` as for PEFT's. Errors: `model.config`. */
export function methodFromAdapterHub(
  raw: Readonly<Record<string, Json>>,
  path: string,
  trained: MethodConfig | null = null,
): MethodConfig {
  const { config } = raw;
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw new StudioError('model.config', {
      path,
      field: 'config',
      value: JSON.stringify(config ?? null),
      legal: 'an object',
    });
  const settings = config as Readonly<Record<string, Json>>;
  const { architecture = null } = settings;
  if (architecture === null) return withTemplate(fromAdapterHub(settings, path), trained);
  throw new StudioError('model.config', {
    path,
    field: 'config.architecture',
    value: JSON.stringify(architecture),
    legal: 'null (a bottleneck adapter)',
  });
}
