/** Transfer learning of the last layer: a linear probe (Alain & Bengio, 2016, arXiv 1610.01644); a little more of the model on demand. */
import { z } from 'zod';
import { field } from './common.ts';
import { noTemplate, templateFields } from './template.ts';

export const linearProbeSchema = z.strictObject({
  name: z.literal('linear-probe'),
  lastLayers: field(z.int().min(0).max(1000), {
    label: 'Layers below that learn too',
    term: 'top layers',
    help: 'How many of the last layers learn with the answer. 0: the answer alone, on features that are computed once.',
    steps: [0, 1, 2, 3, 4, 6],
    advanced: true,
  }),
  layers: field(z.array(z.int().min(0).max(1000)).min(1).nullable(), {
    label: 'Other layers that learn too',
    term: 'layers to learn',
    help: 'Numbers of layers, from 0; of a model with encoder and decoder, the decoder’s. Empty: none but the last ones above.',
    advanced: true,
  }),
  learns: field(z.enum(['head', 'biases', 'norms']), {
    label: 'What learns besides',
    term: 'learning parameters',
    help: 'Nothing (head), all biases (BitFit; Ben Zaken et al., 2022), or all norms.',
    advanced: true,
  }),
  strict: field(z.boolean(), {
    label: 'One linear layer only',
    term: 'strict linear probe',
    help: 'Where the answer is made by two layers, only the last one learns.',
    advanced: true,
  }),
  ...templateFields,
});
export type LinearProbeConfig = z.infer<typeof linearProbeSchema>;

/** The answer alone. */
export const plainProbe: LinearProbeConfig = {
  name: 'linear-probe',
  lastLayers: 0,
  layers: null,
  learns: 'head',
  strict: false,
  ...noTemplate,
};

export function linearProbePreset(): LinearProbeConfig {
  return plainProbe;
}
