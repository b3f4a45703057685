/** All methods that train today, by name, and those that come as PEFT folders, by PEFT's name. */
import type { Json } from '../spec/json.ts';
import { StudioError } from '../spec/errors.ts';
import type { MethodConfig, SupportedMethod } from '../spec/methods/index.ts';
import { full } from './full/index.ts';
import { linearProbe } from './linear-probe/index.ts';
import { fromPeftConfig } from './lora/config.ts';
import { lora } from './lora/index.ts';
import type { Method } from './method.ts';

/** Each method takes the config of its own name; outside it, a config is only handed back to it. */
const methods = { full, 'linear-probe': linearProbe, lora } satisfies { readonly [M in SupportedMethod]: unknown };

export function methodOf(config: MethodConfig): Method {
  return methods[config.name];
}

const peftTypes: Readonly<Record<string, (raw: Readonly<Record<string, Json>>, path: string) => MethodConfig>> = {
  LORA: fromPeftConfig,
};

/** The settings in an adapter_config.json. Errors: `model.config`. */
export function methodFromPeft(raw: Readonly<Record<string, Json>>, path: string): MethodConfig {
  const type = raw['peft_type'];
  const read = typeof type === 'string' ? peftTypes[type] : undefined;
  if (read) return read(raw, path);
  const legal = Object.keys(peftTypes).join(', ');
  throw new StudioError('model.config', { path, field: 'peft_type', value: JSON.stringify(type ?? null), legal });
}
