/** A run's folder: its files' names, its journal, and writing them so that a crash leaves none half-made. */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../checkpoint/write-safetensors.ts';
import { StudioError } from '../spec/errors.ts';
import type { RunEvent, RunNews } from '../spec/events.ts';
import type { Json } from '../spec/json.ts';
import type { Untrained } from '../tasks/task.ts';
import { exists } from './checkpoints.ts';

export interface RunFolder {
  readonly path: string;
  readonly adapter: string;
  readonly checkpoints: string;
  /** Weights of the best version so far. */
  readonly best: string;
  readonly events: string;
  readonly metrics: string;
  readonly predictions: string;
  readonly recipe: string;
  readonly baseline: string;
  /** What the model as it came answers in a prompt. */
  readonly inContext: string;
}

/** What baseline.json holds: the untrained model's figures, and what it takes to ask it again. */
export interface SavedBaseline extends Untrained {
  readonly labels: readonly string[];
  readonly maxLength: number;
}

export function runFolder(path: string): RunFolder {
  return {
    path,
    adapter: join(path, 'adapter'),
    checkpoints: join(path, 'checkpoints'),
    best: join(path, 'checkpoints', 'best.safetensors'),
    events: join(path, 'events.jsonl'),
    metrics: join(path, 'metrics.json'),
    predictions: join(path, 'predictions.jsonl'),
    recipe: join(path, 'recipe.json'),
    baseline: join(path, 'baseline.json'),
    inContext: join(path, 'in-context.json'),
  };
}

export async function writeText(path: string, text: string): Promise<void> {
  await writeAtomically(path, async (handle) => {
    await handle.writeFile(text);
  });
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeText(path, `${JSON.stringify(value, null, 2)}\n`);
}

export async function readJsonFile(path: string): Promise<Json> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new StudioError('checkpoint.corrupt', { path, reason: 'it is not JSON' }, { cause });
  }
}

export interface Journal {
  say(news: RunNews): void;
  /** Waits until all that was said is written. Throws what a write threw. */
  flush(): Promise<void>;
}

/** Opens events.jsonl; on a resume, what was written after `step` is forgotten, so that the curve has each step once. */
export async function openJournal(
  folder: RunFolder,
  tell: (event: RunEvent) => void,
  resumedAt: number | null,
): Promise<Journal> {
  await mkdir(folder.path, { recursive: true });
  if (resumedAt !== null && (await exists(folder.events))) {
    const kept = (await readEvents(folder.events)).filter((event) => !('step' in event) || event.step <= resumedAt);
    await writeText(folder.events, kept.map((event) => `${JSON.stringify(event)}\n`).join(''));
  }
  let waiting: string[] = [];
  let writing: Promise<void> = Promise.resolve();
  let failure: Error | null = null;
  const write = (): void => {
    writing = writing
      .then(async () => {
        const lines = waiting.join('');
        waiting = [];
        if (lines !== '') await appendFile(folder.events, lines);
      })
      .catch((thrown: unknown) => {
        failure ??= thrown instanceof Error ? thrown : new Error(String(thrown));
      });
  };
  return {
    say: (news) => {
      const event = { time: Date.now(), ...news } as RunEvent;
      tell(event);
      waiting.push(`${JSON.stringify(event)}\n`);
      if (waiting.length === 1) write();
    },
    flush: async () => {
      write();
      await writing;
      if (failure) throw failure;
    },
  };
}

/** All events of a journal; a last line cut off by a crash is left out. */
async function readEvents(path: string): Promise<readonly RunEvent[]> {
  return (await readFile(path, 'utf8')).split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as RunEvent];
    } catch {
      return [];
    }
  });
}
