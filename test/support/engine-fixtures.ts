/** Tiny golden models, rows for them, and a hand on the controls of a run: for tests of the engine's upper rooms. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { isLanguageModel, type HeadName } from '../../engine/models/model.ts';
import { Runtime } from '../../engine/runtime/session.ts';
import type { Control } from '../../engine/spec/commands.ts';
import type { MethodConfig } from '../../engine/spec/methods/index.ts';
import type { TokenRow } from '../../engine/tasks/rows.ts';
import { Machine } from '../../engine/train/machine.ts';
import { openArchitecture } from '../../engine/train/prepare.ts';
import { bits, streamKey } from '../../engine/train/random.ts';
import { createSetup } from '../../engine/train/setup.ts';
import { startValues } from '../../engine/train/start.ts';
import { loadWeights } from '../../engine/train/weights.ts';

export const shared = join(import.meta.dirname, '../../../shared');
export const goldenModel = (name: string): string => join(shared, 'golden/models', name);

/** A folder of its own for a test file, removed at the end. */
export function useFolder(): (...names: string[]) => string {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atelier-engine-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return (...names) => join(folder, ...names);
}

export interface MachineOptions {
  /** A folder or file. */
  readonly model: string;
  readonly head: HeadName;
  /** Classes; a language model's head has its vocabulary. */
  readonly labels?: number;
  readonly method?: MethodConfig | null;
  readonly seed?: number;
  readonly known?: ReadonlyMap<string, Float32Array>;
}

export async function loadMachine(options: MachineOptions) {
  const { model, head, labels = 3, method = null, seed = 1, known = new Map<string, Float32Array>() } = options;
  const opened = await openArchitecture(model);
  const { base, architecture, config } = opened;
  try {
    const size = isLanguageModel(head) ? config.vocabulary : labels;
    const setup = createSetup({ architecture, config, head: { name: head, labels: size }, method });
    const names = Array.from({ length: labels }, (_, label) => `label ${String(label)}`);
    const start = await startValues({ base, setup, labels: names, seed, device: 'cpu', threads: 1 });
    const weights = await loadWeights({ base, setup, seed, known: new Map([...start, ...known]) });
    const runtime = await Runtime.open();
    const machine = new Machine({ runtime, device: 'cpu', threads: 1, setup, base, weights });
    return { ...opened, setup, weights, runtime, machine };
  } catch (thrown) {
    await base.close();
    throw thrown;
  }
}

/** Random rows of these lengths; a class each, or with `answers` 'next' an answer at each position, with 'decoder' at each of a decoder's. */
export function randomRows(
  lengths: readonly number[],
  options: { readonly seed?: number; readonly labels?: number; readonly answers?: 'first' | 'next' | 'decoder' } = {},
): TokenRow[] {
  const { seed = 1, labels = 3, answers = 'first' } = options;
  return lengths.map((length, row) => {
    const key = streamKey(seed, 'row', row);
    // Above the special tokens, below the smallest vocabulary of the golden models.
    const ids = Array.from({ length }, (_, at) => 10 + (bits(key, at) % 250));
    if (answers === 'decoder') {
      const said = ids.toReversed().slice(1);
      const asked = said.map((label, position) => ({ position, label }));
      return { ids, types: null, decoder: [0, ...said.slice(0, -1)], answers: asked };
    }
    return {
      ids,
      types: ids.map(() => 0),
      answers:
        answers === 'first'
          ? [{ position: 0, label: bits(key, length) % labels }]
          : ids.slice(1).map((label, position) => ({ position, label })),
    };
  });
}

/** The user's hand on a run. */
export class Panel implements Control {
  readonly #abort = new AbortController();
  #wish: 'run' | 'pause' | 'stop' = 'run';
  #waiting: (() => void)[] = [];

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  wish(): 'run' | 'pause' | 'stop' {
    return this.#wish;
  }

  changed(): Promise<void> {
    return new Promise((proceed) => this.#waiting.push(proceed));
  }

  ask(wish: 'run' | 'pause' | 'stop'): void {
    this.#wish = wish;
    for (const proceed of this.#waiting.splice(0)) proceed();
  }

  abort(): void {
    this.#abort.abort();
    for (const proceed of this.#waiting.splice(0)) proceed();
  }
}
