/** Prefix-Tuning: Optimizing Continuous Prompts for Generation (Li & Liang, 2021, arXiv 2101.00190). Settings, limits, presets. */
import { z } from 'zod';
import { field, type PresetContext, type PresetName } from './common.ts';
import { noTemplate, templateFields } from './template.ts';
import { encoderSize, initText, modulesToSave, promptLength, requestOf, virtualTokens } from './virtual-tokens.ts';

export const prefixStart = field(z.enum(['random', 'zero', 'activations']), {
  label: 'How it starts',
  term: 'initialisation',
  help: 'activations: what the model makes of real words, the calmest start. zero: nothing. random: noise.',
  further: 'idle',
});

export const projection = field(z.boolean(), {
  label: 'Written by a small network',
  term: 'prefix projection (reparametrisation)',
  help: 'A network with one hidden layer writes the prefix while it learns; afterwards only the prefix is kept.',
  advanced: true,
});

export const prefixSchema = z.strictObject({
  name: z.literal('prefix'),
  virtualTokens,
  init: prefixStart,
  initText,
  projection,
  encoderSize,
  ...templateFields,
  modulesToSave,
});
export type PrefixConfig = z.infer<typeof prefixSchema>;

export function prefixPreset(preset: PresetName, context: PresetContext): PrefixConfig {
  return {
    name: 'prefix',
    virtualTokens: promptLength(preset, context),
    init: 'activations',
    initText: requestOf(context),
    projection: false,
    encoderSize: null,
    ...noTemplate,
    modulesToSave: null,
  };
}
