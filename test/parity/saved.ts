/** What a case leaves behind after its training: the very keys and shapes that PEFT's save_pretrained wrote, and its numbers. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { savedForm } from '../../engine/train/saved-form.ts';
import { shapeOf } from '../../engine/train/setup.ts';
import { floatData } from '../../engine/train/state.ts';
import type { TrainedCase } from './generation.ts';
import { openReference } from './reference.ts';
import type { Deviation } from './run-case.ts';

/** Copies that PEFT writes and ignores again. */
const ignored = /\.(modules_to_save|original_module)\./;

/** Null for a case without an adapter. */
export async function compareSaved({ folder, file, setup, state }: TrainedCase): Promise<Deviation | null> {
  const peft = setup.method?.peft;
  if (!peft || !file.adapter_keys || !existsSync(join(folder, 'adapter'))) return null;
  const saved = await savedForm(setup, state);
  const { methodConfig, target, ties, trainable } = saved.setup;
  if (!methodConfig) return null;
  const beside = peft.alsoSaved?.(methodConfig, target) ?? new Map<string, string>();
  const ours = new Map([
    ...trainable.map((name) => [peft.key(name, target, methodConfig), name] as const),
    ...[...beside].map(([key, name]) => [key, ties.get(name) ?? name] as const),
  ]);
  const written = (key: string, shape: readonly number[]): string => `${key} ${shape.join('x')}`;
  const mine = [...ours].map(([key, name]) => written(key, shapeOf(saved.setup, name)));
  const theirs = Object.entries(file.adapter_keys)
    .filter(([key]) => !ignored.test(key))
    .map(([key, shape]) => written(key, shape));
  const odd = [...mine.filter((key) => !theirs.includes(key)), ...theirs.filter((key) => !mine.includes(key))];
  if (odd[0] !== undefined) return { family: 'saved', worst: Infinity, ratio: Infinity, where: odd[0] };
  const reference = await openReference(folder, 'adapter/adapter_model.safetensors');
  let found: Deviation = { family: 'saved', worst: 0, ratio: 0, where: 'nothing' };
  for (const [key, name] of ours) {
    const values = floatData(saved.state.get(name));
    const atol = file.tolerance.final_exceptions[key] ?? file.tolerance.final;
    reference.floats(key).values.forEach((expected, at) => {
      const worst = Math.abs((values[at] ?? NaN) - expected);
      const ratio = Number.isNaN(worst) ? Infinity : worst / (atol + 1e-4 * Math.abs(expected));
      if (ratio >= found.ratio) found = { family: 'saved', worst, ratio, where: key };
    });
  }
  return found;
}
