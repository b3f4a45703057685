/** What we would save of a trained adapter, against the folder that AdapterHub wrote. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSafetensors } from '../../../engine/checkpoint/safetensors.ts';
import { openTorchArchive } from '../../../engine/checkpoint/torch-archive.ts';
import { adapterHubFiles } from '../../../engine/export/adapterhub.ts';
import type { HostTensor } from '../../../engine/runtime/session.ts';
import type { Setup } from '../../../engine/train/setup.ts';
import type { AdapterCase } from './adapters.ts';
import { compare, worstOf } from './compare.ts';
import type { ExtraResult } from './registry.ts';

/** Golden-extra's README, of parameters: absolute, and of the value where that is larger than 1. */
const tolerance = 2e-5;

interface Written {
  readonly setup: Setup;
  readonly file: AdapterCase;
  readonly state: ReadonlyMap<string, HostTensor>;
  readonly labels: readonly string[];
}

/** What we would save: AdapterHub's keys, shapes and configs exactly, and its numbers. */
export async function compareWritten(folder: string, { setup, file, state, labels }: Written): Promise<ExtraResult> {
  const saved = join(folder, 'adapter');
  const files = adapterHubFiles(setup, state, {
    name: file.adapter_name,
    baseModel: file.base.replace('../../', ''),
    labels,
  });
  const json = (name: string): unknown => JSON.parse(readFileSync(join(saved, name), 'utf8'));
  const parts = [
    {
      tensors: files.adapter,
      names: ['adapter.safetensors', 'pytorch_adapter.bin'],
      config: files.config,
      configName: 'adapter_config.json',
    },
    ...(files.head
      ? [
          {
            tensors: files.head.tensors,
            names: ['model_head.safetensors', 'pytorch_model_head.bin'],
            config: files.head.config,
            configName: 'head_config.json',
          },
        ]
      : []),
  ];
  const results = await Promise.all(
    parts.map(async ({ tensors, names, config, configName }) => {
      const [safe = '', pickled = ''] = names.map((name) => join(saved, name));
      const theirs = existsSync(safe) ? await openSafetensors(safe) : await openTorchArchive(pickled);
      const [mine, expected] = [tensors, [...theirs.tensors.values()]].map((list) =>
        list.map(({ name, shape }) => `${name} ${shape.join('x')}`).toSorted(),
      );
      const numbers: ExtraResult[] = [];
      for (const { name, data } of tensors) {
        if (name in file.final_ill_conditioned || !theirs.tensors.has(name) || !(data instanceof Float32Array))
          continue;
        numbers.push(compare({ [name]: Array.from(data) }, { [name]: Array.from(await theirs.read(name)) }, tolerance));
      }
      await theirs.close();
      const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
      return worstOf([
        compare({ keys: mine }, { keys: expected }, 0),
        compare({ [configName]: asJson(config) }, { [configName]: json(configName) }, 0),
        compare(
          { [configName]: Object.keys(config).toSorted() },
          { [configName]: Object.keys(json(configName) as object).toSorted() },
          0,
        ),
        ...numbers,
      ]);
    }),
  );
  return worstOf(results);
}
