/** All method names of the literature, the settings of those that train today, and their presets. */
import { z } from 'zod';
import { adapterPreset, adapterSchema } from './adapter.ts';
import type { FieldMeta, PresetContext, PresetName } from './common.ts';
import { fullPreset, fullSchema } from './full.ts';
import { ia3Preset, ia3Schema } from './ia3.ts';
import { inContextPreset, inContextSchema } from './in-context.ts';
import { linearProbePreset, linearProbeSchema } from './linear-probe.ts';
import { loraPreset, loraSchema } from './lora.ts';
import { pTuningPreset, pTuningSchema } from './p-tuning.ts';
import { pTuningV2Preset, pTuningV2Schema } from './p-tuning-v2.ts';
import { prefixPreset, prefixSchema } from './prefix.ts';
import { promptPreset, promptSchema } from './prompt.ts';

export const methodNames = [
  'full',
  'linear-probe',
  'in-context',
  'lora',
  'adapter',
  'prefix',
  'prompt',
  'p-tuning',
  'p-tuning-v2',
  'ia3',
] as const;
export type MethodName = (typeof methodNames)[number];

export const methodSchema = z.discriminatedUnion('name', [
  fullSchema,
  linearProbeSchema,
  loraSchema,
  adapterSchema,
  prefixSchema,
  promptSchema,
  pTuningSchema,
  pTuningV2Schema,
  ia3Schema,
  inContextSchema,
]);
export type MethodConfig = z.infer<typeof methodSchema>;
export type SupportedMethod = MethodConfig['name'];

export const methodSchemas = {
  full: fullSchema,
  'linear-probe': linearProbeSchema,
  lora: loraSchema,
  adapter: adapterSchema,
  prefix: prefixSchema,
  prompt: promptSchema,
  'p-tuning': pTuningSchema,
  'p-tuning-v2': pTuningV2Schema,
  ia3: ia3Schema,
  'in-context': inContextSchema,
} satisfies { readonly [M in SupportedMethod]: z.ZodType };

/** Settings that a run keeps of the adapter it goes on from: what the adapter is, not how it learns. */
export function keptSettings(method: SupportedMethod): readonly string[] {
  return Object.entries(methodSchemas[method].shape).flatMap(([key, schema]: [string, z.ZodType]) =>
    key === 'name' || (schema.meta() as Partial<FieldMeta> | undefined)?.further !== undefined ? [] : [key],
  );
}

export const supportedMethods = Object.keys(methodSchemas) as readonly SupportedMethod[];

const presets = {
  full: fullPreset,
  'linear-probe': linearProbePreset,
  lora: loraPreset,
  adapter: adapterPreset,
  prefix: prefixPreset,
  prompt: promptPreset,
  'p-tuning': pTuningPreset,
  'p-tuning-v2': pTuningV2Preset,
  ia3: ia3Preset,
  'in-context': inContextPreset,
} satisfies { readonly [M in SupportedMethod]: (preset: PresetName, context: PresetContext) => MethodConfig };

/** Methods that ask the model as it came: they take no steps. */
const prompting: readonly SupportedMethod[] = ['in-context'];

export function learns(method: SupportedMethod): boolean {
  return !prompting.includes(method);
}

export function methodPreset(method: SupportedMethod, preset: PresetName, context: PresetContext): MethodConfig {
  return presets[method](preset, context);
}
