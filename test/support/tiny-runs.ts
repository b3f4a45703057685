/** Small runs through the engine's own handlers: rows on disk, a recipe, and what came of it. */
import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { createHandlers } from '../../engine/index.ts';
import type { RunEvent } from '../../engine/spec/events.ts';
import type { Metrics, Prediction } from '../../engine/spec/metrics.ts';
import { bits } from '../../engine/train/random.ts';
import { goldenModel, Panel } from './engine-fixtures.ts';

const words = {
  glad: ['sunny', 'happy', 'joy', 'laugh'],
  calm: ['still', 'lake', 'rest', 'slow'],
  sad: ['rain', 'tears', 'gone', 'grey'],
} as const;
const kinds = ['glad', 'calm', 'sad'] as const;

export interface TextRow {
  readonly text: string;
  readonly label: string;
}

/** Rows whose words tell their label. */
export function textRows(count: number, seed: number): readonly TextRow[] {
  return Array.from({ length: count }, (_, row) => {
    const label = kinds[row % 3] ?? 'glad';
    const length = 1 + (bits(seed, row) % 5);
    const text = Array.from({ length }, (_unused, at) => words[label][bits(seed + row, at) % 4] ?? '').join(' ');
    return { text, label };
  });
}

export async function writeRows(path: string, rows: readonly TextRow[]): Promise<void> {
  const lines = rows.map(({ text, label }) => `"${text.replaceAll('"', '""')}",${label}\n`);
  await writeFile(path, `text,label\n${lines.join('')}`);
}

export async function writeChats(path: string, count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, row) =>
    JSON.stringify({
      messages: [
        { role: 'user', content: `say ${'abcdefghij'[row % 10] ?? ''}` },
        { role: 'assistant', content: `${'ABCDEFGHIJ'[row % 10] ?? ''}!` },
      ],
    }),
  );
  await writeFile(path, `${lines.join('\n')}\n`);
}

export type Fields = Readonly<Record<string, unknown>>;

/** A recipe beside train.csv and test.csv; `method` and `training` replace single fields. */
export function textRecipe(
  changed: { method?: Fields; training?: Fields; data?: Fields; model?: string } = {},
): Fields {
  const { method = { name: 'lora', r: 2, alpha: 4, dropout: 0.1, targetModules: ['query', 'value'] } } = changed;
  const columns = { text: 'text', label: 'label' };
  return {
    version: 1,
    model: changed.model ?? goldenModel('bert'),
    task: 'text-classification',
    data: { train: ['train.csv'], test: ['test.csv'], columns, split: { validation: 0.25, seed: 1 }, ...changed.data },
    method,
    training: { epochs: 2, batchSize: 8, maxLength: 32, learningRate: 0.01, ...changed.training },
    device: 'cpu',
    threads: 1,
  };
}

export function chatRecipe(changed: { method?: Fields; training?: Fields; model?: string } = {}): Fields {
  const { method = { name: 'lora', r: 2, alpha: 4, dropout: 0, targetModules: ['q_proj', 'v_proj'] } } = changed;
  return {
    version: 1,
    model: changed.model ?? goldenModel('llama'),
    task: 'chat',
    data: { train: ['train.jsonl'], test: ['test.jsonl'], columns: { messages: 'messages' }, split: { validation: 0 } },
    method,
    training: { epochs: 1, batchSize: 4, maxLength: 64, learningRate: 0.01, ...changed.training },
    device: 'cpu',
    threads: 1,
  };
}

export interface RunOptions {
  readonly folder: string;
  readonly out: string;
  readonly recipe: Fields;
  readonly resume?: boolean;
  /** Hears each event, with a hand on the run. */
  readonly watch?: (event: RunEvent, panel: Panel) => void;
}

export interface TinyRun {
  readonly metrics: Metrics;
  readonly events: readonly RunEvent[];
}

export const handlers = createHandlers();

/** Trains through the handler. Rejects as it does. */
export async function trainTiny({ folder, out, recipe, resume = false, watch }: RunOptions): Promise<TinyRun> {
  const panel = new Panel();
  const events: RunEvent[] = [];
  const request = { recipe, folder, modelPath: String(recipe['model']), out, resume };
  const tell = (event: RunEvent): void => {
    events.push(event);
    watch?.(event, panel);
  };
  return { metrics: await handlers.train(request, tell, panel), events };
}

export async function readLines<T>(path: string): Promise<readonly T[]> {
  const text = await readFile(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

export const readPredictions = (out: string): Promise<readonly Prediction[]> => readLines(`${out}/predictions.jsonl`);

/** Every file below a folder, by its path in it; none where there is no folder. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1))
    .toSorted();
}

export function eventsOf<T extends RunEvent['type']>(
  events: readonly RunEvent[],
  type: T,
): readonly Extract<RunEvent, { type: T }>[] {
  return events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
}
