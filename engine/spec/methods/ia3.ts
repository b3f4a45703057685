/** IA³: Infused Adapter by Inhibiting and Amplifying Inner Activations (Liu et al., 2022, arXiv 2205.05638). Settings, limits, presets. */
import { z } from 'zod';
import { field, type PresetContext, type PresetName } from './common.ts';
import { targetFields } from './targets.ts';
import { noTemplate, templateFields } from './template.ts';
import { writesText } from '../tasks.ts';

const { targetModules, targetPattern, excludeModules, excludePattern, modulesToSave } = targetFields;

export const ia3Schema = z.strictObject({
  name: z.literal('ia3'),
  targetModules,
  targetPattern,
  excludeModules,
  excludePattern,
  feedforwardModules: field(z.array(z.string().min(1)), {
    label: 'Layers scaled at their input',
    term: 'feed-forward modules',
    help: 'Ends of names among those above whose input is scaled; the others’ result is.',
    advanced: true,
  }),
  ...templateFields,
  modulesToSave,
});
export type Ia3Config = z.infer<typeof ia3Schema>;

type Targets = readonly [targets: readonly string[], feedforward: readonly string[]];

const decoder = [['k_proj', 'v_proj', 'down_proj'], ['down_proj']] as const;
const queries = [['q_proj', 'v_proj', 'down_proj'], ['down_proj']] as const;
const encoder = [['key', 'value', 'output.dense'], ['output.dense']] as const;

/** Keys (of some families queries), values and the inner side of the second feed-forward layer, as PEFT's mapping has them. */
const defaults: Readonly<Record<string, Targets>> = {
  bert: encoder,
  roberta: encoder,
  'xlm-roberta': encoder,
  electra: encoder,
  distilbert: [['k_lin', 'v_lin', 'lin2'], ['lin2']],
  'deberta-v2': [['key_proj', 'value_proj', 'output.dense'], ['output.dense']],
  t5: [['k', 'v', 'wo'], ['wo']],
  // The second of two projections: its result is what the feed-forward layer's own input is.
  mt5: [['k', 'v', 'wi_1'], []],
  bart: [['q_proj', 'v_proj', 'fc2'], ['fc2']],
  opt: [['q_proj', 'k_proj', 'fc2'], ['fc2']],
  gpt2: [['c_attn', 'mlp.c_proj'], ['mlp.c_proj']],
  gpt_neox: [['query_key_value', 'dense_4h_to_h'], ['dense_4h_to_h']],
  phi3: [['qkv_proj', 'down_proj'], ['down_proj']],
  gemma: queries,
  gemma2: queries,
  gemma3: queries,
  gemma3_text: queries,
  qwen2: queries,
  qwen3: queries,
};

export function ia3Preset(_preset: PresetName, { architecture, task }: PresetContext): Ia3Config {
  const [targets, feedforward] =
    defaults[architecture ?? ''] ?? (architecture === null && !writesText(task) ? encoder : decoder);
  return {
    name: 'ia3',
    targetModules: [...targets],
    targetPattern: null,
    excludeModules: null,
    excludePattern: null,
    feedforwardModules: [...feedforward],
    ...noTemplate,
    modulesToSave: null,
  };
}
