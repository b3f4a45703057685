/** Bottleneck adapters (Houlsby et al., 2019, arXiv 1902.00751; Pfeiffer et al., 2020, arXiv 2005.00052). Settings, limits, presets. */
import { z } from 'zod';
import { field, type PresetContext, type PresetName } from './common.ts';
import { noTemplate, templateFields } from './template.ts';

/** AdapterHub's names of where the adapters sit, each with the one of the paper; `par_bn` is He et al.'s (2021, arXiv 2110.04366). */
export const adapterConfigurations = ['double_seq_bn', 'houlsby', 'seq_bn', 'pfeiffer', 'par_bn'] as const;

/** Transformers' names, and AdapterHub's `leakyrelu`. */
export const adapterNonLinearities = [
  'relu',
  'swish',
  'silu',
  'gelu',
  'gelu_new',
  'gelu_fast',
  'gelu_pytorch_tanh',
  'quick_gelu',
  'tanh',
  'sigmoid',
  'leakyrelu',
  'linear',
] as const;
export type AdapterNonLinearity = (typeof adapterNonLinearities)[number];

export const adapterSchema = z.strictObject({
  name: z.literal('adapter'),
  configuration: field(z.enum(adapterConfigurations), {
    label: 'Where the adapters sit',
    term: 'adapter configuration',
    help: 'houlsby (double_seq_bn): behind attention and feed-forward of each layer. pfeiffer (seq_bn): behind the feed-forward only, half the weights. par_bn: beside the feed-forward.',
  }),
  reductionFactor: field(z.number().positive().max(4096), {
    label: 'Narrowing',
    term: 'reduction factor',
    help: 'The adapter is as wide as the model ÷ this number. A smaller number learns more and makes a larger file.',
    steps: [1, 2, 4, 8, 16, 32, 64],
  }),
  bottleneck: field(z.int().min(1).max(65_536).nullable(), {
    label: 'Width',
    term: 'bottleneck size m',
    help: 'The width itself, instead of the narrowing. Empty: from the narrowing.',
    steps: [8, 16, 24, 32, 48, 64, 128, 256],
    advanced: true,
  }),
  layerReductionFactors: field(z.record(z.string().regex(/^\d+$/), z.number().positive().max(4096)), {
    label: 'Other narrowings',
    term: 'reduction factors of layers',
    help: 'The narrowing of layers, by their number from 0, where it is not the one above.',
    advanced: true,
  }),
  nonLinearity: field(z.enum(adapterNonLinearities).nullable(), {
    label: 'Bend in the middle',
    term: 'non-linearity',
    help: 'Function between narrowing and widening. Empty: swish for houlsby, relu for the others.',
    advanced: true,
  }),
  scaling: field(z.number().positive().max(4096).nullable(), {
    label: 'Strength',
    term: 'scaling',
    help: 'The adapter’s result is multiplied by it. Empty: 4 for par_bn, 1 for the others.',
    steps: [0.25, 0.5, 1, 2, 4, 8],
    advanced: true,
  }),
  dropout: field(z.number().min(0).max(0.9), {
    label: 'Random switching-off',
    term: 'adapter dropout',
    help: 'Share of the adapter’s results switched off at random in each step; helps against memorising.',
    steps: [0, 0.05, 0.1, 0.2, 0.3],
    advanced: true,
    further: 'free',
  }),
  init: field(z.enum(['bert', 'houlsby', 'mam_adapter']).nullable(), {
    label: 'How it starts',
    term: 'initialisation',
    help: 'bert, houlsby: small numbers, so that the model hardly changes. mam_adapter: at nothing, so that it does not change at all. Empty: mam_adapter for par_bn, bert for the others.',
    advanced: true,
    further: 'idle',
  }),
  lnBefore: field(z.boolean(), {
    label: 'A norm of its own in front',
    term: 'ln_before',
    help: 'A layer norm of the adapter’s own on what it reads.',
    advanced: true,
  }),
  lnAfter: field(z.boolean(), {
    label: 'A norm of its own behind',
    term: 'ln_after',
    help: 'A layer norm of the adapter’s own on its result.',
    advanced: true,
  }),
  originalLnBefore: field(z.boolean().nullable(), {
    label: 'Reads behind the model’s norm',
    term: 'original_ln_before',
    help: 'The adapter reads what the model’s own norm has made of the sum. Empty: with pfeiffer only.',
    advanced: true,
  }),
  originalLnAfter: field(z.boolean(), {
    label: 'The model’s norm comes behind',
    term: 'original_ln_after',
    help: 'The stream is added and the model’s own norm applied behind the adapter.',
    advanced: true,
  }),
  residualBeforeLn: field(z.enum(['true', 'false', 'post_add']), {
    label: 'What is added to the result',
    term: 'residual_before_ln',
    help: 'true: the sub-layer’s result before any norm. false: what the adapter reads. post_add: the sum before the norm.',
    advanced: true,
  }),
  adapterResidualBeforeLn: field(z.boolean(), {
    label: 'Added before its own norm',
    term: 'adapter_residual_before_ln',
    help: 'With a norm of its own behind: the residual is added before that norm instead of after it.',
    advanced: true,
  }),
  attentionAdapter: field(z.boolean().nullable(), {
    label: 'Behind attention',
    term: 'mh_adapter',
    help: 'An adapter behind each layer’s attention. Empty: with houlsby only.',
    advanced: true,
  }),
  outputAdapter: field(z.boolean(), {
    label: 'Behind the feed-forward',
    term: 'output_adapter',
    help: 'An adapter at each layer’s feed-forward part.',
    advanced: true,
  }),
  crossAdapter: field(z.boolean(), {
    label: 'Behind cross-attention',
    term: 'cross_adapter',
    help: 'In models with encoder and decoder: an adapter behind the attention from one to the other.',
    advanced: true,
  }),
  leaveOut: field(z.array(z.int().min(0).max(10_000)), {
    label: 'Layers left out',
    term: 'leave_out',
    help: 'Numbers of layers without adapters, from 0; those of a decoder go on where the encoder’s end.',
    advanced: true,
  }),
  trainLayerNorm: field(z.boolean(), {
    label: 'The model’s norms learn too',
    term: 'LayerNorm training',
    help: 'As in Houlsby’s paper. AdapterHub’s file has no place for them: they lie in a file beside it that only Atelier reads.',
    advanced: true,
  }),
  ...templateFields,
});
export type AdapterConfig = z.infer<typeof adapterSchema>;

/** Everything beyond configuration and width as AdapterHub has it. */
export const plainAdapter = {
  bottleneck: null,
  layerReductionFactors: {},
  nonLinearity: null,
  scaling: null,
  dropout: 0,
  init: null,
  lnBefore: false,
  lnAfter: false,
  originalLnBefore: null,
  originalLnAfter: true,
  residualBeforeLn: 'true',
  adapterResidualBeforeLn: false,
  attentionAdapter: null,
  outputAdapter: true,
  crossAdapter: false,
  trainLayerNorm: false,
  ...noTemplate,
} as const satisfies Partial<AdapterConfig>;

/** Narrow models need a larger share: a sixteenth of 384 is too little to learn from. */
export function adapterPreset(preset: PresetName, { parameters }: PresetContext): AdapterConfig {
  const factors =
    (parameters ?? 0) < 50e6 ? { quick: 8, balanced: 8, thorough: 4 } : { quick: 16, balanced: 16, thorough: 8 };
  return {
    name: 'adapter',
    configuration: preset === 'quick' ? 'pfeiffer' : 'houlsby',
    reductionFactor: factors[preset],
    ...plainAdapter,
    layerReductionFactors: {},
    leaveOut: [],
  };
}
