/** Weight decay leaves biases and norms alone, whatever a family calls them. */
import { expect, test } from 'vitest';
import { openArchitecture } from '../../../engine/train/prepare.ts';
import type { HeadName } from '../../../engine/models/model.ts';
import { plainFull } from '../../../engine/spec/methods/full.ts';
import type { MethodConfig } from '../../../engine/spec/methods/index.ts';
import { pTuningPreset } from '../../../engine/spec/methods/p-tuning.ts';
import { decaying } from '../../../engine/train/decay.ts';
import { createSetup } from '../../../engine/train/setup.ts';
import { goldenModel } from '../../support/engine-fixtures.ts';

/** Ends of the names of what learns and does not decay. */
async function spared(model: string, name: HeadName, method: MethodConfig): Promise<ReadonlySet<string>> {
  const { base, architecture, config } = await openArchitecture(goldenModel(model));
  await base.close();
  const setup = createSetup({ architecture, config, head: { name, labels: config.vocabulary }, method });
  const decays = decaying(setup);
  const kept = setup.trainable.filter((own) => !decays(own)).map((own) => own.split('.').slice(-2).join('.'));
  expect(kept.length).toBeLessThan(setup.trainable.length);
  return new Set(kept);
}

test('GPT-2’s norms, which have no norm in their names', async () => {
  expect(await spared('gpt2', 'causal-lm', plainFull)).toEqual(
    new Set(
      ['ln_1', 'ln_2', 'ln_f']
        .flatMap((name) => [`${name}.weight`, `${name}.bias`])
        .concat(['c_attn.bias', 'c_proj.bias', 'c_fc.bias']),
    ),
  );
});

test('T5’s norms and its table of distances', async () => {
  expect(await spared('t5', 'seq2seq-lm', plainFull)).toEqual(
    new Set(['layer_norm.weight', 'final_layer_norm.weight', 'relative_attention_bias.weight']),
  );
});

test('the biases of a prompt encoder’s LSTM', async () => {
  const preset = pTuningPreset('quick', { task: 'text-generation', architecture: 'gpt2', parameters: null });
  const method: MethodConfig = { ...preset, encoder: 'lstm', encoderLayers: 1 };
  expect(await spared('gpt2', 'causal-lm', method)).toEqual(
    new Set([
      ...['', '_reverse'].flatMap((end) => [`lstm_head.bias_ih_l0${end}`, `lstm_head.bias_hh_l0${end}`]),
      '0.bias',
      '2.bias',
    ]),
  );
});
