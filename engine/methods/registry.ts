/** All methods that train today, by name. */
import type { MethodConfig, SupportedMethod } from '../spec/methods/index.ts';
import { full } from './full/index.ts';
import { linearProbe } from './linear-probe/index.ts';
import { lora } from './lora/index.ts';
import type { Method } from './method.ts';

const methods = { full, 'linear-probe': linearProbe, lora } satisfies { readonly [M in SupportedMethod]: unknown };

/** A method that takes the config of its own name. */
export function methodOf(config: MethodConfig): Method {
  return methods[config.name];
}
