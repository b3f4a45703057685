/** The config.json of a model that is written: what its weights are, whatever the base's file said of its own. */
import { expect, test } from 'vitest';
import { modelConfig } from '../../../engine/export/adapter.ts';
import { openArchitecture } from '../../../engine/train/prepare.ts';
import { createSetup } from '../../../engine/train/setup.ts';
import { goldenModel } from '../../support/engine-fixtures.ts';

test.each([['torch_dtype'], ['dtype']])(
  'of weights in half precision, as %s says, the numbers are written whole',
  async (field) => {
    const { base, architecture, config } = await openArchitecture(goldenModel('llama'));
    await base.close();
    const others = Object.fromEntries(Object.entries(base.config).filter(([name]) => name !== 'dtype'));
    const half = { ...base, config: { ...others, [field]: 'bfloat16' } };
    const head = { name: 'causal-lm', labels: config.vocabulary } as const;
    const setup = createSetup({ architecture, config, head, method: null });
    const written = modelConfig({ base: half, setup, rows: { labels: [] } });
    expect(Object.entries(written).filter(([name]) => name.endsWith('dtype'))).toContainEqual([field, 'float32']);
    expect(Object.values(written)).not.toContain('bfloat16');
  },
);
