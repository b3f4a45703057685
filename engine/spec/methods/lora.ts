/** LoRA: Low-Rank Adaptation of Large Language Models (Hu et al., 2021, arXiv 2106.09685). Settings, limits, presets. */
import { z } from 'zod';
import { defaultTargets, field, type PresetContext, type PresetName } from './common.ts';

export const loraSchema = z.strictObject({
  name: z.literal('lora'),
  r: field(z.int().min(1).max(512), {
    label: 'Width of the correction',
    term: 'rank r',
    help: 'How many directions each correction may use. Wider learns more and makes a larger file.',
    steps: [1, 2, 4, 8, 16, 32, 64, 128],
  }),
  alpha: field(z.number().positive().max(4096), {
    label: 'Strength of the correction',
    term: 'alpha',
    help: 'The correction is multiplied by alpha ÷ rank. Twice the rank is usual.',
    steps: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  }),
  dropout: field(z.number().min(0).max(0.9), {
    label: 'Random switching-off',
    term: 'LoRA dropout',
    help: 'Share of the correction’s inputs switched off at random in each step; helps against memorising.',
    steps: [0, 0.05, 0.1, 0.2, 0.3],
    advanced: true,
  }),
  targetModules: field(z.array(z.string().min(1)).min(1), {
    label: 'Layers it corrects',
    term: 'target modules',
    help: 'Names of the linear layers that get a correction: a name, or the end of one.',
    advanced: true,
  }),
  modulesToSave: field(z.array(z.string().min(1)).min(1).nullable(), {
    label: 'Modules that learn whole',
    term: 'modules to save',
    help: 'Ends of the names of modules that learn and are saved whole. Empty: the new head.',
    advanced: true,
  }),
});
export type LoraConfig = z.infer<typeof loraSchema>;

const ranks: Readonly<Record<PresetName, number>> = { quick: 4, balanced: 8, thorough: 16 };

export function loraPreset(preset: PresetName, context: PresetContext): LoraConfig {
  const r = ranks[preset];
  const targets =
    defaultTargets[context.architecture ?? ''] ?? (context.task === 'chat' ? ['q_proj', 'v_proj'] : ['query', 'value']);
  return { name: 'lora', r, alpha: 2 * r, dropout: 0.05, targetModules: [...targets], modulesToSave: null };
}
