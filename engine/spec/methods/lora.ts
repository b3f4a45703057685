/** LoRA: Low-Rank Adaptation of Large Language Models (Hu et al., 2021, arXiv 2106.09685), and its kin. Settings, limits, presets. */
import { z } from 'zod';
import { defaultTargets, field, type PresetContext, type PresetName } from './common.ts';
import { writesText } from '../tasks.ts';
import { plainTargets, targetFields } from './targets.ts';
import { noTemplate, templateFields } from './template.ts';

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
    further: 'free',
  }),
  ...targetFields,
  rankPattern: field(z.record(z.string().min(1), z.int().min(1).max(512)), {
    label: 'Other widths',
    term: 'rank pattern',
    help: 'Rank of layers whose name ends in a pattern, where it is not the one above.',
    advanced: true,
  }),
  alphaPattern: field(z.record(z.string().min(1), z.number().positive().max(4096)), {
    label: 'Other strengths',
    term: 'alpha pattern',
    help: 'Alpha of layers whose name ends in a pattern, where it is not the one above.',
    advanced: true,
  }),
  bias: field(z.enum(['none', 'all', 'lora_only']), {
    label: 'Biases that learn',
    term: 'bias',
    help: 'None, all of the model’s, or those of the corrected layers.',
    advanced: true,
  }),
  rslora: field(z.boolean(), {
    label: 'Strength by the root of the rank',
    term: 'rsLoRA',
    help: 'Multiplies by alpha ÷ √rank, so that wide corrections stay strong (Kalajdzievski, 2023).',
    advanced: true,
  }),
  dora: field(z.boolean(), {
    label: 'Length and direction apart',
    term: 'DoRA',
    help: 'Learns how long each row of a weight is beside its correction (Liu et al., 2024). Slower, often a little better.',
    advanced: true,
  }),
  loraBias: field(z.boolean(), {
    label: 'A bias of its own',
    term: 'LoRA bias',
    help: 'Each correction gets a bias.',
    advanced: true,
  }),
  initWeights: field(z.enum(['default', 'gaussian', 'random', 'pissa']), {
    label: 'How the correction starts',
    term: 'init LoRA weights',
    help: 'At nothing (default, gaussian), anywhere (random, for tests), or on the weight’s main directions (PiSSA; Meng et al., 2024).',
    advanced: true,
  }),
  loraPlusRatio: field(z.number().min(1).max(1000), {
    label: 'Faster second half',
    term: 'LoRA+ ratio',
    help: 'The second half of each correction, and biases, move this many times further in a step (Hayou et al., 2024: 16). 1: LoRA.',
    steps: [1, 2, 4, 8, 16, 32],
    advanced: true,
    further: 'free',
  }),
  loraPlusEmbedding: field(z.number().positive().max(1), {
    label: 'Slower word tables',
    term: 'LoRA+ embedding ratio',
    help: 'With a LoRA+ ratio above 1, corrections of word tables move this share of a step. 0.005 makes 1e-6 of a step size of 2e-4.',
    advanced: true,
    further: 'free',
  }),
  ensureWeightTying: field(z.boolean(), {
    label: 'Word table and answer layer stay one',
    term: 'ensure weight tying',
    help: 'Where one of the two learns whole, so does the other. Otherwise they part.',
    advanced: true,
  }),
  ...templateFields,
});
export type LoraConfig = z.infer<typeof loraSchema>;

/** LoRA as its paper has it. */
export const plainLora = {
  ...plainTargets,
  rankPattern: {},
  alphaPattern: {},
  bias: 'none',
  rslora: false,
  dora: false,
  loraBias: false,
  initWeights: 'default',
  loraPlusRatio: 1,
  loraPlusEmbedding: 0.005,
  ensureWeightTying: false,
  ...noTemplate,
} as const satisfies Partial<LoraConfig>;

const ranks: Readonly<Record<PresetName, number>> = { quick: 4, balanced: 8, thorough: 16 };

export function loraPreset(preset: PresetName, context: PresetContext): LoraConfig {
  const r = ranks[preset];
  const targets =
    defaultTargets[context.architecture ?? ''] ??
    (writesText(context.task) ? ['q_proj', 'v_proj'] : ['query', 'value']);
  return { name: 'lora', r, alpha: 2 * r, dropout: 0.05, targetModules: [...targets], ...plainLora };
}
