/** P-Tuning v2: deep prompts in every layer with a head for the task (Liu et al., 2022, arXiv 2110.07602). Settings, presets. */
import { z } from 'zod';
import { columnSchemas } from '../tasks.ts';
import { field, type PresetContext, type PresetName } from './common.ts';
import { prefixStart, projection } from './prefix.ts';
import { noTemplate, templateFields } from './template.ts';
import { encoderSize, initText, modulesToSave, promptLength, requestOf, virtualTokens } from './virtual-tokens.ts';

/** A further data set of the run's task, with labels of its own. */
const furtherData = z.strictObject({
  train: z.array(z.string().min(1)).min(1),
  /** Absent: guessed from the files. */
  columns: z.union([columnSchemas['text-classification'], columnSchemas['token-classification']]).optional(),
});
export type FurtherData = z.infer<typeof furtherData>;

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
    further: 'free',
  }),
  projection,
  encoderSize,
  ...templateFields,
  modulesToSave,
  sharedWith: field(z.array(furtherData).max(16).nullable().optional(), {
    label: 'Learns from further files too',
    term: 'multi-task prompts',
    help: 'Further data sets for the same goal, as [{"train": ["more.csv"]}]: their rows teach the same prompts, each set with an answer layer of its own for its own labels (of an answer layer in two steps the first is shared). Checked, tested and saved is your own data set only; a second run can start from the result without them.',
    advanced: true,
    further: 'free',
  }),
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
