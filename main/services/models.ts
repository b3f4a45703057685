/** Base models: where they lie, which ones there are, and bringing them here. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { totalmem } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { catalogue, catalogueEntry, type CatalogueEntry } from '../../engine/spec/catalogue.ts';
import type { ModelSummary } from '../../engine/spec/commands.ts';
import { StudioError } from '../../engine/spec/errors.ts';
import type { TaskName } from '../../engine/spec/tasks.ts';
import type { DownloadView, ModelView } from '../contract/views.ts';
import type { Parts, Services } from './parts.ts';
import type { Paths } from './paths.ts';

/** How deep `$ATELIER_MODELS` is searched for a catalogue file. */
const searchDepth = 3;

/**
 * The folder or file of a model: a catalogue id, an id downloaded from the hub, a folder or a `.gguf` file (relative to
 * `folder`). A catalogue model is looked for where downloads go, then by file name and size in `$ATELIER_MODELS`.
 * Throws 'model.not-downloaded' for a catalogue model that is not here and 'model.missing' for anything else.
 */
export function locateModel(model: string, options: { readonly folder: string; readonly paths: Paths }): string {
  const { folder, paths } = options;
  const entry = catalogueEntry(model);
  if (entry) {
    const found = locateEntry(entry, paths);
    if (found === null) throw new StudioError('model.not-downloaded', { model });
    return found;
  }
  const path = resolve(folder, model);
  if (existsSync(path)) return path;
  const downloaded = locateDownloaded(model, paths);
  if (downloaded === null)
    throw new StudioError('model.missing', { model, known: catalogue.map(({ id }) => id).join(', ') });
  return downloaded;
}

/** Where a run's base model lies now: where it lay then, or wherever its name leads. */
export function modelPathOf(run: { readonly model: string; readonly modelPath: string }, paths: Paths): string {
  return isAbsolute(run.modelPath) && existsSync(run.modelPath)
    ? run.modelPath
    : locateModel(run.model, { folder: paths.home, paths });
}

function locateEntry(entry: CatalogueEntry, paths: Paths): string | null {
  if (entry.source === null) return existsSync(join(paths.starter, 'config.json')) ? paths.starter : null;
  const home = join(paths.models, entry.id);
  if (entry.files.every((file) => sizeOf(join(home, file.name)) === file.bytes)) return join(home, entry.entry);
  for (const folder of paths.extraModels) {
    const found = findFolder(folder, entry, searchDepth);
    if (found !== null) return join(found, entry.entry);
  }
  return null;
}

/** The first folder that holds every file of the entry, at its size. */
function findFolder(folder: string, entry: CatalogueEntry, depth: number): string | null {
  if (entry.files.every((file) => sizeOf(join(folder, file.name)) === file.bytes)) return folder;
  if (depth === 1) return null;
  for (const child of foldersIn(folder)) {
    const found = findFolder(join(folder, child), entry, depth - 1);
    if (found !== null) return found;
  }
  return null;
}

/** What `net` downloaded for `owner/name` or `owner/name/file.gguf`. */
function locateDownloaded(id: string, paths: Paths): string | null {
  const parts = id.split('/');
  if (parts.length < 2 || parts.length > 3 || parts.some((part) => part === '' || part.startsWith('.'))) return null;
  const path = join(paths.models, ...parts);
  const proof = parts.length === 3 ? path : join(path, 'config.json');
  return existsSync(proof) ? path : null;
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((item) => item.isDirectory())
      .map((item) => item.name)
      .toSorted();
  } catch {
    return [];
  }
}

function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

/** What is known of a chosen model without its weights: for presets and limits. Reads a local model's config once. */
export function modelFacts(
  parts: Pick<Parts, 'engine' | 'paths' | 'store'>,
): (model: string) => Promise<Pick<ModelSummary, 'architecture' | 'parameters' | 'tasks' | 'contextLength'>> {
  const inspected = new Map<string, ModelSummary>();
  return async (model) => {
    const entry = catalogueEntry(model);
    if (entry) return entry;
    const modelPath = locateModel(model, { folder: parts.paths.home, paths: parts.paths });
    const known = inspected.get(modelPath) ?? parts.store.models.list().find(({ path }) => path === modelPath);
    const summary = known ?? (await parts.engine.call('inspectModel', { modelPath }));
    inspected.set(modelPath, summary);
    return summary;
  };
}

