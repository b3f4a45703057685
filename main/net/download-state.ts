/** What a download leaves on disk while it is under way: its plan, its part files, and a lock against a second process. */
import { mkdir, open, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { StudioError } from '../../engine/spec/errors.ts';
import { sizeOf } from './fetch-file.ts';
import { fileName, type Plan, type PlannedFile } from './hub.ts';

const schema = z.object({
  version: z.literal(1),
  plan: z.object({
    id: z.string(),
    entry: z.string(),
    files: z.array(
      z.object({
        name: z.string().regex(fileName),
        path: z.string(),
        bytes: z.int().min(0),
        digest: z.object({ kind: z.enum(['sha256', 'git-blob']), value: z.string() }).nullable(),
      }),
    ),
  }),
  etags: z.record(z.string(), z.string()),
});

export interface DownloadState {
  readonly plan: Plan;
  /** By file name. */
  readonly etags: Readonly<Record<string, string>>;
}

/** Folder of one download under way: `state.json`, `lock`, `<name>.part`, and `ready/` with the proven files. */
export function workFolder(models: string, id: string): string {
  return join(models, '.downloads', id.replaceAll('/', '--'));
}

export function partPath(work: string, file: PlannedFile): string {
  return join(work, `${file.name}.part`);
}

export function readyPath(work: string, file: PlannedFile): string {
  return join(work, 'ready', file.name);
}

/** Null when there is none, or none that can be read. */
export async function readState(work: string): Promise<DownloadState | null> {
  const text = await readFile(join(work, 'state.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export async function writeState(work: string, state: DownloadState): Promise<void> {
  const path = join(work, 'state.json');
  await writeFile(`${path}.new`, JSON.stringify({ version: 1, ...state }));
  await rename(`${path}.new`, path);
}

/** Bytes that lie on disk already. */
export async function bytesOnDisk(work: string, plan: Plan): Promise<number> {
  let bytes = 0;
  for (const file of plan.files) bytes += (await sizeOf(readyPath(work, file))) || (await sizeOf(partPath(work, file)));
  return bytes;
}

/** Everything under way, by what its state says. */
export async function listStates(
  models: string,
): Promise<readonly { readonly work: string; readonly state: DownloadState }[]> {
  const root = join(models, '.downloads');
  const names = await readdir(root).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => ({ work: join(root, name), state: await readState(join(root, name)) })),
  );
  return found.flatMap(({ work, state }) => (state === null ? [] : [{ work, state }]));
}

/** Forgets the parts, keeping the lock. */
export async function emptyWork(work: string): Promise<void> {
  for (const name of await readdir(work))
    if (name !== 'lock') await rm(join(work, name), { recursive: true, force: true });
  await mkdir(join(work, 'ready'), { recursive: true });
}

export async function removeWork(models: string, work: string): Promise<void> {
  await rm(work, { recursive: true, force: true });
  await rmdir(join(models, '.downloads')).catch(() => undefined);
}

/**
 * Makes the folder ours until released; a lock left by a process that is gone is taken over.
 * @throws StudioError `busy` when another process is at it
 */
export async function lockWork(work: string): Promise<{ release(): Promise<void> }> {
  const path = join(work, 'lock');
  await mkdir(join(work, 'ready'), { recursive: true });
  for (;;) {
    const handle = await open(path, 'wx').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
      throw error;
    });
    if (handle !== null) {
      await handle.writeFile(String(process.pid));
      await handle.close();
      return { release: () => rm(path, { force: true }) };
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => '0'));
    if (owner !== process.pid && isAlive(owner)) throw new StudioError('busy', { what: 'download' });
    await rm(path, { force: true });
  }
}

function isAlive(processId: number): boolean {
  if (!Number.isInteger(processId) || processId <= 0) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
