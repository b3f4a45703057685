/** Downloads of base models: started, paused, continued and cancelled by id; in place only when whole and proven. */
import { mkdir, rename, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { DownloadView } from '../contract/views.ts';
import { catalogueEntry } from '../../engine/spec/catalogue.ts';
import { asOurs, CancelledError, StudioError, toEnvelope } from '../../engine/spec/errors.ts';
import type { Connector } from './connection.ts';
import {
  bytesOnDisk,
  emptyWork,
  listStates,
  lockWork,
  partPath,
  readState,
  readyPath,
  removeWork,
  workFolder,
  writeState,
  type DownloadState,
} from './download-state.ts';
import { fetchFile, sizeOf, type RetryOptions } from './fetch-file.ts';
import { checkDownloadId, hubUrl, isDownloadId, planFor, type Plan } from './hub.ts';

export interface StartOptions {
  readonly onProgress?: (view: DownloadView) => void;
  /** Aborting cancels: nothing of the download stays. */
  readonly signal?: AbortSignal;
}

export interface Downloads {
  /**
   * Downloads a model, going on from what lies on disk. A second call for the same id joins the first.
   * @param id a catalogue id, `owner/name`, or `owner/name/file.gguf`
   * @returns the file or folder the engine opens
   * @throws StudioError `net.offline`, `net.failed`, `net.checksum`, `net.repository`, `disk.full`, `model.missing`, `busy`
   * @throws CancelledError when paused or cancelled
   */
  start(id: string, options?: StartOptions): Promise<string>;
  /** Stops, keeping the parts. Resolves once nothing is written any more. */
  pause(id: string): Promise<DownloadView>;
  /** The same as `start`. */
  resume(id: string, options?: StartOptions): Promise<string>;
  /** Stops and removes every trace. Resolves once it is gone. */
  cancel(id: string): Promise<void>;
  /** Downloads of this process, and those that an earlier one left unfinished (as paused). */
  list(): Promise<readonly DownloadView[]>;
  /** What is known of a download that this process has dealt with, or null. */
  view(id: string): DownloadView | null;
  /** The file or folder the engine opens, or null when the model is not wholly there. */
  locate(id: string): Promise<string | null>;
  /** Pauses all, as before the app quits. */
  dispose(): Promise<void>;
}

export interface DownloadsOptions {
  readonly connector: Connector;
  readonly endpoint: URL;
  /** Models lie in `<folder>/<id>/`. */
  readonly folder: string;
  readonly retry: RetryOptions;
  readonly freeBytes?: (folder: string) => Promise<number>;
}

interface Job {
  readonly id: string;
  readonly stop: AbortController;
  readonly listeners: Set<(view: DownloadView) => void>;
  wish: 'run' | 'pause' | 'cancel';
  view: DownloadView;
  done: Promise<string>;
}

const progressEveryMs = 150;

export function createDownloads(options: DownloadsOptions): Downloads {
  const { folder, connector, endpoint, retry } = options;
  const freeBytes = options.freeBytes ?? freeBytesOf;
  const jobs = new Map<string, Job>();

  const start = (id: string, { onProgress, signal }: StartOptions = {}): Promise<string> => {
    if (signal?.aborted) return Promise.reject(new CancelledError('cancelled'));
    const job = running(id) ?? begin(id);
    if (onProgress) job.listeners.add(onProgress);
    const abort = (): void => {
      halt(job, 'cancel');
    };
    signal?.addEventListener('abort', abort, { once: true });
    return job.done.finally(() => signal?.removeEventListener('abort', abort));
  };

  const running = (id: string): Job | undefined => {
    const job = jobs.get(id);
    return job !== undefined && isUnderWay(job.view) ? job : undefined;
  };

  const begin = (id: string): Job => {
    const job: Job = {
      id,
      stop: new AbortController(),
      listeners: new Set(),
      wish: 'run',
      done: Promise.resolve(''),
      view: { model: id, state: 'running', bytes: 0, totalBytes: sizeInCatalogue(id), bytesPerSecond: 0, error: null },
    };
    jobs.set(id, job);
    job.done = perform(job);
    job.done.catch(() => undefined);
    return job;
  };

  const perform = async (job: Job): Promise<string> => {
    try {
      const path = await bring(job);
      show(job, { state: 'done', bytes: job.view.totalBytes, bytesPerSecond: 0 });
      return path;
    } catch (thrown) {
      const wish = job.wish;
      const error =
        wish === 'run'
          ? asOurs(thrown)
          : new CancelledError(wish === 'pause' ? 'paused' : 'cancelled', { cause: thrown });
      show(job, {
        state: wish === 'run' ? 'failed' : wish === 'pause' ? 'paused' : 'cancelled',
        bytesPerSecond: 0,
        error: wish === 'run' ? toEnvelope(error) : null,
      });
      throw error;
    }
  };

  /** Whether a stopped download leaves nothing worth going on from. */
  const isSpent = async (job: Job, work: string): Promise<boolean> => {
    if (job.wish === 'cancel') return true;
    const left = await readState(work);
    return left === null || (await bytesOnDisk(work, left.plan)) === 0;
  };

  const bring = async (job: Job): Promise<string> => {
    const { id, stop } = job;
    checkDownloadId(id);
    const there = await locate(id);
    if (there !== null) return there;
    const work = workFolder(folder, id);
    const lock = await lockWork(work);
    try {
      const { plan, etags } = await planOf(id, stop.signal);
      const totalBytes = bytesIn(plan.files);
      const already = await bytesOnDisk(work, plan);
      show(job, { bytes: already, totalBytes });
      await checkRoom(totalBytes - already);
      await fetchAll(job, { plan, work, etags: { ...etags } });
      await moveIntoPlace(plan, work);
      await removeWork(folder, work);
      return join(targetOf(id), plan.entry);
    } catch (error) {
      if (await isSpent(job, work)) await removeWork(folder, work);
      throw error;
    } finally {
      await lock.release();
    }
  };

  /** The plan on disk, so that parts are gone on with; a fresh one when there is none or the catalogue has moved on. */
  const planOf = async (id: string, signal: AbortSignal): Promise<DownloadState> => {
    const work = workFolder(folder, id);
    const left = await readState(work);
    if (left !== null && catalogueEntry(id) === undefined) return left;
    const plan = await planFor(id, { connector, endpoint, signal });
    if (left !== null && isDeepStrictEqual(left.plan, plan)) return left;
    if (left !== null) await emptyWork(work);
    return { plan, etags: {} };
  };

  const checkRoom = async (neededBytes: number): Promise<void> => {
    const free = await freeBytes(folder);
    if (free < neededBytes) throw new StudioError('disk.full', { path: folder, neededBytes, freeBytes: free });
  };

  const fetchAll = async (
    job: Job,
    { plan, work, etags }: { plan: Plan; work: string; etags: Record<string, string> },
  ): Promise<void> => {
    const speed = speedometer(job.view.bytes);
    let before = 0;
    let shownAt = 0;
    await writeState(work, { plan, etags });
    for (const file of plan.files) {
      const part = partPath(work, file);
      const ready = readyPath(work, file);
      if ((await sizeOf(ready)) !== file.bytes) {
        await fetchFile(file, {
          connector,
          part,
          retry,
          url: hubUrl(endpoint, file.path),
          signal: job.stop.signal,
          etag: {
            get: () => etags[file.name] ?? null,
            set: async (value) => {
              if (value === null) Reflect.deleteProperty(etags, file.name);
              else etags[file.name] = value;
              await writeState(work, { plan, etags });
            },
          },
          onBytes: (bytes) => {
            const bytesPerSecond = speed(before + bytes);
            if (Date.now() - shownAt < progressEveryMs) return;
            shownAt = Date.now();
            show(job, { state: 'running', bytes: before + bytes, bytesPerSecond });
          },
          onVerify: () => {
            show(job, { state: 'verifying', bytes: before + file.bytes });
          },
        }).catch(async (error: unknown) => {
          throw isNoSpace(error) ? await noRoom(work, plan) : error;
        });
        await rename(part, ready);
      }
      before += file.bytes;
    }
  };

  const noRoom = async (work: string, plan: Plan): Promise<StudioError> => {
    return new StudioError('disk.full', {
      path: folder,
      neededBytes: bytesIn(plan.files) - (await bytesOnDisk(work, plan)),
      freeBytes: await freeBytes(folder),
    });
  };

  const moveIntoPlace = async (plan: Plan, work: string): Promise<void> => {
    const target = targetOf(plan.id);
    await mkdir(dirname(target), { recursive: true });
    const whole = await rename(join(work, 'ready'), target).then(
      () => true,
      () => false,
    );
    if (whole) return;
    await mkdir(target, { recursive: true });
    for (const file of plan.files.toReversed()) await rename(readyPath(work, file), join(target, file.name));
  };

  const targetOf = (id: string): string => join(folder, ...id.split('/').slice(0, 2));

  const locate = async (id: string): Promise<string | null> => {
    if (!isDownloadId(id)) return null;
    const entry = catalogueEntry(id);
    const target = targetOf(id);
    if (entry !== undefined) {
      if (entry.source === null) return null;
      const sizes = await Promise.all(
        entry.files.map(async (file) => (await sizeOf(join(target, file.name))) === file.bytes),
      );
      return sizes.every(Boolean) ? join(target, entry.entry) : null;
    }
    const file = id.split('/')[2];
    if (file !== undefined) return (await isThere(join(target, file))) ? join(target, file) : null;
    return (await isThere(join(target, 'config.json'))) ? target : null;
  };

  const pause = async (id: string): Promise<DownloadView> => {
    const job = running(id);
    if (job) {
      halt(job, 'pause');
      await settled(job);
      return job.view;
    }
    const left = (await list()).find(({ model }) => model === id);
    if (left === undefined) throw new StudioError('not-found', { kind: 'download', id });
    return left;
  };

  const cancel = async (id: string): Promise<void> => {
    const job = running(id);
    if (job) {
      halt(job, 'cancel');
      await settled(job);
    } else if (isDownloadId(id)) {
      const work = workFolder(folder, id);
      if ((await readState(work)) === null) return;
      await (await lockWork(work)).release();
      await removeWork(folder, work);
    }
    jobs.delete(id);
  };

  const list = async (): Promise<readonly DownloadView[]> => {
    const views = [...jobs.values()].map(({ view }) => view);
    const known = new Set(views.map(({ model }) => model));
    const left = (await listStates(folder)).filter(({ state }) => !known.has(state.plan.id));
    const paused = left.map(async ({ work, state: { plan } }): Promise<DownloadView> => ({
      model: plan.id,
      state: 'paused',
      bytes: await bytesOnDisk(work, plan),
      totalBytes: bytesIn(plan.files),
      bytesPerSecond: 0,
      error: null,
    }));
    return [...views, ...(await Promise.all(paused))];
  };

  const dispose = async (): Promise<void> => {
    await Promise.all([...jobs.keys()].flatMap((id) => (running(id) ? [pause(id)] : [])));
  };

  return { start, pause, resume: start, cancel, list, view: (id) => jobs.get(id)?.view ?? null, locate, dispose };
}

function show(job: Job, change: Partial<DownloadView>): void {
  job.view = { ...job.view, ...change };
  for (const listener of job.listeners) listener(job.view);
}

function halt(job: Job, wish: 'pause' | 'cancel'): void {
  if (job.wish !== 'cancel') job.wish = wish;
  job.stop.abort(new CancelledError(wish));
}

async function settled(job: Job): Promise<void> {
  await job.done.catch(() => undefined);
}

function isUnderWay({ state }: DownloadView): boolean {
  return state === 'running' || state === 'verifying';
}

function sizeInCatalogue(id: string): number {
  return bytesIn(catalogueEntry(id)?.files ?? []);
}

function bytesIn(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

function isNoSpace(error: unknown): boolean {
  return error instanceof Error && ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Bytes a second over the last few seconds, from the total so far. */
function speedometer(first: number): (bytes: number) => number {
  const points: { readonly at: number; readonly bytes: number }[] = [{ at: performance.now(), bytes: first }];
  return (bytes) => {
    const at = performance.now();
    const last = points.at(-1);
    if (last === undefined || at - last.at > 200) points.push({ at, bytes });
    while (points.length > 2 && at - (points[0]?.at ?? at) > 4000) points.shift();
    const origin = points[0];
    return origin === undefined || at <= origin.at
      ? 0
      : Math.max(0, ((bytes - origin.bytes) / (at - origin.at)) * 1000);
  };
}
