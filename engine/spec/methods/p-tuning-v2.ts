/** P-Tuning v2: deep prompts in every layer with a head for the task (Liu et al., 2022, arXiv 2110.07602). Settings, presets. */
import { z } from 'zod';
import { field, type PresetContext, type PresetName } from './common.ts';
import { prefixStart, projection } from './prefix.ts';
import { noTemplate, templateFields } from './template.ts';
import { encoderSize, initText, modulesToSave, promptLength, requestOf, virtualTokens } from './virtual-tokens.ts';

export const pTuningV2Schema = z.strictObject({
  name: z.literal('p-tuning-v2'),
  virtualTokens,
  init: prefixStart,
  initText,
  dropout: field(z.number().min(0).max(0.9), {
    label: 'Random switching-off',
    term: 'prompt dropout',
    help: 'Share of the deep prompts switched off at random in each step; helps against memorising.',
    steps: [0, 0.05, 0.1, 0.2, 0.3],
    advanced: true,
  }),
  projection,
  encoderSize,
  ...templateFields,
  modulesToSave,
});
export type PTuningV2Config = z.infer<typeof pTuningV2Schema>;

export function pTuningV2Preset(preset: PresetName, context: PresetContext): PTuningV2Config {
  return {
    name: 'p-tuning-v2',
    virtualTokens: promptLength(preset, context),
    init: 'random',
    initText: requestOf(context),
    dropout: 0,
    projection: false,
    encoderSize: null,
    ...noTemplate,
    modulesToSave: null,
  };
}
