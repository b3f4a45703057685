/** Which parameters weight decay pulls towards zero: all but biases and norms (Transformers' Trainer, `get_decay_parameter_names`). */
import { weightsOfModule } from '../models/model.ts';
import type { Setup } from './setup.ts';

/**
 * Whatever has `bias` in its name is left alone, T5's table of distances and an LSTM's `bias_ih_l0` too, and every norm, by
 * its kind: GPT-2's are called `ln_1`.
 */
export function decaying({ modules }: Pick<Setup, 'modules'>): (name: string) => boolean {
  const norms = new Set(
    modules.filter(({ kind }) => kind === 'norm').flatMap((module) => weightsOfModule(module).map(([name]) => name)),
  );
  return (name) => !norms.has(name) && !/bias|norm/i.test(name);
}
