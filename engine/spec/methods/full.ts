/** Full fine-tuning: every weight learns (Devlin et al., 2019, arXiv 1810.04805, section 3.2), or those above frozen layers. */
import { z } from 'zod';
import { field } from './common.ts';
import { noTemplate, templateFields } from './template.ts';

export const fullSchema = z.strictObject({
  name: z.literal('full'),
  frozenLayers: field(z.int().min(0).max(1000), {
    label: 'Layers left as they are',
    term: 'frozen layers',
    help: 'Word tables and this many of the lowest layers do not learn. 0: everything learns.',
    advanced: true,
  }),
  layerDecay: field(z.number().min(0.1).max(1), {
    label: 'Lower layers move less',
    term: 'layer-wise learning-rate decay',
    help: 'Each layer moves this share of the step of the layer above it (Howard & Ruder, 2018). 1: all alike.',
    steps: [0.65, 0.75, 0.8, 0.9, 0.95, 1],
    advanced: true,
    further: 'free',
  }),
  ...templateFields,
});
export type FullConfig = z.infer<typeof fullSchema>;

export const plainFull: FullConfig = { name: 'full', frozenLayers: 0, layerDecay: 1, ...noTemplate };

export function fullPreset(): FullConfig {
  return plainFull;
}
