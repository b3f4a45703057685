/** The Power of Scale for Parameter-Efficient Prompt Tuning (Lester et al., 2021, arXiv 2104.08691). Settings, limits, presets. */
import { z } from 'zod';
import { field, type PresetContext, type PresetName } from './common.ts';
import { noTemplate, promptTemplateFields } from './template.ts';
import {
  initText,
  modulesToSave,
  promptLength,
  requestOf,
  transformerSubmodules,
  virtualTokens,
} from './virtual-tokens.ts';

export const promptSchema = z.strictObject({
  name: z.literal('prompt'),
  virtualTokens,
  init: field(z.enum(['random', 'vocabulary', 'text', 'labels']), {
    label: 'How it starts',
    term: 'initialisation',
    help: 'labels: the names of the labels. text: words you choose. vocabulary: words at random. random: noise.',
    further: 'idle',
  }),
  initText,
  transformerSubmodules,
  ...promptTemplateFields,
  modulesToSave,
});
export type PromptConfig = z.infer<typeof promptSchema>;

export function promptPreset(preset: PresetName, context: PresetContext): PromptConfig {
  const text = requestOf(context);
  return {
    name: 'prompt',
    virtualTokens: promptLength(preset, context),
    init: text === null ? 'labels' : 'text',
    initText: text,
    transformerSubmodules: 1,
    ...noTemplate,
    modulesToSave: null,
  };
}
