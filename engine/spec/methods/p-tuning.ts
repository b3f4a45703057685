/** P-tuning: GPT Understands, Too (Liu et al., 2021, arXiv 2103.10385). Settings, limits, presets. */
import { z } from 'zod';
import { field, type PresetContext, type PresetName } from './common.ts';
import { noTemplate, promptTemplateFields } from './template.ts';
import { encoderSize, modulesToSave, promptLength, transformerSubmodules, virtualTokens } from './virtual-tokens.ts';

export const pTuningSchema = z.strictObject({
  name: z.literal('p-tuning'),
  virtualTokens,
  encoder: field(z.enum(['lstm', 'mlp', 'embedding']), {
    label: 'What writes the learned vectors',
    term: 'prompt encoder',
    help: 'lstm: a network that reads them in order. mlp: one that reads each alone. embedding: nothing, they learn themselves.',
  }),
  encoderSize,
  encoderLayers: field(z.int().min(1).max(8), {
    label: 'Layers of the encoder',
    term: 'encoder layers (LSTM)',
    help: 'How many LSTM layers lie on each other. An MLP always has three.',
    steps: [1, 2, 3, 4],
    advanced: true,
    further: 'idle',
  }),
  encoderDropout: field(z.number().min(0).max(0.9), {
    label: 'Random switching-off',
    term: 'encoder dropout',
    help: 'Share of what passes between two LSTM layers that is switched off at random in each step.',
    steps: [0, 0.05, 0.1, 0.2, 0.3],
    advanced: true,
    further: 'idle',
  }),
  transformerSubmodules,
  ...promptTemplateFields,
  modulesToSave,
});
export type PTuningConfig = z.infer<typeof pTuningSchema>;

export function pTuningPreset(preset: PresetName, context: PresetContext): PTuningConfig {
  return {
    name: 'p-tuning',
    virtualTokens: promptLength(preset, context),
    encoder: 'mlp',
    encoderSize: null,
    encoderLayers: 2,
    encoderDropout: 0,
    transformerSubmodules: 1,
    ...noTemplate,
    modulesToSave: null,
  };
}
