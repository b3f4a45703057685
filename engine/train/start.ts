/** Start values that a method takes from the model itself: words of a prompt, activations of a text, parts of a weight. */
import { Runtime } from '../runtime/session.ts';
import type { Device } from '../runtime/device.ts';
import type { BaseModel } from '../checkpoint/model-folder.ts';
import type { StartContext } from '../methods/method.ts';
import { Machine } from './machine.ts';
import { streamKey, uniform } from './random.ts';
import { createSetup, type Setup } from './setup.ts';
import { loadWeights, readWeight } from './weights.ts';

export interface StartOptions {
  readonly base: BaseModel;
  readonly setup: Setup;
  readonly labels: readonly string[];
  readonly seed: number;
  readonly device: Device;
  readonly threads: number;
}

/** Values of the new parameters that start from the model; none for most methods. */
export async function startValues(options: StartOptions): Promise<ReadonlyMap<string, Float32Array>> {
  const { base, setup, labels, seed } = options;
  const { method, methodConfig, target } = setup;
  if (!method || !methodConfig || ![...setup.added.values()].some(({ initial }) => initial.kind === 'from-model'))
    return new Map();
  const draws = streamKey(seed, 'start');
  const context: StartContext = {
    target,
    seed,
    labels,
    tokenizer: base.tokenizer,
    uniform: (index) => uniform(draws, index),
    weight: (name) => readWeight(name, base, { setup, seed }),
    present: (ids) => presentOf(ids, options),
  };
  return method.start(methodConfig, context);
}

/** Keys and values of a text as the model computes them, one a layer: [kv heads, tokens, head size]. */
async function presentOf(
  ids: readonly number[],
  { base, setup, seed, device, threads }: StartOptions,
): ReturnType<StartContext['present']> {
  const { architecture, config, head } = setup;
  const plain = createSetup({ architecture, config, head, method: null });
  const weights = await loadWeights({ base, setup: plain, seed });
  const machine = new Machine({ runtime: await Runtime.open(), device, threads, setup: plain, base, weights });
  try {
    return await machine.present(ids);
  } finally {
    await machine.release();
  }
}
