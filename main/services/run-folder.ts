/** A run's folder, as the engine wrote it: its events, what it measured, what it learned. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { StudioError } from '../../engine/spec/errors.ts';
import type { RunEvent } from '../../engine/spec/events.ts';
import type { Json } from '../../engine/spec/json.ts';
import type { Metrics, Prediction } from '../../engine/spec/metrics.ts';
import type { AdapterFile } from '../store/store.ts';

export const runFiles = {
  events: 'events.jsonl',
  metrics: 'metrics.json',
  predictions: 'predictions.jsonl',
  checkpoints: 'checkpoints',
  adapter: 'adapter',
  recipe: join('adapter', 'recipe.json'),
} as const;

/** Whether there is something to go on from. */
export function hasCheckpoint(folder: string): boolean {
  const path = join(folder, runFiles.checkpoints);
  return existsSync(path) && readdirSync(path).length > 0;
}

/** The events of a run; a last line that a crash tore is left out. Empty when there is no file. */
export async function readEvents(folder: string): Promise<readonly RunEvent[]> {
  return await readLines<RunEvent>(join(folder, runFiles.events));
}

/** Throws 'file.missing' when the run measured nothing. */
export async function readPredictions(folder: string): Promise<readonly Prediction[]> {
  const path = join(folder, runFiles.predictions);
  if (!existsSync(path)) throw new StudioError('file.missing', { path });
  return await readLines<Prediction>(path);
}

export async function readMetrics(folder: string): Promise<Metrics | null> {
  return (await readJson(join(folder, runFiles.metrics))) as Metrics | null;
}

/** The resolved recipe beside the adapter, or null. */
export async function readResolvedRecipe(folder: string): Promise<Json> {
  return await readJson(join(folder, runFiles.recipe));
}

/** How the run's adapter answers, by its files; folders written before head.json was are of categories. */
export async function readAnswering(folder: string): Promise<{
  /** Name of the head. */
  readonly head: string;
  /** Tokens that answer for the labels, where a template asks for a word. */
  readonly words: readonly number[] | null;
  readonly template: string | null;
}> {
  const head = answeringHead.safeParse(await readJson(join(folder, 'adapter', 'head.json'))).data;
  const recipe = answeringRecipe.safeParse(await readResolvedRecipe(folder)).data;
  return {
    head: head?.name ?? 'sequence-classification',
    words: head?.words ?? null,
    template: recipe?.method.template ?? null,
  };
}

const answeringHead = z.object({ name: z.string(), words: z.array(z.number()).optional() });
const answeringRecipe = z.object({ method: z.object({ template: z.string().nullable() }) });

async function readJson(path: string): Promise<Json> {
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Json;
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new StudioError('checkpoint.corrupt', { path, reason: error.message }, { cause: error });
    throw error;
  }
}

async function readLines<T>(path: string): Promise<readonly T[]> {
  if (!existsSync(path)) return [];
  const items: T[] = [];
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    const item = parseLine<T>(line);
    if (item !== null) items.push(item);
  }
  return items;
}

function parseLine<T>(line: string): T | null {
  try {
    return line === '' ? null : (JSON.parse(line) as T);
  } catch {
    return null;
  }
}

/** Files of the adapter with their hashes; those of at most `limit` bytes with their content. */
export async function readAdapter(folder: string, limit: number): Promise<readonly AdapterFile[]> {
  const root = join(folder, runFiles.adapter);
  if (!existsSync(root)) return [];
  const files: AdapterFile[] = [];
  for (const item of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!item.isFile()) continue;
    const path = join(item.parentPath, item.name);
    files.push(await readAdapterFile(path, { name: relative(root, path).split(sep).join('/'), limit }));
  }
  return files.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

async function readAdapterFile(path: string, { name, limit }: { name: string; limit: number }): Promise<AdapterFile> {
  const bytes = statSync(path).size;
  const hash = createHash('sha256');
  if (bytes > limit) {
    await pipeline(createReadStream(path), hash);
    return { name, bytes, sha256: hash.digest('hex'), content: null };
  }
  const content = await readFile(path);
  return { name, bytes, sha256: hash.update(content).digest('hex'), content };
}

/** The adapter's folder; files that went missing are written again from the store. Throws 'adapter.incomplete'. */
export async function restoredAdapter(folder: string, kept: readonly AdapterFile[]): Promise<string> {
  const root = join(folder, runFiles.adapter);
  for (const file of kept) {
    const path = join(root, ...file.name.split('/'));
    if (existsSync(path)) continue;
    if (file.content === null) throw new StudioError('adapter.incomplete', { path: root, name: file.name });
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.content);
  }
  if (!existsSync(root)) throw new StudioError('adapter.incomplete', { path: root, name: runFiles.adapter });
  return root;
}
