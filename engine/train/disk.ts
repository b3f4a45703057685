/** What a run writes, in bytes, and refusing it before it starts where there is no room. */
import { mkdir, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StudioError } from '../spec/errors.ts';
import { exists } from './checkpoints.ts';
import { countParameters, shapeOf, type Setup } from './setup.ts';

/** Journal, predictions, tokenizer and configs. */
const smallFiles = 2e6;

/** The adapter's weights: float32 of what learned, or of the whole model. */
export function adapterBytes(setup: Setup): number {
  const whole = countParameters(setup.shapes.values());
  return 4 * (setup.method?.savedAs === 'model' ? whole : learningCount(setup));
}

/** Adapter, the best version, and two checkpoints with both moments while one replaces the other. */
export function runBytes(setup: Setup): number {
  return adapterBytes(setup) + 4 * learningCount(setup) * 7 + smallFiles;
}

export function learningCount(setup: Setup): number {
  return countParameters(setup.trainable.map((name) => shapeOf(setup, name)));
}

/** Throws `disk.full` with what is needed and what is free where `folder` is to be. */
export async function refuseFullDisk(folder: string, neededBytes: number): Promise<void> {
  const parent = (await exists(folder)) ? folder : dirname(folder);
  await mkdir(parent, { recursive: true });
  const { bavail, bsize } = await statfs(parent);
  if (bavail * bsize < neededBytes)
    throw new StudioError('disk.full', { path: folder, neededBytes, freeBytes: bavail * bsize });
}
