/** P-tuning's settings as PEFT's adapter_config.json has them, both ways (peft/tuners/p_tuning/config.py). */
import type { Json } from '../../spec/json.ts';
import { noTemplate } from '../../spec/methods/template.ts';
import type { PTuningConfig } from '../../spec/methods/p-tuning.ts';
import type { PeftContext } from '../method.ts';
import { PeftReader, promptFields, wordSize } from '../peft-prompts.ts';
import { submodulesOf } from '../prompt/config.ts';

/** A table without an encoder goes as an MLP's: PEFT reads the table and builds no encoder. */
export function toPTuning(config: PTuningConfig, context: PeftContext): Readonly<Record<string, Json>> {
  const { heads, layers: own, encoderLayers: layers = own } = context.target.config;
  const tokenSize = wordSize(context.target);
  return {
    ...promptFields(context, { ...config, tokenSize, heads, layers, submodules: config.transformerSubmodules }),
    encoder_dropout: config.encoderDropout,
    encoder_hidden_size: config.encoderSize ?? tokenSize,
    encoder_num_layers: config.encoderLayers,
    encoder_reparameterization_type: config.encoder === 'lstm' ? 'LSTM' : 'MLP',
    peft_type: 'P_TUNING',
  };
}

const encoders: ReadonlyMap<string | null, PTuningConfig['encoder']> = new Map([
  ['MLP', 'mlp'],
  ['LSTM', 'lstm'],
]);

export function fromPTuning(raw: Readonly<Record<string, Json>>, path: string): PTuningConfig {
  const read = new PeftReader(raw, path);
  return {
    name: 'p-tuning',
    virtualTokens: read.count('num_virtual_tokens'),
    encoder: read.choice('encoder_reparameterization_type', encoders),
    encoderSize: read.countOrNull('encoder_hidden_size'),
    encoderLayers: read.countOrNull('encoder_num_layers') ?? 2,
    encoderDropout: read.share('encoder_dropout'),
    transformerSubmodules: submodulesOf(raw, read),
    ...noTemplate,
    modulesToSave: read.modulesToSave(),
  };
}
