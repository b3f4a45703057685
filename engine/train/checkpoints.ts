/** Checkpoints of a run: written whole or not at all, the newest kept, read back to the bit. */
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors } from '../checkpoint/safetensors.ts';
import { writeSafetensors } from '../checkpoint/write-safetensors.ts';
import type { HostTensor } from '../runtime/session.ts';
import { floatData } from './state.ts';

/** What a run must know besides its tensors to go on as if nothing had happened. */
export interface Progress {
  /** Updates done. */
  readonly step: number;
  readonly seconds: number;
  readonly rows: number;
  readonly tokens: number;
  readonly lastLoss: number;
  readonly peakMemoryBytes: number;
  readonly best: { readonly step: number; readonly loss: number } | null;
  /** Checks since the best. */
  readonly checksWithoutGain: number;
}

const tensorsFile = 'state.safetensors';
const progressFile = 'progress.json';
const prefix = 'step-';

export type Tensors = ReadonlyMap<string, HostTensor>;

/** Writes `step-<n>` and removes older ones. */
export async function saveCheckpoint(folder: string, progress: Progress, tensors: Tensors): Promise<void> {
  await mkdir(folder, { recursive: true });
  const name = `${prefix}${String(progress.step).padStart(8, '0')}`;
  const pending = join(folder, `.${name}.part`);
  await rm(pending, { recursive: true, force: true });
  await mkdir(pending);
  await saveTensors(join(pending, tensorsFile), tensors);
  await writeWhole(join(pending, progressFile), JSON.stringify(progress));
  await rm(join(folder, name), { recursive: true, force: true });
  await rename(pending, join(folder, name));
  for (const other of await readdir(folder)) {
    const isOld = (other.startsWith(prefix) && other !== name) || other.endsWith('.part');
    if (isOld) await rm(join(folder, other), { recursive: true, force: true });
  }
}

/** The newest whole checkpoint, or null. */
export async function loadCheckpoint(
  folder: string,
): Promise<{ progress: Progress; tensors: ReadonlyMap<string, Float32Array> } | null> {
  const names = (await exists(folder))
    ? (await readdir(folder)).filter((name) => name.startsWith(prefix)).toSorted()
    : [];
  const newest = names.at(-1);
  if (newest === undefined) return null;
  const progress = JSON.parse(await readFile(join(folder, newest, progressFile), 'utf8')) as Progress;
  return { progress, tensors: await loadTensors(join(folder, newest, tensorsFile)) };
}

export async function saveTensors(path: string, tensors: Tensors): Promise<void> {
  await writeSafetensors(
    path,
    [...tensors].map(([name, tensor]) => ({ name, shape: tensor.shape, data: floatData(tensor) })),
    { format: 'pt' },
  );
}

export async function loadTensors(path: string): Promise<ReadonlyMap<string, Float32Array>> {
  const file = await openSafetensors(path);
  try {
    const tensors = new Map<string, Float32Array>();
    for (const name of file.tensors.keys()) tensors.set(name, await file.read(name));
    return tensors;
  } finally {
    await file.close();
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
