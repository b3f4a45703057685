/** Bottleneck adapters: where they sit, how wide they are, how they start, and their settings in AdapterHub's words. */
import { describe, expect, test } from 'vitest';
import { fromAdapterHub, toAdapterHub } from '../../../engine/methods/adapter/config.ts';
import { methodFromAdapterHub } from '../../../engine/methods/registry.ts';
import type { HeadName } from '../../../engine/models/model.ts';
import { adapterPreset, type AdapterConfig } from '../../../engine/spec/methods/adapter.ts';
import { countParameters, type Setup } from '../../../engine/train/setup.ts';
import { floatData } from '../../../engine/train/state.ts';
import { goldenModel, loadMachine } from '../../support/engine-fixtures.ts';

function adapterWith(changed: Partial<AdapterConfig> = {}): AdapterConfig {
  const context = { task: 'chat', architecture: null, parameters: 110e6 } as const;
  return { ...adapterPreset('balanced', context), ...changed };
}

async function setupOf(model: string, head: HeadName, changed: Partial<AdapterConfig>): Promise<Setup> {
  const { base, machine, setup } = await loadMachine({ model: goldenModel(model), head, method: adapterWith(changed) });
  await machine.release();
  await base.close();
  return setup;
}

const placesIn = ({ added }: Setup): readonly string[] =>
  [...added.keys()].flatMap((name) => /^(.*)\.adapter_down\.weight$/.exec(name)?.slice(1) ?? []);

describe('where they sit', () => {
  test('houlsby: two a layer; pfeiffer and parallel: one', async () => {
    for (const [configuration, perLayer] of [
      ['houlsby', 2],
      ['double_seq_bn', 2],
      ['pfeiffer', 1],
      ['seq_bn', 1],
      ['par_bn', 1],
    ] as const) {
      const setup = await setupOf('bert', 'sequence-classification', { configuration });
      expect(placesIn(setup)).toHaveLength(perLayer * setup.config.layers);
    }
  });

  test('layers are left out, those of a decoder by the numbers that follow the encoder’s', async () => {
    const places = placesIn(await setupOf('t5', 'seq2seq-lm', { configuration: 'pfeiffer', leaveOut: [0, 3] }));
    expect(places).toEqual(['encoder.block.1.layer.1', 'decoder.block.0.layer.2']);
  });

  test('cross-attention gets one when asked', async () => {
    const setup = await setupOf('t5', 'seq2seq-lm', { crossAdapter: true, leaveOut: [0, 1, 2] });
    expect(placesIn(setup)).toEqual([0, 1, 2].map((part) => `decoder.block.1.layer.${String(part)}`));
  });

  test('with no place left it says so', async () => {
    await expect(setupOf('bert', 'sequence-classification', { leaveOut: [0, 1, 2, 3] })).rejects.toMatchObject({
      code: 'recipe.field',
      data: { path: 'method.leaveOut' },
    });
  });

  test('post_add needs a norm behind the sum', async () => {
    const changed = { configuration: 'pfeiffer', residualBeforeLn: 'post_add' } as const;
    await expect(setupOf('bert', 'sequence-classification', changed)).resolves.toBeDefined();
    await expect(setupOf('llama', 'causal-lm', changed)).rejects.toMatchObject({ code: 'recipe.field' });
    await expect(
      setupOf('bert', 'sequence-classification', { ...changed, configuration: 'houlsby' }),
    ).rejects.toMatchObject({ code: 'recipe.field' });
  });

  test('the model’s norms learn where the paper is followed, those of the embeddings too', async () => {
    const [without, withNorms] = [
      await setupOf('bert', 'sequence-classification', {}),
      await setupOf('bert', 'sequence-classification', { trainLayerNorm: true }),
    ];
    const norms = withNorms.trainable.filter((name) => !without.trainable.includes(name));
    expect(norms).toHaveLength(2 * (2 * withNorms.config.layers + 1));
    expect(norms.every((name) => name.includes('LayerNorm'))).toBe(true);
  });
});

