/** Which modules a method changes, by PEFT's rules (peft/tuners/tuners_utils.py, `check_target_module_exists`). */
import { expect, test } from 'vitest';
import { fromPeftConfig } from '../../../engine/methods/lora/config.ts';
import { chosenModules } from '../../../engine/methods/targets.ts';
import { architectureNames, architectureOf } from '../../../engine/models/registry.ts';
import { toEnvelope } from '../../../engine/spec/errors.ts';
import type { Json } from '../../../engine/spec/json.ts';
import { ia3Preset } from '../../../engine/spec/methods/ia3.ts';
import { loraPreset } from '../../../engine/spec/methods/lora.ts';
import { plainTargets } from '../../../engine/spec/methods/targets.ts';
import { openArchitecture } from '../../../engine/train/prepare.ts';
import { createSetup } from '../../../engine/train/setup.ts';
import { goldenModel } from '../../support/engine-fixtures.ts';

type Raw = Readonly<Record<string, Json>>;

async function chosen(model: string, raw: Raw): Promise<readonly string[]> {
  const { base, architecture, config } = await openArchitecture(goldenModel(model));
  await base.close();
  const head = { name: 'sequence-classification', labels: 3 } as const;
  const { target } = createSetup({ architecture, config, head, method: null });
  const settings = fromPeftConfig({ peft_type: 'LORA', ...raw }, 'adapter_config.json');
  return [...chosenModules(settings, target, ['linear']).keys()];
}

const queries = [0, 1].map((layer) => `bert.encoder.layer.${String(layer)}.attention.self.query`);
const [first = '', second = ''] = queries;

test.each<[string, Raw, readonly string[]]>([
  ['layers by their number', { layers_to_transform: [1] }, [second]],
  ['one number instead of a list', { layers_to_transform: 0 }, [first]],
  ['an empty list is none', { layers_to_transform: [], layers_pattern: [], exclude_modules: [] }, queries],
  [
    'what holds the layers, at the beginning of a name too',
    { layers_to_transform: [1], layers_pattern: 'bert.encoder.layer' },
    [second],
  ],
  [
    'a module that is named in full, whatever its layer',
    { target_modules: [first], layers_to_transform: [1] },
    [first],
  ],
  ['what is left out', { exclude_modules: '.*layer\\.0\\..*' }, [second]],
])('%s', async (...[, raw, expected]) => {
  expect(await chosen('bert', { target_modules: ['query'], ...raw })).toEqual(expected);
});

test.each<[string, Json, string | null]>([
  ['kasa_config', { beta: 0.0001, gamma: 0.001 }, 'kasa_config'],
  ['layer_replication', [[0, 2]], 'layer_replication'],
  ['trainable_token_indices', [1, 2], 'trainable_token_indices'],
  ['target_parameters', ['mlp.experts'], 'target_parameters'],
  ['use_qalora', true, 'use_qalora'],
  ['init_lora_weights', 'olora', 'init_lora_weights'],
  ['init_lora_weights', 'eva', null],
  ['init_lora_weights', 'orthogonal', null],
])('%s %j is refused by its name, or changes nothing at all', (field, value, refused) => {
  const read = (raw: Raw) => fromPeftConfig({ peft_type: 'LORA', target_modules: ['query'], ...raw }, 'config');
  if (refused === null) return void expect(read({ [field]: value })).toEqual(read({}));
  let error: unknown = null;
  try {
    read({ [field]: value });
  } catch (thrown) {
    error = toEnvelope(thrown);
  }
  expect(error).toMatchObject({ code: 'model.config', data: { field: refused } });
});

test('each family’s preset finds every module that it names', async () => {
  for (const type of architectureNames) {
    const source =
      { gemma: 'gemma2', gemma3_text: 'gemma3', mt5: 't5', 'xlm-roberta': 'roberta', 'deberta-v2': 'deberta-v3' }[
        type
      ] ?? type;
    const { base } = await openArchitecture(goldenModel(source));
    await base.close();
    const raw = { ...base.config, model_type: type, ...(type === 'gemma3' ? { text_config: base.config } : {}) };
    const architecture = architectureOf(raw);
    const config = architecture.parseConfig({ ...raw, hidden_activation: 'gelu_pytorch_tanh' }, type);
    const name = architecture.taskClasses['sequence-classification'] ? 'sequence-classification' : 'causal-lm';
    const { target } = createSetup({ architecture, config, head: { name, labels: 3 }, method: null });
    for (const method of [ia3Preset, loraPreset]) {
      const settings = {
        ...plainTargets,
        ...method('balanced', { task: 'text-classification', architecture: type, parameters: null }),
      };
      const found = [...chosenModules(settings, target, ['linear', 'conv1d']).keys()];
      const idle = settings.targetModules.filter((end) => !found.some((own) => own.endsWith(`.${end}`)));
      expect(idle, `${settings.name} of ${type}`).toEqual([]);
    }
  }
});
