/** The model of a golden case with what it learned merged in, and the base again. */
import { StudioError } from '../../engine/spec/errors.ts';
import type { HostTensor } from '../../engine/runtime/session.ts';
import { mergeLearned } from '../../engine/train/merge.ts';
import { shapeOf, type Setup } from '../../engine/train/setup.ts';
import { floats } from '../../engine/train/state.ts';
import type { TrainedCase } from './generation.ts';
import type { Reference } from './reference.ts';

/** Upstream merges what changes two uses of one weight, and then computes something else: we refuse. */
const otherModel = 1e-2;

/** Null for a case without merged logits, and where both of us say that it cannot be merged. */
export async function mergedModel(
  { file, setup, state }: TrainedCase,
  reference: Reference,
): Promise<{ readonly setup: Setup; readonly state: ReadonlyMap<string, HostTensor> } | null> {
  if (reference.names('merged_logits.').length === 0) return null;
  try {
    const read = (name: string): never => {
      throw new Error(`${name} is not in the state`);
    };
    const merged = mergeLearned(setup, { state, read });
    const weights = new Map<string, HostTensor>();
    for (const name of merged.setup.shapes.keys())
      weights.set(name, floats(shapeOf(merged.setup, name), await merged.weight(name)));
    return { setup: merged.setup, state: weights };
  } catch (error) {
    const refused = error instanceof StudioError && error.code === 'method.merge';
    if (refused && (file.merged_max_diff ?? 0) > otherModel) return null;
    throw error;
  }
}