test('their count is the paper’s: 2md + d + m each', async () => {
  const setup = await setupOf('bert', 'sequence-classification', { bottleneck: 5 });
  const { hidden, layers } = setup.config;
  const shapes = [...setup.added.values()].map(({ shape }) => shape);
  expect(countParameters(shapes)).toBe(2 * layers * (2 * 5 * hidden + hidden + 5));
});

describe('how they start', () => {
  test('houlsby: small numbers cut off at two deviations; biases at zero', async () => {
    const { base, machine, setup } = await loadMachine({
      model: goldenModel('bert'),
      head: 'sequence-classification',
      method: adapterWith({ init: 'houlsby', bottleneck: 16 }),
    });
    const values = (part: string): number[] =>
      [...setup.added.keys()]
        .filter((name) => name.endsWith(part))
        .flatMap((name) => Array.from(floatData(machine.state.get(name))));
    const weights = [...values('down.weight'), ...values('up.weight')];
    const deviation = Math.sqrt(weights.reduce((sum, value) => sum + value * value, 0) / weights.length);
    // Of a normal distribution cut off at two deviations: 0.88 of them.
    expect(deviation).toBeGreaterThan(0.0084);
    expect(deviation).toBeLessThan(0.0092);
    expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(0.02);
    expect(new Set([...values('down.bias'), ...values('up.bias')])).toEqual(new Set([0]));
    await machine.release();
    await base.close();
  });
});

describe('AdapterHub’s settings', () => {
  const target = { config: { hidden: 768 } } as Parameters<typeof toAdapterHub>[1];

  test.each<Partial<AdapterConfig>>([
    {},
    { configuration: 'pfeiffer', nonLinearity: 'gelu', leaveOut: [0, 5], dropout: 0.1 },
    { configuration: 'par_bn', scaling: 2, lnBefore: true, init: 'bert' },
    { configuration: 'pfeiffer', originalLnBefore: false, residualBeforeLn: 'false', crossAdapter: true },
    { configuration: 'houlsby', lnAfter: true, adapterResidualBeforeLn: true, reductionFactor: 2.5 },
    { configuration: 'houlsby', layerReductionFactors: { '1': 4 }, originalLnAfter: false, outputAdapter: false },
  ])('%j written and read is the same', (changed) => {
    const config = adapterWith({ configuration: 'houlsby', ...changed });
    expect(fromAdapterHub(toAdapterHub(config, target), 'adapter_config.json')).toEqual(config);
  });

  test('every width comes out of the factor that is written for it', () => {
    for (let hidden = 1; hidden <= 400; hidden += 7)
      for (let bottleneck = 1; bottleneck <= 300; bottleneck += 1) {
        const { reduction_factor: factor } = toAdapterHub(adapterWith({ bottleneck }), {
          config: { hidden },
        } as Parameters<typeof toAdapterHub>[1]);
        expect(Math.max(1, Math.floor(hidden / Number(factor)))).toBe(bottleneck);
      }
  });

  test.each([
    ['phm_layer', true],
    ['use_gating', true],
    ['inv_adapter', 'nice'],
    ['stochastic_depth', 0.5],
    ['non_linearity', 'mish'],
    ['scaling', 'learned'],
    ['init_weights', 'zeros'],
    ['reduction_factor', { '1': 4 }],
    ['residual_before_ln', 'later'],
    ['leave_out', [-1]],
    ['mh_adapter', 'yes'],
  ])('%s %j is refused by name', (field, value) => {
    const raw = { ...toAdapterHub(adapterWith(), target), [field]: value };
    expect(() => fromAdapterHub(raw, 'adapter_config.json')).toThrow(
      expect.objectContaining({
        code: 'model.config',
        data: expect.objectContaining({ field: `config.${field}` }) as unknown,
      }) as Error,
    );
  });

  test.each([null, 'houlsby', [], { architecture: 'lora', r: 8 }])('a config that is %j is refused', (config) => {
    expect(() => methodFromAdapterHub({ config }, 'adapter_config.json')).toThrow(
      expect.objectContaining({ code: 'model.config' }) as Error,
    );
  });
});
