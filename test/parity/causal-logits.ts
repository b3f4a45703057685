/** Next-token logits of a language model as its file gives it. */
import type { BaseModel } from '../../engine/checkpoint/model-folder.ts';
import { architectureOf } from '../../engine/models/registry.ts';
import type { Device } from '../../engine/runtime/device.ts';
import type { Runtime } from '../../engine/runtime/session.ts';
import { buildForward, createSetup } from '../../engine/train/setup.ts';
import { floatData, floats, longs } from '../../engine/train/state.ts';
import { loadWeights } from '../../engine/train/weights.ts';

/** Logits of all positions of one row of ids, [length × vocabulary]. */
export async function causalLogits(
  base: BaseModel,
  ids: readonly number[],
  { runtime, device }: { readonly runtime: Runtime; readonly device: Device },
): Promise<Float32Array> {
  const architecture = architectureOf(base.config);
  const config = architecture.parseConfig(base.config, base.path);
  const head = { name: 'causal-lm', labels: config.vocabulary } as const;
  const setup = createSetup({ architecture, config, head, method: null });
  const weights = await loadWeights({ base, setup, seed: 0 });
  const length = ids.length;
  const { graph, logits } = buildForward(setup, { batch: 1, length, decoderLength: 0, answers: length });
  const session = await runtime.compile(graph, { logits }, { device, threads: 1, mapped: weights.mapped });
  const mask = ids.map(() => 1);
  const result = await session.run(
    new Map([
      ...weights.fed,
      ['ids', longs([1, length], ids)],
      ['mask', floats([1, length], Float32Array.from(mask))],
      ['positions', longs([1, length], architecture.positions(config, mask, { before: 0, embedded: false }))],
      [
        'rows',
        longs(
          [length],
          ids.map((_, at) => at),
        ),
      ],
    ]),
  );
  await session.dispose();
  return floatData(result['logits']);
}