type ModelCalls = Pick<Services, 'listModels' | 'addModel' | 'download' | 'pauseDownload' | 'cancelDownload'>;

export function modelServices({ store, engine, downloads, paths, publish }: Parts): ModelCalls {
  return {
    listModels: async ({ task }) => {
      const views = new Map((await downloads.list()).map((view) => [view.model, view]));
      const all = [
        ...catalogue.map((entry) => catalogueView(entry, { paths, download: views.get(entry.id) ?? null })),
        ...store.models.list().map(localView),
      ];
      return task === undefined ? all : all.filter(({ tasks }) => tasks.includes(task));
    },
    addModel: async ({ path }) => {
      const summary = { ...(await engine.call('inspectModel', { modelPath: resolve(path) })), path: resolve(path) };
      store.models.add(summary, new Date().toISOString());
      return localView(summary);
    },
    download: async ({ model }) => {
      if (catalogueEntry(model) === undefined && !model.includes('/')) {
        throw new StudioError('model.missing', { model, known: catalogue.map(({ id }) => id).join(', ') });
      }
      // How it ends is news: the view's state and error.
      downloads.start(model, { onProgress: (view) => publish('download', view) }).catch(() => undefined);
      return await viewOf(downloads, model);
    },
    pauseDownload: ({ model }) => downloads.pause(model),
    cancelDownload: async ({ model }) => {
      await downloads.cancel(model);
      publish('download', { model, state: 'cancelled', bytes: 0, totalBytes: 0, bytesPerSecond: 0, error: null });
      return null;
    },
  };
}

async function viewOf(downloads: Parts['downloads'], model: string): Promise<DownloadView> {
  const view = (await downloads.list()).find((item) => item.model === model);
  return view ?? { model, state: 'running', bytes: 0, totalBytes: 0, bytesPerSecond: 0, error: null };
}

function catalogueView(
  entry: CatalogueEntry,
  { paths, download }: { paths: Paths; download: DownloadView | null },
): ModelView {
  const { id, name, publisher, licence, languages, parameters, architecture, contextLength, tasks, goodAt } = entry;
  const here = locateEntry(entry, paths) !== null;
  const state = here ? 'ready' : download === null ? 'absent' : downloadState(download);
  const bytes =
    entry.source === null
      ? (sizeOf(join(paths.starter, 'model.safetensors')) ?? 0)
      : sum(entry.files.map((file) => file.bytes));
  return {
    id,
    name,
    publisher,
    licence,
    languages,
    parameters,
    architecture,
    bytes,
    contextLength,
    tasks,
    goodAt,
    state,
    local: false,
    fits: fitOf(parameters),
    download: here ? null : download,
  };
}

function downloadState({ state }: DownloadView): ModelView['state'] {
  if (state === 'running' || state === 'verifying') return 'downloading';
  return state === 'paused' ? 'paused' : 'absent';
}

function localView(summary: ModelSummary): ModelView {
  return {
    id: summary.path,
    name: summary.name,
    publisher: '',
    licence: '',
    languages: [],
    parameters: summary.parameters,
    architecture: summary.architecture,
    bytes: summary.bytes,
    contextLength: summary.contextLength,
    tasks: summary.tasks,
    goodAt: '',
    state: existsSync(summary.path) ? 'ready' : 'absent',
    local: true,
    fits: fitOf(summary.parameters),
    download: null,
  };
}

/**
 * A first word, before any method is chosen: float32 weights once, half as much again for what lies between forward and
 * backward, and 400 MB for the runtime, against the memory of this computer. The Fit page measures.
 */
function fitOf(parameters: number): ModelView['fits'] {
  const share = (parameters * 4 * 1.5 + 400e6) / totalmem();
  return share < 0.5 ? 'fits' : share < 0.8 ? 'tight' : 'too-big';
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function serves(tasks: readonly TaskName[], task: TaskName): boolean {
  return tasks.includes(task);
}
